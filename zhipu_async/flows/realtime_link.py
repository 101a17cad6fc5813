"""One connection of a realtime session: an outbox that is written in order, and messages that come in."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from zhipu_async.errors import RealtimeClosed, RealtimeError
from zhipu_async.flows.realtime_events import Bell

# Beyond this the writer of sound or pictures waits: four of the largest messages, or a minute of speech.
OUTBOX_BYTES = 1024 * 1024
FAREWELL_SECONDS = 3.0  # for what is queued and the closing handshake; a dead line must not hold up a program


class Socket(Protocol):
    """What a connection has to be able to do."""

    async def send(self, message: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    async def ping(self) -> None: ...

    async def close(self) -> None: ...

    def drop(self) -> None: ...


Dial: TypeAlias = Callable[[], Awaitable[Socket]]


class Link:
    """Writes what is posted, in order, without making anyone wait who must not."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._outbox: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = Bell()
        self._over = False
        self._failure: RealtimeError | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writer = self._spawn(self._write())

    def post(self, message: bytes) -> None:
        """Queue a message."""
        self._outbox.append(message)
        self._waiting_bytes += len(message)
        self._changed.ring()

    async def room(self) -> None:
        """Wait until the outbox is short. Cancelling takes nothing back."""
        while self._waiting_bytes > OUTBOX_BYTES and not self._over:
            await self._changed.wait()

    def receive(self) -> Awaitable[bytes]:
        """Return the next message, or raise how the connection ended; `reason` says why."""
        return self._socket.receive()

    def reason(self, end: RealtimeError) -> RealtimeError:
        """Return why it ended: what it was given up or left for, if it was."""
        if self._failure is None:
            return end
        self._failure.__cause__ = end
        return self._failure

    def ping(self, answered: Callable[[], None]) -> None:
        """Ask for a sign of life."""
        self._spawn(self._ping(answered))

    def give_up(self, error: RealtimeError) -> None:
        """Drop the socket; this error is the reason."""
        self._failure = error
        self._socket.drop()

    def leave(self, error: RealtimeError) -> None:
        """Say goodbye; this error is the reason."""
        self._failure = error
        self._spawn(self._socket.close())

    def drop(self) -> None:
        """Drop the socket; the tasks end with it."""
        self._socket.drop()

    async def close(self) -> None:
        """Write what is queued if that is quick, say goodbye, and leave no task behind."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._drained()
                await self._socket.close()
        await self.abandon()

    async def abandon(self) -> None:
        """Drop the socket and leave no task behind."""
        self._over = True
        self._changed.ring()
        self._socket.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drained(self) -> None:
        while self._waiting_bytes and not self._writer.done():
            await self._changed.wait()

    async def _write(self) -> None:
        while True:
            while not self._outbox:
                await self._changed.wait()
            message = self._outbox.popleft()
            try:
                await self._socket.send(message)
            except RealtimeClosed:
                return  # the reader meets the same end and says why
            finally:
                self._waiting_bytes -= len(message)
                self._changed.ring()

    async def _ping(self, answered: Callable[[], None]) -> None:
        try:
            await self._socket.ping()
        except RealtimeClosed:
            return  # as above
        answered()

    def _spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
