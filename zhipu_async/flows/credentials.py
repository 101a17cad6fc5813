"""The Authorization header: a key or a callable that gives one, as it is or as a signed token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from zhipu_async.errors import InvalidType
from zhipu_async.protocol import auth
from zhipu_async.transport.clock import Clock

Scheme = Literal["bearer", "jwt", "raw"]
KeyGiver = Callable[[], Awaitable[str]]


class Credentials:
    """Gives the key for each attempt; signed tokens are kept while they are fresh."""

    def __init__(self, key: str | KeyGiver, scheme: Scheme, clock: Clock) -> None:
        self._scheme = scheme
        self._key: str | KeyGiver = ""  # so that a refused key can be looked at in a debugger
        self._key = key if callable(key) else auth.check_key(key)
        self._clock = clock
        self._token: tuple[str, auth.Token] | None = None
        self._header: tuple[str, str] = ("", "")  # one text for thousands of open streams, beside its key
        if scheme == "jwt" and isinstance(self._key, str):
            auth.sign(
                self._key, clock.wall()
            )  # a key that cannot sign is refused here, not at the first call

    def __repr__(self) -> str:
        return f"Credentials({'given on demand' if callable(self._key) else 'set'}, {self._scheme})"

    @property
    def renewable(self) -> bool:
        """Tell whether a refused credential may be replaced by a fresh one."""
        return self._scheme == "jwt" or callable(self._key)

    @property
    def fixed(self) -> str:
        """Return the key, "" when a callable has to be asked for it."""
        return self._key if isinstance(self._key, str) else ""

    async def key(self) -> str:
        """Return the key; a callable is asked each time."""
        if isinstance(self._key, str):
            return self._key
        given = self._key()
        if not hasattr(given, "__await__"):
            raise InvalidType("api_key takes a str or an async callable; this callable is not async")
        return auth.check_key(await given)

    def authorization(self, key: str) -> str:
        """Return the header's value for this key."""
        if self._scheme == "raw":
            return key
        if self._scheme == "jwt":
            return f"Bearer {self._signed(key)}"
        header = self._header  # read once: another thread may be sending with another key
        if header[0] != key:
            header = self._header = (key, f"Bearer {key}")
        return header[1]

    def raw(self) -> Credentials:
        """Return the same for pages of the platform that show the bare key as the header's value."""
        return Credentials(self._key, "raw", self._clock)

    def forget_token(self) -> None:
        """Sign anew next time: the platform said that the token has expired."""
        self._token = None

    def _signed(self, key: str) -> str:
        wall = self._clock.wall()
        if self._token is None or self._token[0] != key or wall >= self._token[1].fresh_until:
            self._token = (key, auth.sign(key, wall))
        return self._token[1].text
