"""AsyncZhipuAI: the composition root. Everything is put together here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack, overload

from zhipu_async.errors import InvalidType
from zhipu_async.flows.call import Calls
from zhipu_async.flows.connection import Connection
from zhipu_async.flows.credentials import Credentials, KeyGiver
from zhipu_async.flows.job import Defaults
from zhipu_async.flows.observe import Logging, Observer, Observers, UsageTotals, configure_logging
from zhipu_async.flows.only_async import OnlyAsyncWith
from zhipu_async.flows.permits import Permits
from zhipu_async.flows.request import Request, query_of
from zhipu_async.flows.veil import Veiled
from zhipu_async.protocol import addresses
from zhipu_async.protocol.auth import key_from
from zhipu_async.protocol.checked_options import check_body, check_flag, check_headers, check_options
from zhipu_async.protocol.endpoint import Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.timeouts import Timeout
from zhipu_async.resources.areas import AREAS, Areas
from zhipu_async.transport.clock import SystemClock
from zhipu_async.version import __version__

if TYPE_CHECKING:
    from typing import Self

    import aiohttp

    from zhipu_async.flows.download import Download
    from zhipu_async.flows.ledger import Ledger

T = TypeVar("T")

USER_AGENT = f"zhipu-async/{__version__}"
# aiohttp would ask for more where it finds the libraries, and their size is not bounded.
COMPRESSIONS = "gzip, deflate"


class AsyncZhipuAI(Areas, Veiled, OnlyAsyncWith):
    """The session with the platform: make one, share it among all tasks, loops and threads.

    api_key: the key, or an async callable that gives one; else ZHIPUAI_API_KEY, ZAI_API_KEY or ZHIPU_API_KEY.
    site: "bigmodel" (open.bigmodel.cn) or "z.ai"; decides the address and which variable wins.
    plan: "general" or "coding", the endpoint of the Coding Plan.
    base_url: instead of site and plan; also from ZHIPUAI_BASE_URL or ZAI_BASE_URL.
    auth: "bearer" sends the key, "jwt" a token signed with it.
    timeout: the four clocks, or seconds in all.
    max_retries: how often a failed attempt may be repeated.
    limits: requests in flight per model, as {"glm-4.7": 30, "*": 8} or a tier "V0" to "V3"; learned by default.
    ledger: a path or an object that remembers paid submissions across crashes.
    http_session: an aiohttp session of yours to use; it is never closed.
    trust_env: take proxies from the environment.
    headers: headers to add to every request.
    """

    def __init__(
        self,
        api_key: str | KeyGiver | None = None,
        *,
        site: addresses.Site | None = None,
        plan: addresses.Plan = "general",
        base_url: str | None = None,
        auth: Literal["bearer", "jwt"] = "bearer",
        timeout: Timeout | float | None = Timeout(),  # noqa: B008  it is frozen
        max_retries: int = 3,
        limits: Mapping[str, int] | str | None = None,
        ledger: str | os.PathLike[str] | Ledger | None = None,
        http_session: aiohttp.ClientSession | None = None,
        trust_env: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        configure_logging(os.environ.get("ZHIPU_LOG", ""))
        address = addresses.resolve(base_url, site, plan, os.environ)
        clock = SystemClock()
        addresses.check_choice("auth", auth, ("bearer", "jwt"))
        check_flag("trust_env", trust_env)
        _check_session(http_session)
        options = CallOptions(max_retries=max_retries)
        check_options(options)
        self.usage: UsageTotals = UsageTotals()
        self._trust_env = trust_env
        self._connection = Connection(trust_env=trust_env, session=http_session)
        self._calls = Calls(
            address=address,
            credentials=Credentials(_key(api_key, address.site), auth, clock),
            connection=self._connection,
            clock=clock,
            random=_chance,
            permits=Permits(limits, clock),
            observers=Observers(Logging(), ends=self.usage.add),
            defaults=Defaults(options, Timeout().override(timeout)),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": COMPRESSIONS, **_checked(headers)},
            ledger=ledger,
        )

    def __repr__(self) -> str:
        if "_calls" not in vars(self):  # looked at while its construction fails
            return "<AsyncZhipuAI, unfinished>"
        return f"<AsyncZhipuAI {self.base_url} {self._calls.credentials!r}>"

    if not TYPE_CHECKING:  # where a name that is missing is an error already

        def __getattr__(self, name):
            from zhipu_async.protocol.renamed import nothing_called  # here, since few programs misspell

            raise nothing_called(name, self)

    # ── life ───────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close this loop's connections and those of dead loops, and the ledger; the object stays usable.

        Closing twice does nothing more; a cancelled close still completes.
        """
        try:
            await self._calls.tasking.close()
        finally:
            await self._connection.close()

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a view with other defaults, on the same connections, limits and totals."""
        from copy import copy  # here, since most programs have one client and no views

        view = copy(self)
        for name in [name for name in vars(view) if name in AREAS]:
            del vars(view)[name]
        view._calls = self._calls.with_options(options)
        return view

    def observe(self, observer: Observer) -> None:
        """Tell an observer of every call from now on."""
        self._calls.observers.add(observer)

    @property
    def base_url(self) -> str:
        """Return where the paths of /paas/v4 start from."""
        return self._calls.address.base_url

    @property
    def limits(self) -> Permits:
        """Return what is in flight, queued and learned per model; its repr is made for reading."""
        return self._calls.permits

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        replay: Replay = Replay.ONCE,
        **options: Unpack[CallOptions],
    ) -> dict[str, object]: ...
    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        into: type[T],
        replay: Replay = Replay.ONCE,
        **options: Unpack[CallOptions],
    ) -> T: ...
    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        into: type[object] = dict[str, object],
        replay: Replay = Replay.ONCE,
        **options: Unpack[CallOptions],
    ) -> object:
        """Call what has no method yet: `await zhipu.request("POST", "/new/thing", body={...}, into=MyStruct)`.

        A GET may be repeated after a failure, everything else is sent once unless `replay` says more.
        Cancelling closes the connection.
        """
        from zhipu_async.protocol.free_request import endpoint_for  # here, since few programs need it

        if body is not None:
            check_body("body", body)
        endpoint = endpoint_for(method, path, into, replay)
        model = str((body or {}).get("model", ""))
        request = Request(body, query=query_of("query", query or {}), model=model, options=options)
        return await self._calls.call(endpoint, request)

    def download(self, url: str) -> Download:
        """Return what a link in a reply leads to: `await` it for its bytes, or `await download.save(path)`.

        The key is not sent there. Cancelling closes the connection and leaves no half file behind.
        """
        return self._calls.download(url)


def _chance() -> float:
    from random import random  # here, since it takes a millisecond to import and only failures ask

    return random()  # noqa: S311  it spreads load and guards nothing


def _key(api_key: str | KeyGiver | None, site: str) -> str | KeyGiver:
    if api_key is None:
        return key_from(os.environ, site)[0]
    return api_key


def _check_session(session: object) -> None:
    if session is not None and not hasattr(session, "request"):
        raise InvalidType(f"http_session takes an aiohttp.ClientSession, not {type(session).__name__}")


def _checked(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    if headers is not None:
        check_headers("headers", headers)
    return headers or {}
