"""Putting an answer on the wire, whole or damaged as the script says."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from .faults import Cut, Html, KeepAlives, Reset, Slow, Splice, Stall, WrongContentType
from .operation import Answer, Events, Raw, Whole, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .faults import Fault

JSON = "application/json; charset=UTF-8"
EVENT_STREAM = "text/event-stream;charset=UTF-8"
KEEP_ALIVE = b": keep-alive\n\n"
PROXY_PAGE = (
    b"<html>\r\n<head><title>%d</title></head>\r\n<body><center><h1>%d</h1></center></body>\r\n</html>\r\n"
)
FOREIGN_FRAME = (
    b'data: {"id":"foreign00","created":1788220800,"model":"glm-4.7",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":"?"}}]}\n\n'
)
"""An event of another stream, as it was seen behind a broken one."""


def reset(request: web.BaseRequest) -> None:
    """Close the connection with RST instead of FIN, whatever is still in the buffers."""
    transport = request.transport
    if transport is None:
        return
    connection: object = transport.get_extra_info("socket")
    set_option = getattr(connection, "setsockopt", None)
    if set_option is not None:
        set_option(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def status_of(answer: Answer, fault: Fault | None) -> int | None:
    """Which HTTP status goes out; None when the connection is reset first."""
    if isinstance(fault, Reset):
        return None
    if isinstance(fault, Html):
        return fault.status
    return answer.status


def spliced(frame: bytes) -> bytes:
    """Break a frame off within its JSON and let another stream's frame follow in the same line."""
    return frame[: max(len(frame) * 2 // 3, 1)].rstrip(b"\n") + FOREIGN_FRAME


class Delivery:
    """Sends one answer to one request."""

    def __init__(
        self,
        request: web.BaseRequest,
        *,
        headers: Mapping[str, str],
        fault: Fault | None,
        pace: float,
        released: asyncio.Event,
        events_per_write: int = 1,
    ) -> None:
        self._request = request
        self._headers = headers
        self._fault = fault
        self._pace = pace
        self._released = released
        self._events_per_write = events_per_write

    async def send(self, answer: Answer) -> web.StreamResponse:
        """Send the answer; what it returns is for aiohttp."""
        fault = self._fault
        if isinstance(fault, Reset):
            reset(self._request)
            return web.Response()
        if isinstance(fault, Html):
            page = PROXY_PAGE % (fault.status, fault.status)
            return web.Response(
                body=page, status=fault.status, content_type="text/html", headers=self._headers
            )
        if isinstance(fault, Stall) and fault.after_events is None:
            await self._stall(fault)
        if isinstance(fault, KeepAlives):
            return await self._keep_alives(fault)
        await self._work(answer.seconds)
        if isinstance(answer, Events):
            return await self._events(answer)
        return await self._body(answer)

    async def _work(self, seconds: float) -> None:
        if seconds and self._pace:
            await asyncio.sleep(seconds * self._pace)

    async def _stall(self, fault: Stall) -> None:
        if fault.seconds is not None:
            await asyncio.sleep(fault.seconds)
        else:
            await self._released.wait()

    async def _body(self, answer: Whole | Raw) -> web.StreamResponse:
        if isinstance(answer, Whole):
            content, content_type = encode(answer.body), JSON
        else:
            content, content_type = answer.content, answer.content_type
        status = answer.status
        if isinstance(self._fault, WrongContentType):
            content_type = self._fault.content_type
        if isinstance(self._fault, Slow):
            await asyncio.sleep(self._fault.seconds)
        headers = {"Content-Type": content_type, **self._headers}
        if not isinstance(self._fault, Cut):
            return web.Response(body=content, status=status, headers=headers)
        kept = content[
            : self._fault.after_bytes if self._fault.after_bytes is not None else len(content) // 2
        ]
        if self._fault.politely:
            return web.Response(body=kept, status=status, headers=headers)
        response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(content))})
        await response.prepare(self._request)
        await response.write(kept)
        self._hang_up()
        return response

    def _hang_up(self) -> None:
        """Close after what is written has gone out."""
        if self._request.transport is not None:
            self._request.transport.close()

    async def _keep_alives(self, fault: KeepAlives) -> web.StreamResponse:
        response = await self._open()
        sent = 0
        while fault.count is None or sent < fault.count:
            await response.write(KEEP_ALIVE)
            sent += 1
            await asyncio.sleep(fault.every)
        await self._released.wait()
        return response

    async def _open(self, status: int = 200) -> web.StreamResponse:
        content_type = self._fault.content_type if isinstance(self._fault, WrongContentType) else EVENT_STREAM
        headers = {"Content-Type": content_type, "Cache-Control": "no-cache", **self._headers}
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(self._request)
        return response

    async def _events(self, answer: Events) -> web.StreamResponse:
        response = await self._open(answer.status)
        interval = answer.interval * self._pace
        if interval or self._fault is not None:
            return await self._careful_events(response, answer, interval)
        if self._events_per_write > 1:
            frames = list(answer.frames)
            for start in range(0, len(frames), self._events_per_write):
                await response.write(b"".join(frames[start : start + self._events_per_write]))
        else:
            for frame in answer.frames:
                await response.write(frame)
        await response.write_eof()
        return response

    async def _careful_events(
        self, response: web.StreamResponse, answer: Events, interval: float
    ) -> web.StreamResponse:
        fault, budget = self._fault, -1
        if isinstance(fault, Cut):
            fault = fault if fault.says_where else Cut(after_events=1, politely=fault.politely)
            budget = -1 if fault.after_bytes is None else fault.after_bytes
        for count, frame in enumerate(answer.frames):
            if isinstance(fault, Slow):
                await asyncio.sleep(fault.seconds)
            elif isinstance(fault, Stall) and fault.after_events == count:
                await self._stall(fault)
            elif isinstance(fault, Splice) and fault.after_events == count:
                await response.write(spliced(frame))
                continue
            elif isinstance(fault, Cut) and (fault.after_events == count or 0 <= budget < len(frame)):
                return await self._cut(response, frame[: max(budget, 0)], fault)
            budget -= len(frame)
            await response.write(frame)
            if interval:
                await asyncio.sleep(interval)
        if isinstance(fault, Cut):  # the stream is shorter than that
            return await self._cut(response, b"", fault)
        await response.write_eof()
        return response

    async def _cut(self, response: web.StreamResponse, rest: bytes, fault: Cut) -> web.StreamResponse:
        await response.write(rest)
        if fault.politely:
            await response.write_eof()
        else:
            self._hang_up()
        return response
