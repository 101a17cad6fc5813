"""The simulator itself: a server on loopback, its recorded requests, its scripts."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from . import answering
from .areas import OPERATIONS
from .delivery import Delivery, reset
from .faults import Reset
from .operation import Answer, Ask, Upload, Whole, parse_json
from .platform import Platform
from .refusals import Refusal, rendered
from .requests import Received
from .routes import Route, Routes
from .scripts import Match, Script

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType

    from .caps import Caps, Counts, Moves
    from .faults import Fault

LARGEST_REQUEST = 256 * 2**20
"""Above the largest upload that the platform documents (100 MB), so that refusing it is left to the operation."""
KEPT_REQUESTS = 10_000
"""How many requests are remembered unless told otherwise; older ones are dropped, counts go on."""
PATIENCE_AT_CLOSE = 0.05
"""Answers under way at the end are cancelled; aiohttp waits this long for connections to notice."""
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
    ) -> None:
        if host not in LOOPBACK and not allow_remote:
            raise ValueError(
                f"{host} can be reached from other machines; say allow_remote=True if that is meant"
            )
        self.platform = Platform(
            seed=seed, pace=pace, looks=looks, api_keys=api_keys, coding_keys=coding_keys,
            caps=caps, task_caps=task_caps, models=models,
        )  # fmt: skip
        self._host = host
        self._port = port
        self._latency = latency
        self._events_per_write = events_per_write
        self._ssl_context = ssl_context
        self._routes = Routes(OPERATIONS)
        self._received: deque[Received] = deque(maxlen=kept_requests)
        self._released = asyncio.Event()
        self._arrived = asyncio.Event()
        self._answering: set[asyncio.Task[object]] = set()
        self._runner: web.AppRunner | None = None

    def __repr__(self) -> str:
        counts = self.counts
        return f"<Simulator {self.root_url} {counts.requests} requests, {counts.in_flight} in flight>"

    @property
    def root_url(self) -> str:
        """The API root, above the families of paths."""
        scheme = "https" if self._ssl_context else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self._port}/api"

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
        return list(self._received)

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
        application = web.Application(client_max_size=LARGEST_REQUEST)
        application.router.add_route("*", "/{tail:.*}", self._handle)
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=PATIENCE_AT_CLOSE
        )
        await runner.setup()
        self._runner = runner
        await self._listen(runner)

    async def _listen(self, runner: web.AppRunner) -> None:
        site = web.TCPSite(runner, self._host, self._port, ssl_context=self._ssl_context)
        await site.start()
        address: object = runner.addresses[0]
        assert isinstance(address, tuple)
        self._port = int(str(address[1]))
        self.platform.origin = self.root_url.removesuffix("/api")

    async def close(self) -> None:
        """Stop listening and drop every answer that is under way. May be called again."""
        runner, self._runner = self._runner, None
        if runner is not None:
            for task in self._answering:
                task.cancel()
            await runner.cleanup()

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
        """Answer the next (or the next matching) requests like this; entries are used in the order they were written."""
        entry = Script(
            text, pieces, reasoning, tool_calls, finish_reason, body, events, status, None if code is None else str(code),
            message, headers or {}, content_type, fault, match, times,
        )  # fmt: skip
        self.platform.scripts.add(entry)
        return entry

    def set_cap(self, model: str, cap: int | Moves | None) -> None:
        """Let so many requests of this model be in flight per key; `[(0, 8), (2.5, 3)]` moves it over the seconds."""
        self.platform.gate.set(model, cap)

    def release(self) -> None:
        """Let every stalled answer go on."""
        self._released.set()
        self._released = asyncio.Event()

    async def received(self, count: int) -> list[Received]:
        """Wait until so many requests came in, and give them. Cancelling it changes nothing."""
        while self.counts.requests < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self.requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        received = self._record(request)
        try:
            return await self._answer(request, received)
        except (asyncio.CancelledError, ConnectionError):
            received.gone = True
            self.counts.gone += 1
            raise
        finally:
            received.finished = True
            self._answering.discard(task)

    def _record(self, request: web.Request) -> Received:
        counts = self.counts
        counts.requests += 1
        received = Received(
            counts.requests,
            request.method,
            unquote(request.path),
            request.query,
            request.headers,
            at=time.monotonic(),
        )
        self._received.append(received)
        self._arrived.set()
        return received

    async def _answer(self, request: web.Request, received: Received) -> web.StreamResponse:
        early = self.platform.scripts.take(received, head_only=True)
        if early is not None:
            received.fault = "Reset"
            reset(request)
            return web.Response()
        await self._read(request, received)
        route = self._routes.find(request.method, received.path)
        if isinstance(route, Whole):
            return await self._deliver(request, received, route, None)
        script: Script | None = None
        family = route.operation.family
        try:
            authorization = request.headers.get("Authorization")
            received.key = self.platform.keys.who(authorization, time.time() * 1000)
            script = self.platform.scripts.take(received)
            return await self._serve(request, received, route, script)
        except Refusal as refusal:
            status, body = rendered(refusal, family)
            received.code = refusal.code
            self.counts.by_code[refusal.code] += 1
            return await self._deliver(request, received, Whole(body, status), script)

    async def _read(self, request: web.Request, received: Received) -> None:
        if request.content_type == "multipart/form-data":
            received.body, received.files = answering.form_body(await read_form(request))
        elif request.can_read_body:
            received.content = await request.read()
            received.body = parse_json(received.content) or {}

    async def _serve(
        self, request: web.Request, received: Received, route: Route, script: Script | None
    ) -> web.StreamResponse:
        if script is not None and script.refuses:
            raise answering.scripted_refusal(script)
        ask = answering.prepare(self.platform, self._routes, route, received)
        ask.script = script
        with self._place(ask, route):
            answering.accept(self.platform, ask, received)
            if self._latency:
                await asyncio.sleep(self._latency)
            return await self._deliver(request, received, answering.answer(route.operation, ask), script)

    def _place(self, ask: Ask, route: Route) -> Place:
        return Place(self.platform, ask, is_task=route.operation.task)

    async def _deliver(
        self, request: web.Request, received: Received, answer: Answer, script: Script | None
    ) -> web.StreamResponse:
        status = answer.status if isinstance(answer, Whole) else 200
        fault = script.fault if script else None
        received.fault = type(fault).__name__ if fault else ""
        if not isinstance(fault, Reset):
            received.status = status
            self.counts.by_status[status] += 1
        headers = {"X-LOG-ID": f"{self.platform.number('log', received.number):08x}{received.number:08x}"}
        if script is not None:
            headers.update(script.headers)
        delivery = Delivery(
            request, headers=headers, fault=fault, pace=self.platform.pace, released=self._released,
            events_per_write=self._events_per_write,
        )  # fmt: skip
        return await delivery.send(answer)


class Place:
    """A place in flight, held while an answer is on its way."""

    def __init__(self, platform: Platform, ask: Ask, *, is_task: bool) -> None:
        self._platform = platform
        self._place = (ask.key, ask.model.lower())
        self._is_task = is_task

    def __enter__(self) -> None:
        platform = self._platform
        if self._is_task:
            cap = platform.task_gate.cap(self._place[1])
            if cap is not None and platform.tasks.running(*self._place) >= cap:
                raise Refusal("1302", gateway=True)
        elif not platform.gate.enter(self._place):
            raise Refusal("1302", gateway=True)
        counts = platform.counts
        counts.in_flight += 1
        counts.peak = max(counts.peak, counts.in_flight)
        if not self._is_task:
            model = self._place[1]
            counts.peak_by_model[model] = max(counts.peak_by_model[model], platform.gate.inside[self._place])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._platform.counts.in_flight -= 1
        if not self._is_task:
            self._platform.gate.leave(self._place)


async def read_form(request: web.Request) -> list[tuple[str, str | Upload]]:
    """Read a multipart form: its texts and its files."""
    parts: list[tuple[str, str | Upload]] = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read(decode=True))
        name = part.name or ""
        if part.filename is None:
            parts.append((name, content.decode("utf-8", "replace")))
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            parts.append((name, Upload(name, part.filename, kind, content)))
    return parts
