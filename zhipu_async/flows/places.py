"""Places of submitted tasks: somebody must notice that an earlier task has ended when a later one queues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol

from zhipu_async.transport.clock import Clock

HELD_UP_SECONDS = 1.0  # how long submissions may queue before somebody asks whether an earlier task has ended


class Holder(Protocol):
    """A task that may hold a place."""

    def watch(self) -> asyncio.Future[object]:
        """Return a future of its end."""
        ...


class Places:
    """Watches the tasks that stand in the way of submissions, for one loop.

    A task keeps its place until it ends. Where nobody waits for the tasks that hold the places, as in a
    loop that submits one after the other, the submission in the queue would wait for ever.
    """

    def __init__(self, in_the_way: Callable[[], list[Holder]], clock: Clock) -> None:
        self._in_the_way = in_the_way
        self._clock = clock
        self._wanted = 0
        self._helper: asyncio.Task[None] | None = None

    @contextmanager
    def wanted(self) -> Generator[None]:
        """While a submission is on its way."""
        self._wanted += 1
        if self._helper is None:
            self._helper = asyncio.get_running_loop().create_task(self._help(), name="zhipu_async places")
        try:
            yield
        finally:
            self._wanted -= 1
            if not self._wanted:
                self._helper.cancel()
                self._helper = None

    async def _help(self) -> None:
        watched: dict[Holder, asyncio.Future[object]] = {}
        try:
            while True:
                await self._clock.sleep(HELD_UP_SECONDS)
                for task in self._in_the_way():
                    if task not in watched or watched[task].done():
                        watched[task] = task.watch()
        finally:
            for future in watched.values():
                future.cancel()
