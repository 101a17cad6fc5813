"""Downloads: to memory, to a consumer, or to a file that exists only when it is whole."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import anyio
from msgspec.structs import replace

from zhipu_async.errors import (
    APIConnectionError,
    APIError,
    APIResponseError,
    APITimeoutError,
    InvalidArgument,
)
from zhipu_async.flows.job import Defaults
from zhipu_async.flows.observe import CallRecord
from zhipu_async.flows.request import Request
from zhipu_async.protocol.addresses import check_link
from zhipu_async.protocol.codes import by_status
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.replies import PARTIAL_CONTENT
from zhipu_async.protocol.resuming import Arrived
from zhipu_async.protocol.retry import Again, Failure, GiveUp, Policy, Retries, Stage
from zhipu_async.types.saving import Progress, WholeFile

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.flows.job import Opened
    from zhipu_async.transport.response import Response

MEMORY_BYTES = 512 * 1024 * 1024  # what `await download` may hold; `save` has no such limit
WRITTEN_BYTES = 1024 * 1024  # collected before a thread writes them
RENEWING_BYTES = 1024 * 1024  # that came since the last break make it a new one: long files meet several
LINK = "download"  # what the download of a link is called in errors and logs, as `zhipu.download`

Pieces: TypeAlias = "AsyncGenerator[tuple[bytes, int | None]]"
"""Pieces of a body, each with the bytes in all, None when they are unknown."""


class Download:
    """A file of the platform: `await` it for its bytes, `await .save(path)`, or `async for` its pieces.

    A connection that breaks is opened again, as often as `max_retries` allows, and the download goes on where it was.
    """

    def __init__(self, begin: Callable[[], Pieces]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[object, None, bytes]:
        return self._whole().__await__()

    def __aiter__(self) -> AsyncGenerator[bytes]:
        return self._pieces()

    async def save(self, path: str | os.PathLike[str], *, on_progress: Progress | None = None) -> Path:
        """Write it to a file and return its path.

        Until it is whole it is called `<name>.part`; cancelling or a failure removes that.
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
    return Download(lambda: _pieces(OfEndpoint(calls, endpoint, request)))


def of_link(calls: Calls, url: str) -> Download:
    """Return the download of a link that the platform gave; the key is not sent there."""
    check_link(url)
    return Download(lambda: _pieces(OfLink(calls, url)))


class Source(Protocol):
    """Where the bytes of one file come from."""

    chances: Chances

    async def open(self, headers: Mapping[str, str]) -> tuple[Response, float | None]:
        """Return a response with the file, or with what the headers ask for, and its idle clock."""
        ...

    def close(self, error: BaseException | None) -> None:
        """Let go of the response; the error learns where it happened."""
        ...


async def _pieces(source: Source) -> Pieces:
    arrived = Arrived()
    while True:
        before = arrived.size
        response, idle = await source.open(arrived.asking())
        try:
            async with aclosing(_fresh(response, idle, arrived, source.close)) as fresh:
                async for piece in fresh:
                    yield piece, arrived.total
            return
        except APIConnectionError as error:
            if arrived.size - before >= RENEWING_BYTES:
                source.chances.renew()
            await source.chances.spend(error)


async def _fresh(
    response: Response, idle: float | None, arrived: Arrived, close: Callable[[BaseException | None], None]
) -> AsyncGenerator[bytes]:
    """Give what is new in one response, and close it."""
    error: BaseException | None = None
    try:
        arrived.begin(response.status, response.headers)
        while piece := await _within(response, idle):
            if fresh := arrived.take(piece):
                yield fresh
        arrived.end()
    except GeneratorExit:
        raise  # left early, which is no fault
    except BaseException as exc:
        error = exc
        raise
    finally:
        close(error)


class Chances:
    """How often a file may be asked for again, and until when."""

    def __init__(self, calls: Calls, defaults: Defaults) -> None:
        self._calls = calls
        self._policy = Policy(defaults.max_retries)
        self._total = defaults.timeout.total
        self.attempts: int = 0
        self.deadline: float | None = None
        self.record: CallRecord | None = None
        """The newest attempt, as observers know it."""
        self.renew()

    def renew(self) -> None:
        """Begin anew: what has come since was worth it."""
        self._retries = Retries(self._policy, Replay.SAFE, self._calls.random)
        self.deadline = None if self._total is None else asyncio.get_running_loop().time() + self._total

    async def spend(self, error: APIError) -> None:
        """Wait until the file may be asked for again, or raise the error. Cancelling ends the waiting."""
        remaining = None if self.deadline is None else self.deadline - asyncio.get_running_loop().time()
        verdict = self._retries.after(_failure(error), remaining)
        if isinstance(verdict, Again):
            if self.record is not None:
                self._calls.observers.retrying(self.record, error, verdict.delay)
            await self._calls.clock.sleep(verdict.delay)
            return
        error.attempts = self.attempts
        if isinstance(verdict, GiveUp):
            error.hint = f"{error.hint} {verdict.why}".strip()
        raise error


def _failure(error: APIError) -> Failure:
    if isinstance(error, APIConnectionError):
        return Failure(Stage.LOST if error.sent else Stage.NOT_SENT)
    return Failure(Stage.REFUSED, by_status(getattr(error, "status", 0)))


class OfEndpoint:
    """Opens what an endpoint answers: the retry loop of every call opens it, ours goes on when it breaks."""

    def __init__(self, calls: Calls, endpoint: Endpoint[object], request: Request) -> None:
        self.chances: Chances = Chances(calls, calls.defaults.override(request.options))
        self._calls = calls
        self._endpoint = endpoint
        self._request = request
        self._opened: Opened | None = None

    async def open(self, headers: Mapping[str, str]) -> tuple[Response, float | None]:
        """Return the response. Cancelling closes it."""
        request = replace(self._request, headers={**self._request.headers, **headers})
        opened = self._opened = await self._calls.open(self._endpoint, request)
        self.chances.attempts += opened.meta.attempts
        self.chances.record = opened.job.record
        return opened.response, opened.timeout.idle

    def close(self, error: BaseException | None) -> None:
        """Return the permit, and tell the observers."""
        opened = self._opened
        assert opened is not None
        if isinstance(error, APIError):
            error.endpoint, error.request_id = self._endpoint.name, opened.request_id
            error.log_id = opened.meta.log_id
        opened.response.release()
        opened.end(error=error)


class OfLink:
    """Opens what a link leads to, without a key, a permit, or an endpoint."""

    def __init__(self, calls: Calls, url: str) -> None:
        self.chances: Chances = Chances(calls, calls.defaults)
        self._calls = calls
        self._url = url
        self._response: Response | None = None

    async def open(self, headers: Mapping[str, str]) -> tuple[Response, float | None]:
        """Return the response; who does not answer is asked again. Cancelling closes it."""
        while True:
            try:
                return await self._asked(headers), self._calls.defaults.timeout.idle
            except BaseException as error:
                self.close(error)
                if not isinstance(error, APIError):
                    raise
                await self.chances.spend(error)

    async def _asked(self, headers: Mapping[str, str]) -> Response:
        self._response = None
        self.chances.attempts += 1
        record = CallRecord(LINK, "", stream=False, started=self._calls.clock.now(), attempts=1)
        self.chances.record = record
        self._calls.observers.started(record)
        response = self._response = await self._calls.fetch(self._url, headers, self.chances.deadline)
        record.status = response.status
        _check_answer(response)
        return response

    def close(self, error: BaseException | None) -> None:
        """Drop the connection unless the body is whole, and tell the observers."""
        if isinstance(error, APIError):
            error.endpoint = LINK
        if self._response is not None:
            self._response.release()
        if self.chances.record is not None:
            self._calls.finished(self.chances.record, error)


def _check_answer(response: Response) -> None:
    try:
        check_link(response.url)
    except InvalidArgument as exc:
        raise APIResponseError("the link leads on to an address that is not https") from exc
    if response.status not in (200, PARTIAL_CONTENT):
        raise APIResponseError(
            f"the link answers HTTP {response.status}",
            status=response.status,
            hint="The platform's links expire." if response.status in (403, 404, 410) else "",
        )


async def _within(response: Response, idle: float | None) -> bytes:
    try:
        with anyio.fail_after(idle):
            return await response.read_watched()
    except TimeoutError as exc:
        raise APITimeoutError(clock="idle", seconds=idle or 0.0) from exc
