"""Places of submitted tasks: a submission whose model is full waits here, off every clock, for a task to end."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from zhipu_async.transport.clock import Clock

HELD_UP_SECONDS = 1.0  # how long submissions may queue before somebody asks whether an earlier task has ended


class Holder(Protocol):
    """A task that holds a place."""

    def watch(self) -> asyncio.Future[object]:
        """Return a future of its end."""
        ...


class Places:
    """Lets submissions in, first come first served, for one loop.

    A task keeps its place until it ends. Where nobody waits for the tasks that hold the places, as in a
    loop that submits one after the other, they are watched from here while a submission is held up.

    holders: the tasks known here that hold a place of the model.
    cap: how many the platform takes of the model, as far as is known.
    """

    def __init__(
        self, holders: Callable[[str], list[Holder]], cap: Callable[[str], int | None], clock: Clock
    ) -> None:
        self._holders = holders
        self._cap = cap
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._queues: defaultdict[str, deque[asyncio.Future[None]]] = defaultdict(deque)
        self._helper: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def place(self, model: str) -> AsyncGenerator[None]:
        """Enter when there is room. Cancelling leaves the queue."""
        await self._enter(model)
        try:
            yield
        finally:
            self._leave(model)

    def freed(self, model: str) -> None:
        """Let in who waits: a task has ended."""
        queue = self._queues.get(model)
        while queue and self._has_room(model):
            waiter = queue.popleft()
            if not waiter.done():
                self._under_way[model] += 1
                waiter.set_result(None)

    async def _enter(self, model: str) -> None:
        if self._helper is None:
            self._helper = asyncio.get_running_loop().create_task(self._help(), name="zhipu_async places")
        if not self._queues[model] and self._has_room(model):
            self._under_way[model] += 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues[model].append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._leave(model)
            self._rest()
            raise

    def _leave(self, model: str) -> None:
        self._under_way[model] -= 1
        self.freed(model)
        self._rest()

    def _has_room(self, model: str) -> bool:
        cap = self._cap(model)
        return cap is None or self._under_way[model] + len(self._holders(model)) < cap

    def _rest(self) -> None:
        """Stop the helper when nothing is under way and nobody waits."""
        if any(self._under_way.values()) or any(not waiter.done() for waiter in self._waiting()):
            return
        self._queues.clear()
        self._under_way.clear()
        if self._helper is not None:
            self._helper.cancel()
            self._helper = None

    def _waiting(self) -> list[asyncio.Future[None]]:
        return [waiter for queue in self._queues.values() for waiter in queue]

    async def _help(self) -> None:
        watched: dict[Holder, asyncio.Future[object]] = {}
        try:
            while True:
                await self._clock.sleep(HELD_UP_SECONDS)
                for model in {*self._queues, *self._under_way}:
                    for task in self._holders(model):
                        if task not in watched or watched[task].done():
                            watched[task] = task.watch()
                    self.freed(model)
        finally:
            for future in watched.values():
                future.cancel()
