"""Where requests come in: recorded, recognised, checked, answered, counted."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from . import answering
from .delivery import Delivery, reset, status_of
from .faults import Reset
from .operation import Answer, Upload, Whole, parse_json
from .refusals import Refusal, rendered
from .requests import Received, Records
from .shapes import is_object

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from .operation import Ask
    from .platform import Platform
    from .routes import Route, Routes
    from .scripts import Script
    from .watching import Watchers

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PATIENCE_FOR_A_BODY = 60.0
"""Seconds in which a request has to come in whole; a client that stops half-way must not hold a handler for ever."""


class Door:
    """Answers every HTTP request to the platform's operations."""

    def __init__(
        self,
        platform: Platform,
        routes: Routes,
        watchers: Watchers,
        *,
        latency: float,
        events_per_write: int,
        kept_requests: int,
        on_request: Callable[[Received], None] | None,
    ) -> None:
        self.records: Records = Records(kept_requests)
        self.released: asyncio.Event = asyncio.Event()
        self._platform = platform
        self._routes = routes
        self._watchers = watchers
        self._latency = latency
        self._events_per_write = events_per_write
        self._on_request = on_request
        self._under_way: set[asyncio.Task[object]] = set()

    def release(self) -> None:
        """Let everything that stalls go on."""
        self.released.set()
        self.released = asyncio.Event()

    def drop_all(self) -> None:
        """Cancel the answers that are under way."""
        for task in self._under_way:
            task.cancel()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request. Cancelling it (the client left) frees its place in flight."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        received = self._record(request)
        try:
            return await self._answer(request, received)
        except (asyncio.CancelledError, ConnectionError) as left:
            received.gone = True
            self._platform.counts.gone += 1
            if isinstance(left, asyncio.CancelledError):
                raise
            return web.Response()  # nobody hears it; raising would only print a traceback
        finally:
            self._under_way.discard(task)
            self._finish(received)

    async def visit(self, request: web.Request, handle: Handler) -> web.StreamResponse:
        """Let somebody else hold a WebSocket session, and keep a record of it."""
        received = self._record(request)
        received.status = HTTPStatus.SWITCHING_PROTOCOLS
        try:
            response = await handle(request)
            received.status = response.status
            self._platform.counts.by_status[response.status] += 1
            return response
        finally:
            self._finish(received)

    def _record(self, request: web.Request) -> Received:
        counts = self._platform.counts
        counts.requests += 1
        path = request.rel_url.raw_path
        received = Received(
            counts.requests, request.method, unquote(path) if "%" in path else path,
            request.query, request.headers, at=time.monotonic(),
        )  # fmt: skip
        self.records.add(received)
        self._watchers.look()
        return received

    def _finish(self, received: Received) -> None:
        received.finished = True
        self._watchers.look()
        if self._on_request is not None:
            self._on_request(received)

    async def _answer(self, request: web.Request, received: Received) -> web.StreamResponse:
        if self._platform.scripts.take(received, head_only=True) is not None:
            received.fault = Reset.__name__
            reset(request)
            return web.Response()
        route = self._routes.find(request.method, request.rel_url.raw_path)
        if isinstance(route, Whole):
            received.code = code_where_nothing_is(route)
            return await self._deliver(request, received, route, None)
        try:
            return await self._serve(request, received, route)
        except Refusal as refusal:
            return await self._refuse(request, received, refusal, route.operation.family)

    async def _refuse(
        self, request: web.Request, received: Received, refusal: Refusal, family: str
    ) -> web.StreamResponse:
        status, body = rendered(refusal, family)
        received.code = refusal.code
        self._platform.counts.by_code[refusal.code] += 1
        return await self._deliver(request, received, Whole(body, status), received.script)

    async def _serve(self, request: web.Request, received: Received, route: Route) -> web.StreamResponse:
        platform = self._platform
        header = request.headers.get("Authorization")
        key = "" if route.operation.public else platform.keys.who(header, time.time() * 1000)
        received.key = key
        received.submits = route.operation.task
        await self._read(request, received)
        script = received.script = platform.scripts.take(received)
        if script is not None and script.refuses:
            raise answering.scripted_refusal(script)
        ask = answering.prepare(platform, self._routes, route, received)
        ask.script = script
        with Place(platform, ask, named=bool(received.model), is_task=route.operation.task):
            self._watchers.look()
            answering.accept(platform, ask, received)
            if self._latency:
                await asyncio.sleep(self._latency)
            return await self._deliver(request, received, answering.answer(route.operation, ask), script)

    async def _read(self, request: web.Request, received: Received) -> None:
        if not request.can_read_body:
            return
        try:
            async with asyncio.timeout(PATIENCE_FOR_A_BODY):
                await read(request, received)
        except web.HTTPRequestEntityTooLarge:
            raise Refusal("1210", "The body is too large", status=413, gateway=True) from None
        except TimeoutError:
            raise Refusal("1210", "The body did not come in whole", status=408, gateway=True) from None
        except (ValueError, HttpProcessingError, web.RequestPayloadError):
            raise Refusal("1210", "The body could not be read") from None
        finally:
            self.records.weigh(received)

    async def _deliver(
        self, request: web.Request, received: Received, answer: Answer, script: Script | None
    ) -> web.StreamResponse:
        platform = self._platform
        headers = {"X-LOG-ID": f"{platform.number('log', received.number):08x}{received.number:08x}"}
        fault = None
        if script is not None:
            headers.update(script.headers)
            fault = script.fault
            received.fault = type(fault).__name__ if fault else ""
        received.status = status_of(answer, fault)
        if received.status is not None:
            platform.counts.by_status[received.status] += 1
        delivery = Delivery(
            request, headers=headers, fault=fault, pace=platform.pace, released=self.released,
            events_per_write=self._events_per_write,
        )  # fmt: skip
        return await delivery.send(answer)


def code_where_nothing_is(answer: Whole) -> str:
    """The gateway answers some wrong paths with status 200, so that only the code in the body tells."""
    return str(answer.body.get("code", answer.status) if is_object(answer.body) else answer.status)


class Place:
    """A place in flight, held while an answer is on its way."""

    def __init__(self, platform: Platform, ask: Ask, *, named: bool, is_task: bool) -> None:
        self._platform = platform
        self._place = (ask.key, ask.model.lower())
        self._is_task = is_task
        self._counted = named and not is_task
        """No cap is known for polls and other calls that name no model."""

    def __enter__(self) -> None:
        platform, place = self._platform, self._place
        counts = platform.counts
        if self._is_task:
            cap = platform.task_gate.cap(place[1])
            if cap is not None and platform.tasks.running(*place) >= cap:
                raise Refusal("1302", gateway=True)
        elif self._counted:
            if not platform.gate.enter(place):
                raise Refusal("1302", gateway=True)
            inside = platform.gate.inside[place]
            counts.peak_by_model[place[1]] = max(counts.peak_by_model[place[1]], inside)
        counts.in_flight += 1
        counts.peak = max(counts.peak, counts.in_flight)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._platform.counts.in_flight -= 1
        if self._counted:
            self._platform.gate.leave(self._place)


async def read(request: web.Request, received: Received) -> None:
    """Read the body into the record: a form, or a JSON object."""
    if request.content_type == "multipart/form-data":
        received.body, received.files = answering.form_body(await read_form(request))
    else:
        received.content = await request.read()
        received.body = parse_json(received.content) or {}


async def read_form(request: web.Request) -> list[tuple[str, str | Upload]]:
    """Read a multipart form: its texts and its files."""
    parts: list[tuple[str, str | Upload]] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise ValueError("a form within a form")
        content = bytes(await part.read(decode=True))
        name = part.name or ""
        if part.filename is None:
            parts.append((name, content.decode("utf-8", "replace")))
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            parts.append((name, Upload(name, part.filename, kind, content)))
    return parts
