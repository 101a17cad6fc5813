"""Downloads: to memory, to a consumer, or to a file that exists only when it is whole."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from zhipu_async.errors import APIConnectionError, APIResponseError, APITimeoutError, InvalidArgument
from zhipu_async.flows.request import Request
from zhipu_async.flows.upload import Progress
from zhipu_async.protocol.addresses import check_link
from zhipu_async.protocol.endpoint import Endpoint

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.transport.http import Response

MEMORY_BYTES = 512 * 1024 * 1024  # what `await download` may hold; `save` has no such limit
WRITTEN_BYTES = 1024 * 1024  # collected before a thread writes them


class Download:
    """A file of the platform: `await` it for its bytes, `await .save(path)`, or `async for` its pieces."""

    def __init__(self, begin: Callable[[], AsyncIterator[tuple[bytes, int | None]]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[object, None, bytes]:
        return self._whole().__await__()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces()

    async def save(self, path: str | os.PathLike[str], *, on_progress: Progress | None = None) -> Path:
        """Write it to a file and return its path.

        Until it is whole it is called `<name>.part`; cancelling or a broken connection removes that.
        """
        target = Path(path)
        part = target.with_name(target.name + ".part")
        try:
            await self._write(part, on_progress)
            await anyio.to_thread.run_sync(os.replace, part, target)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await anyio.Path(part).unlink(missing_ok=True)
            raise
        return target

    async def _write(self, part: Path, on_progress: Progress | None) -> None:
        done, held = 0, bytearray()
        async with await anyio.open_file(part, "wb") as file:
            async for piece, total in self._begin():
                held += piece
                done += len(piece)
                if len(held) >= WRITTEN_BYTES:
                    await file.write(bytes(held))
                    held.clear()
                if on_progress is not None:
                    on_progress(done, total)
            await file.write(bytes(held))

    async def _whole(self) -> bytes:
        body = bytearray()
        async for piece, _ in self._begin():
            body += piece
            if len(body) > MEMORY_BYTES:
                raise APIResponseError(f"the file is larger than {MEMORY_BYTES} bytes; use .save(path)")
        return bytes(body)

    async def _pieces(self) -> AsyncIterator[bytes]:
        async for piece, _ in self._begin():
            yield piece


def of_endpoint(calls: Calls, endpoint: Endpoint[object], request: Request) -> Download:
    """Return the download of what an endpoint answers."""

    async def begin() -> AsyncIterator[tuple[bytes, int | None]]:
        opened = await calls.open(endpoint, request)
        try:
            async for piece in _body(opened.response, opened.timeout.idle):
                yield piece
        except BaseException as error:
            opened.response.close()
            opened.end(error=error)
            raise
        opened.end()

    return Download(begin)


def of_link(calls: Calls, url: str) -> Download:
    """Return the download of a link that the platform gave; the key is not sent there."""
    check_link(url)

    async def begin() -> AsyncIterator[tuple[bytes, int | None]]:
        response = await calls.fetch(url)
        try:
            if response.status != 200:
                raise APIResponseError(
                    f"the link answers HTTP {response.status}",
                    status=response.status,
                    hint="The platform's links expire." if response.status in (403, 404, 410) else "",
                )
            async for piece in _body(response, calls.defaults.timeout.idle):
                yield piece
        finally:
            response.release()

    return Download(begin)


async def _body(response: Response, idle: float | None) -> AsyncIterator[tuple[bytes, int | None]]:
    total = _length(response)
    done = 0
    while True:
        piece = await _within(response, idle)
        if not piece:
            break
        done += len(piece)
        yield piece, total
    response.release()
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


def link_of(links: list[str], index: int) -> str:
    """Return one of a reply's links, or raise when there is none."""
    if not -len(links) <= index < len(links):
        raise InvalidArgument(f"the reply has {len(links)} links, so there is no number {index}")
    return links[index]
