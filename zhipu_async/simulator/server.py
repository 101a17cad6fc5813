"""The simulator itself: a server on loopback, its recorded requests, its scripts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from .areas import OPERATIONS
from .auth import secret_key
from .control import CONTROL, Control
from .door import Door
from .listening import Listener
from .orders import scripts_of
from .platform import Platform
from .realtime import Realtime
from .realtime_session import Conduct
from .refusals import Refusal, rendered
from .routes import Routes
from .scripts import Match, Script
from .watching import Watchers

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType

    from aiohttp import web

    from .caps import Caps, Counts, Moves
    from .faults import Fault
    from .requests import Received

REALTIME = "/api/paas/v4/realtime"
LARGEST_REQUEST = 256 * 2**20
"""Above the largest upload that the platform documents (100 MB), so that refusing it is left to the operation."""
KEPT_REQUESTS = 10_000
"""How many requests are remembered unless told otherwise; older ones are dropped, counts go on. Large bodies are
dropped sooner: see `requests.KEPT_BYTES`."""
REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Where this machine reaches what listens everywhere."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Simulator:
    """The platform on loopback: `async with Simulator() as sim:` and aim a client at `sim.base_url`."""

    def __init__(
        self,
        *,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        api_keys: Iterable[str] = (),
        coding_keys: Iterable[str] = (),
        models: Iterable[str] = (),
        caps: Caps | None = None,
        task_caps: Caps | None = None,
        pace: float = 0.0,
        latency: float = 0.0,
        looks: int = 1,
        events_per_write: int = 1,
        kept_requests: int = KEPT_REQUESTS,
        ssl_context: ssl.SSLContext | None = None,
        allow_remote: bool = False,
        on_request: Callable[[Received], None] | None = None,
    ) -> None:
        if host not in LOOPBACK and not allow_remote:
            raise ValueError(
                f"{host} can be reached from other machines; say allow_remote=True if that is meant"
            )
        keys = tuple(api_keys) or ((secret_key(),) if allow_remote else ())
        self.platform: Platform = Platform(
            seed=seed, pace=pace, looks=looks, api_keys=keys, coding_keys=coding_keys,
            caps=caps, task_caps=task_caps, models=models,
        )  # fmt: skip
        self._watchers = Watchers()
        self._listener = Listener(host, port, ssl_context, largest_request=LARGEST_REQUEST)
        self._door = Door(
            self.platform, Routes(OPERATIONS), self._watchers, latency=latency,
            events_per_write=events_per_write, kept_requests=kept_requests, on_request=on_request,
        )  # fmt: skip
        self._control = Control(self, key=keys[0] if keys else None, key_needed=allow_remote)
        self._scheme = "https" if ssl_context else "http"
        self.realtime: Realtime = Realtime(
            Conduct(seed=seed, speed=1 / pace if pace else math.inf), authorise=self._authorise_realtime
        )
        """The realtime socket, with scripts and faults of its own."""

    def __repr__(self) -> str:
        counts = self.counts
        return f"<Simulator {self.root_url} {counts.requests} requests, {counts.in_flight} in flight>"

    @property
    def root_url(self) -> str:
        """The API root, above the families of paths."""
        host = REACHED_AT.get(self._listener.host, self._listener.host)
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{self._listener.port}/api"

    @property
    def base_url(self) -> str:
        """What to give a client as its base URL."""
        return self.root_url + "/paas/v4"

    @property
    def coding_base_url(self) -> str:
        """The base URL of the Coding Plan."""
        return self.root_url + "/coding/paas/v4"

    @property
    def api_key(self) -> str:
        return self.platform.api_key

    @property
    def requests(self) -> list[Received]:
        """What came in so far, oldest first."""
        return self._door.records.all()

    @property
    def counts(self) -> Counts:
        """Peak in flight, answers by status and by business code."""
        return self.platform.counts

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; port 0 becomes the port that was free."""
        await self._listener.open(self._handle)
        self.platform.origin = self.root_url.removesuffix("/api")

    async def close(self) -> None:
        """Stop listening and drop every answer that is under way. May be called again."""
        self._door.drop_all()
        await self.realtime.close()
        await self._listener.close()

    def script(
        self,
        text: str | None = None,
        *,
        pieces: Sequence[str] | None = None,
        reasoning: str | None = None,
        tool_calls: Sequence[Mapping[str, object]] | None = None,
        finish_reason: str | None = None,
        body: object = None,
        events: Sequence[object] | None = None,
        status: int | None = None,
        code: str | int | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
        fault: Fault | None = None,
        match: Match | None = None,
        times: int | None = 1,
    ) -> Script:
        """Answer the next (or the next matching) requests like this; entries are used in the order of writing."""
        entry = Script(
            text, pieces, reasoning, tool_calls, finish_reason, body, events, status,
            None if code is None else str(code), message, headers or {}, content_type, fault, match, times,
        )  # fmt: skip
        self.platform.scripts.add(entry)
        return entry

    def load_script(self, entries: object) -> int:
        """Script what a JSON object, or a list of them, says as the control URL would; ValueError if it is not one."""
        scripts = scripts_of(entries)
        for script in scripts:
            self.platform.scripts.add(script)
        return len(scripts)

    def set_cap(self, model: str, cap: int | Moves | None) -> None:
        """Let so many requests of this model be in flight per key; `[(0, 8), (2.5, 3)]` moves it over the seconds."""
        self.platform.gate.set(model, cap)

    def release(self) -> None:
        """Let every stalled answer go on. May be called from any thread."""
        self._listener.run(self._door.release)

    @contextmanager
    def refusing_connections(self) -> Generator[None]:
        """Close the port inside the block, so that every attempt to connect is refused; from any thread."""
        self._listener.refuse()
        try:
            yield
        finally:
            self._listener.accept_again()

    def refuse_connections(self, seconds: float) -> None:
        """Close the port for so long; connections that are open break."""
        self._listener.refuse(seconds)

    def forget(self) -> None:
        """Forget scripts, requests, counts and everything that was stored; keys and caps stay."""
        self.platform.forget()
        self.realtime.forget()
        self._door.records.clear()

    async def received(self, count: int) -> list[Received]:
        """Wait, in any loop, until so many requests came in, and give them."""
        await self.until(lambda: self.counts.requests >= count)
        return self.requests

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait, in any loop, until something the simulator did made this true: `lambda: sim.counts.in_flight == 3`."""
        await self._watchers.until(condition)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path == REALTIME:
            return await self._door.visit(request, self.realtime.handle)
        if path.startswith(CONTROL):
            return await self._control.handle(request)
        return await self._door.handle(request)

    def _authorise_realtime(self, request: web.Request) -> str | tuple[int, dict[str, object]]:
        try:
            return self.platform.keys.who(request.headers.get("Authorization"), time.time() * 1000)
        except Refusal as refusal:
            return rendered(refusal)
