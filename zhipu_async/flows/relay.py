"""Passing a streamed answer on to a browser: OpenAI-shaped events, heartbeats, and an end when either side ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING

from zhipu_async.errors import (
    APIError,
    APIStatusError,
    APITimeoutError,
    BadRequestError,
    ContentBlocked,
    RateLimitError,
    StreamClosed,
    StreamError,
)
from zhipu_async.protocol.relay import DONE_FRAME, HEARTBEAT_FRAME, error_body, error_frame, frame

if TYPE_CHECKING:
    from zhipu_async.flows.cursor import Cursor
    from zhipu_async.types.chat import ChatCompletionChunk

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would otherwise collect the answer before it passes it on
]


async def relay(cursor: Cursor[ChatCompletionChunk], heartbeat: float) -> AsyncGenerator[bytes]:
    """Give the frames of an OpenAI-shaped stream, one network read's worth at a time."""
    async with cursor:
        async for piece in frames(cursor, heartbeat, filling(cursor)):
            yield piece


async def frames(
    cursor: Cursor[ChatCompletionChunk], heartbeat: float, waiting: asyncio.Future[bool]
) -> AsyncGenerator[bytes]:
    """Give the frames of what the cursor reads, and comments while nothing comes."""
    try:
        while True:
            while not waiting.done():
                await asyncio.wait((waiting,), timeout=heartbeat)
                if not waiting.done():
                    yield HEARTBEAT_FRAME
            if not waiting.result():
                break
            yield b"".join(map(frame, cursor.items))
            waiting = filling(cursor)
    except (APIError, StreamClosed) as error:
        yield error_frame(error.message or str(error), type(error).__name__, code_of(error))
        return
    finally:
        waiting.cancel()
    yield DONE_FRAME


def filling(cursor: Cursor[ChatCompletionChunk]) -> asyncio.Future[bool]:
    """Begin to wait for items. It is a task because a heartbeat must not cancel the read."""
    waiting = asyncio.ensure_future(cursor.fill())
    waiting.add_done_callback(forget)
    return waiting


def forget(waiting: asyncio.Future[bool]) -> None:
    """Mark an outcome as seen that nobody may be left to see."""
    if not waiting.cancelled():
        waiting.exception()


class RelayResponse:
    """An ASGI response: the relayed answer, or an HTTP error when the platform fails before its first piece."""

    def __init__(self, cursor: Cursor[ChatCompletionChunk], heartbeat: float) -> None:
        self._cursor = cursor
        self._heartbeat = heartbeat
        self.status_code = 200
        self.raw_headers: list[tuple[bytes, bytes]] = list(HEADERS)
        self.background: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request. When the browser goes away, or on cancelling, the stream closes at once."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not sending.done():
                self._cursor.close()
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()
        if self.background is not None:
            await self.background()

    async def _send(self, send: Send) -> None:
        try:
            async with self._cursor as cursor:
                waiting = filling(cursor)
                await asyncio.wait((waiting,), timeout=self._heartbeat)
                if waiting.done():
                    waiting.result()
                await self._send_frames(cursor, waiting, send)
        except APIError as error:
            await send_error(error, send)

    async def _send_frames(
        self, cursor: Cursor[ChatCompletionChunk], waiting: asyncio.Future[bool], send: Send
    ) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in frames(cursor, self._heartbeat, waiting):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def response(cursor: Cursor[ChatCompletionChunk], heartbeat: float) -> RelayResponse:
    """The response, for Starlette and FastAPI one of their own: they look at the class."""
    starlette = sys.modules.get("starlette.responses")
    base: object = getattr(starlette, "Response", None)
    if not isinstance(base, type):
        return RelayResponse(cursor, heartbeat)
    kind: type[RelayResponse] = type("StarletteRelayResponse", (RelayResponse, base), {})
    return kind(cursor, heartbeat)


async def gone(receive: Receive) -> None:
    """Return when the browser has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_error(error: APIError, send: Send) -> None:
    """Answer with the error that came instead of a stream."""
    body = error_body(error.message or str(error), type(error).__name__, code_of(error))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def code_of(error: Exception) -> str:
    """The business code, where the platform gave one."""
    return error.code if isinstance(error, (APIStatusError, StreamError)) else ""


def status_of(error: APIError) -> int:
    """The HTTP status for our own caller: what he may mend is his, the rest is a bad gateway's."""
    if isinstance(error, (BadRequestError, ContentBlocked)):
        return 400
    if isinstance(error, RateLimitError):
        return 429
    return 504 if isinstance(error, APITimeoutError) else 502
