"""Many things under way, yielded as they end: what `as_completed`, `gather` and `map` have in common."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from zhipu_async.errors import APIConnectionError, InvalidType
from zhipu_async.flows.source import Source
from zhipu_async.flows.tasks import OF_THE_KIND, Patience, PendingTask
from zhipu_async.flows.veil import veil
from zhipu_async.types.tasks import Outcome

E = TypeVar("E")
V = TypeVar("V")

WINDOW = 10_000  # under way at one time; each costs about a kilobyte
STARTING = 16  # on their way at one time: enough for a hundred a second, and a new limit is met gently
PULLED_AT_ONCE = 256  # before the other tasks of the loop get a turn

Started = PendingTask[Any] | Outcome[V]


@dataclass(slots=True)
class Entrant(Generic[V]):
    """One item: a task that is pending already, or something to start that gives a task or an outcome."""

    key: str
    index: int
    task: PendingTask[Any] | None = None
    start: Callable[[], Awaitable[PendingTask[Any] | Outcome[V]]] | None = None


class Race(Generic[E, V]):
    """Pulls items as there is room, starts them, and yields how each ended."""

    def __init__(
        self,
        source: Source[E],
        enter: Callable[[E, int], Entrant[V]],
        *,
        window: int = WINDOW,
        starting: int = STARTING,
        ordered: bool = False,
        timeout: float | Patience | None = OF_THE_KIND,
    ) -> None:
        self._source = source
        self._enter_as = enter
        self._window = window
        self._starting_most = starting
        self._ordered = ordered
        self._timeout = timeout
        self._pulled = 0
        self._yielded = 0
        self._pull: asyncio.Task[None] | None = None
        self._starting: set[asyncio.Future[PendingTask[Any] | Outcome[V]]] = set()
        self._pending: set[asyncio.Future[Any]] = set()
        self._ready: deque[Outcome[V]] = deque()
        self._held: dict[int, Outcome[V]] = {}
        self._fault: BaseException | None = None
        self._wake: asyncio.Future[None] | None = None
        self._left = False

    async def run(self) -> AsyncGenerator[Outcome[V]]:
        """Yield the outcomes. Cancelling, or leaving the loop, ends what is under way here."""
        try:
            while True:
                self._fill()
                if self._ready:
                    self._yielded += 1
                    yield self._ready.popleft()
                elif self._is_over():
                    break
                else:
                    await self._change()
            if self._fault is not None:
                raise self._fault
        finally:
            await self._clear()

    # ── pulling ────────────────────────────────────────────────────────────────────────────────────

    def _fill(self) -> None:
        if self._source.is_async:
            if (self._pull is None or self._pull.done()) and self._has_room():
                self._pull = asyncio.create_task(self._pull_one())
            return
        for _ in range(PULLED_AT_ONCE):
            if not self._has_room():
                return
            try:
                self._take(self._source.next())
            except Exception as error:  # noqa: BLE001  (the caller's own iterator: told when all has ended)
                self._fault = error

    async def _pull_one(self) -> None:
        try:
            self._take(await self._source.anext())
        except Exception as error:  # noqa: BLE001  (as above)
            self._fault = error
        except BaseException as error:
            if self._left:
                raise  # we cancelled it ourselves
            self._fault = _spoken(error)
        finally:
            self._poke()

    def _take(self, elements: list[E]) -> None:
        for element in elements:
            self._enter(self._enter_as(element, self._pulled))
            self._pulled += 1

    def _has_room(self) -> bool:
        return (
            not self._source.exhausted
            and self._fault is None
            and len(self._starting) < self._starting_most
            and self._pulled - self._yielded < self._window
        )

    def _is_over(self) -> bool:
        return (self._source.exhausted or self._fault is not None) and self._yielded == self._pulled

    # ── one item ───────────────────────────────────────────────────────────────────────────────────

    def _enter(self, entrant: Entrant[V]) -> None:
        if entrant.task is not None:
            self._follow(entrant, entrant.task)
            return
        assert entrant.start is not None
        # Of the coroutine itself: cancelled before its first step, a coroutine inside another is "never awaited".
        starting = asyncio.ensure_future(entrant.start())
        self._starting.add(starting)
        starting.add_done_callback(partial(self._started, entrant))

    def _started(self, entrant: Entrant[V], starting: asyncio.Future[PendingTask[Any] | Outcome[V]]) -> None:
        self._starting.discard(starting)
        error = self._error_of(starting)
        if self._left:
            return
        if error is not None:
            self._end(entrant, Outcome(error=error))
            return
        started = starting.result()
        if isinstance(started, PendingTask):
            self._follow(entrant, started)
        elif isinstance(started, Outcome):  # pyright: ignore[reportUnnecessaryIsInstance]  (as callers may)
            self._end(entrant, started)
        else:
            self._end(
                entrant, Outcome(error=InvalidType(f"what `submit` returns is needed, not {started!r:.40}"))
            )

    def _follow(self, entrant: Entrant[V], task: PendingTask[Any]) -> None:
        future = task.watch(self._timeout)
        self._pending.add(future)
        future.add_done_callback(partial(self._ended, entrant, task))
        self._poke()

    def _ended(self, entrant: Entrant[V], task: PendingTask[Any], future: asyncio.Future[Any]) -> None:
        self._pending.discard(future)
        error = self._error_of(future)
        value = None if error is not None else future.result()
        self._end(entrant, Outcome(ref=task.ref, error=error, value=value))

    def _end(self, entrant: Entrant[V], outcome: Outcome[V]) -> None:
        outcome = replace(outcome, key=entrant.key, index=entrant.index)
        if not self._ordered:
            self._ready.append(outcome)
        else:
            self._held[entrant.index] = outcome
            while (following := self._held.pop(self._yielded + len(self._ready), None)) is not None:
                self._ready.append(following)
        self._poke()

    def _error_of(self, future: asyncio.Future[Any]) -> Exception | None:
        if future.cancelled():
            return APIConnectionError("it was cancelled before it ended")
        error = future.exception()
        if error is None:
            return None
        veil(error)
        if isinstance(error, Exception):
            return error
        # No call raises such a thing, but the caller's own code in it may: an item without an end would hang all.
        self._fault = self._fault or error
        ended = APIConnectionError(f"it was ended by {type(error).__name__}")
        ended.__cause__ = error
        return ended

    # ── waiting and leaving ────────────────────────────────────────────────────────────────────────

    async def _change(self) -> None:
        if self._has_room() and (self._pull is None or self._pull.done()):
            await asyncio.sleep(0)  # there is more to pull; the others have had their turn
            return
        self._wake = asyncio.get_running_loop().create_future()
        await self._wake

    def _poke(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _clear(self) -> None:
        self._left = True
        for future in tuple(self._pending):
            future.cancel()
        left: set[asyncio.Future[Any]] = {*self._starting}
        if self._pull is not None and not self._pull.done():
            left.add(self._pull)
        for task in left:
            task.cancel()
        self._source.close()
        if left:
            await asyncio.wait(left)
        await self._source.aclose()


def _spoken(error: BaseException) -> BaseException:
    """Return what may be raised in the caller's task: a cancellation that nobody asked for there may not."""
    if not isinstance(error, asyncio.CancelledError):
        return error
    fault = APIConnectionError("it was cancelled before it ended")
    fault.__cause__ = error
    return fault
