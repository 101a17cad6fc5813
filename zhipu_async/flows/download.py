"""Downloads: to memory, to a consumer, or to a file that exists only when it is whole."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import anyio

from zhipu_async.errors import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APITimeoutError,
    InvalidArgument,
)
from zhipu_async.flows.request import Request
from zhipu_async.protocol.addresses import check_link
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.types.saving import Progress, WholeFile

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.transport.http import Response

MEMORY_BYTES = 512 * 1024 * 1024  # what `await download` may hold; `save` has no such limit
WRITTEN_BYTES = 1024 * 1024  # collected before a thread writes them

Pieces: TypeAlias = "AsyncGenerator[tuple[bytes, int | None]]"
"""Pieces of a body, each with the bytes in all, None when they are unknown."""


class Download:
    """A file of the platform: `await` it for its bytes, `await .save(path)`, or `async for` its pieces."""

    def __init__(self, begin: Callable[[], Pieces]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[object, None, bytes]:
        return self._whole().__await__()

    def __aiter__(self) -> AsyncGenerator[bytes]:
        return self._pieces()

    async def save(self, path: str | os.PathLike[str], *, on_progress: Progress | None = None) -> Path:
        """Write it to a file and return its path.

        Until it is whole it is called `<name>.part`; cancelling or a broken connection removes that.
        """
        async with WholeFile(path) as file, aclosing(self._begin()) as pieces:
            done, held = 0, bytearray()
            async for piece, total in pieces:
                held += piece
                done += len(piece)
                if len(held) >= WRITTEN_BYTES:
                    await file.write(bytes(held))
                    held.clear()
                if on_progress is not None:
                    on_progress(done, total)
            await file.write(bytes(held))
        return file.path

    async def _whole(self) -> bytes:
        body = bytearray()
        async with aclosing(self._begin()) as pieces:
            async for piece, _ in pieces:
                body += piece
                if len(body) > MEMORY_BYTES:
                    raise APIResponseError(f"the file is larger than {MEMORY_BYTES} bytes; use .save(path)")
        return bytes(body)

    async def _pieces(self) -> AsyncGenerator[bytes]:
        async with aclosing(self._begin()) as pieces:
            async for piece, _ in pieces:
                yield piece


def of_endpoint(calls: Calls, endpoint: Endpoint[object], request: Request) -> Download:
    """Return the download of what an endpoint answers."""

    async def begin() -> Pieces:
        opened = await calls.open(endpoint, request)
        error: BaseException | None = None
        try:
            async for piece in _body(opened.response, opened.timeout.idle):
                yield piece
        except GeneratorExit:
            raise  # left early, which is no fault
        except BaseException as exc:
            error = exc
            if isinstance(exc, APIError):
                exc.endpoint, exc.request_id, exc.log_id = (
                    endpoint.name,
                    opened.request_id,
                    opened.meta.log_id,
                )
            raise
        finally:
            opened.response.release()
            opened.end(error=error)

    return Download(begin)


def of_link(calls: Calls, url: str) -> Download:
    """Return the download of a link that the platform gave; the key is not sent there."""
    check_link(url)

    async def begin() -> Pieces:
        response = await calls.fetch(url)
        try:
            _check_answer(response)
            async for piece in _body(response, calls.defaults.timeout.idle):
                yield piece
        finally:
            response.release()

    return Download(begin)


def _check_answer(response: Response) -> None:
    try:
        check_link(response.url)
    except InvalidArgument as exc:
        raise APIResponseError("the link leads on to an address that is not https") from exc
    if response.status != 200:
        raise APIResponseError(
            f"the link answers HTTP {response.status}",
            status=response.status,
            hint="The platform's links expire." if response.status in (403, 404, 410) else "",
        )


async def _body(response: Response, idle: float | None) -> Pieces:
    total, done = _length(response), 0
    while piece := await _within(response, idle):
        done += len(piece)
        yield piece, total
    if total is not None and done < total:
        raise APIConnectionError(f"the download ended after {done} of {total} bytes")


async def _within(response: Response, idle: float | None) -> bytes:
    try:
        with anyio.fail_after(idle):
            return await response.read()
    except TimeoutError as exc:
        raise APITimeoutError(clock="idle", seconds=idle or 0.0) from exc


def _length(response: Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdigit() and not response.headers.get("Content-Encoding") else None
