"""Many things under way, handed out as they end: what `as_completed`, `gather` and `map` have in common."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from zhipu_async.errors import APIConnectionError, InvalidType
from zhipu_async.flows.scheduler import OF_THE_KIND, Patience
from zhipu_async.flows.source import Source
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.types.tasks import Outcome, Unfinished

E = TypeVar("E")
V = TypeVar("V")

WINDOW = 10_000  # under way at one time; each costs about a kilobyte
STARTING = 16  # on their way at one time: enough for a hundred a second, and a new limit is met gently
PULLED_AT_ONCE = 256  # before the other tasks of the loop get a turn


@dataclass(slots=True)
class Entrant(Generic[V]):
    """One item: a task that is pending already, or something to start that gives a task or an outcome."""

    key: str
    index: int
    task: PendingTask[Any] | None = None
    start: Callable[[], Awaitable[PendingTask[Any] | Outcome[V]]] | None = None


class Race(Generic[E, V]):
    """Pulls items as there is room, starts them, and keeps how each ended until somebody takes it.

    It moves on only while somebody asks: nothing is pulled between two calls of `fill`.
    """

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
        self.pulled: int = 0
        self.fault: BaseException | None = None
        """What ended the input, or came out of an item and cannot be an outcome; raised when all has ended."""
        self._source = source
        self._enter_as = enter
        self._window = window
        self._starting_most = starting
        self._ordered = ordered
        self._timeout = timeout
        self._taken = 0
        self._following = 0
        self._pull: asyncio.Task[None] | None = None
        self._starting: set[asyncio.Future[PendingTask[Any] | Outcome[V]]] = set()
        self._pending: set[asyncio.Future[Any]] = set()
        self._entrants: dict[int, Entrant[V]] = {}
        self._ready: deque[Outcome[V]] = deque()
        self._held: dict[int, Outcome[V] | None] = {}
        self._waiters: set[asyncio.Future[None]] = set()
        self._stopped = False
        self._left = False

    # ── handing out ────────────────────────────────────────────────────────────────────────────────

    def take(self) -> Outcome[V] | None:
        """Return the next item that has ended, if there is one."""
        if not self._ready:
            return None
        self._taken += 1
        return self._ready.popleft()

    def loosen(self) -> bool:
        """Make everything that has ended ready, also what waits for its turn; tell whether there is any."""
        for index in sorted(self._held):
            if (outcome := self._held[index]) is not None:
                self._ready.append(outcome)
                self._held[index] = None  # handed out already when its turn comes
        return bool(self._ready)

    @property
    def over(self) -> bool:
        """Tell whether nothing will come any more."""
        if self._ready:
            return False
        return self._left or (self._is_complete() and self._taken == self.pulled)

    def unfinished(self) -> list[Unfinished]:
        """Return what was pulled and has not ended."""
        return [
            Unfinished(each.key, each.index, each.task.ref if each.task is not None else None)
            for each in self._entrants.values()
        ]

    async def change(self) -> None:
        """Wait until something may be there to be taken. Cancelling loses nothing."""
        if self._has_room() and (self._pull is None or self._pull.done()):
            await asyncio.sleep(0)  # there is more to pull; the others have had their turn
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    # ── pulling ────────────────────────────────────────────────────────────────────────────────────

    def fill(self) -> None:
        """Pull and start as many items as there is room for."""
        if self._source.is_async:
            if (self._pull is None or self._pull.done()) and self._has_room():
                self._pull = asyncio.create_task(self._pull_one())
            return
        for _ in range(PULLED_AT_ONCE):
            if not self._has_room():
                return
            try:
                self._enter_each(self._source.next())
            except Exception as error:  # noqa: BLE001  (the caller's own iterator: told when all has ended)
                self.fault = error

    async def _pull_one(self) -> None:
        try:
            self._enter_each(await self._source.anext())
        except Exception as error:  # noqa: BLE001  (as above)
            self.fault = error
        except BaseException as error:
            if self._left or self._stopped:
                raise  # we cancelled it ourselves
            self.fault = _spoken(error)
        finally:
            self._poke()

    def _enter_each(self, elements: list[E]) -> None:
        for element in elements:
            self._enter(self._enter_as(element, self.pulled))
            self.pulled += 1

    def _has_room(self) -> bool:
        return (
            not self._left
            and not self._is_complete()
            and len(self._starting) < self._starting_most
            and self.pulled - self._taken < self._window
        )

    def _is_complete(self) -> bool:
        return self._source.exhausted or self._stopped or self.fault is not None

    # ── one item ───────────────────────────────────────────────────────────────────────────────────

    def _enter(self, entrant: Entrant[V]) -> None:
        self._entrants[entrant.index] = entrant
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
        if self._left and starting.cancelled():
            return
        error = self._error_of(starting)
        if error is not None:
            self._end(entrant, Outcome(error=error))
            return
        started = starting.result()
        if isinstance(started, PendingTask):
            entrant.task = started
            self._follow(entrant, started)
        elif isinstance(started, Outcome):  # pyright: ignore[reportUnnecessaryIsInstance]  (as callers may)
            self._end(entrant, started)
        else:
            self._end(
                entrant, Outcome(error=InvalidType(f"what `submit` returns is needed, not {started!r:.40}"))
            )

    def _follow(self, entrant: Entrant[V], task: PendingTask[Any]) -> None:
        if self._left:
            return
        future = task.watch(self._timeout)
        self._pending.add(future)
        future.add_done_callback(partial(self._ended, entrant, task))
        self._poke()

    def _ended(self, entrant: Entrant[V], task: PendingTask[Any], future: asyncio.Future[Any]) -> None:
        self._pending.discard(future)
        if self._left and future.cancelled():
            return
        error = self._error_of(future)
        value = None if error is not None else future.result()
        self._end(
            entrant, Outcome(key=entrant.key, index=entrant.index, ref=task.ref, error=error, value=value)
        )

    def _end(self, entrant: Entrant[V], outcome: Outcome[V]) -> None:
        if (outcome.key, outcome.index) != (entrant.key, entrant.index):
            outcome = replace(outcome, key=entrant.key, index=entrant.index)
        del self._entrants[entrant.index]
        if not self._ordered or self._left:
            self._ready.append(outcome)
        else:
            self._held[entrant.index] = outcome
            self._release()
        self._poke()

    def _release(self) -> None:
        while self._following in self._held:
            following = self._held.pop(self._following)
            self._following += 1
            if following is not None:
                self._ready.append(following)

    def _error_of(self, future: asyncio.Future[Any]) -> Exception | None:
        if future.cancelled():
            return APIConnectionError("it was cancelled before it ended")
        error = future.exception()
        if error is None or isinstance(error, Exception):
            return error
        # No call raises such a thing, but the caller's own code in it may: an item without an end would hang all.
        self.fault = self.fault or error
        ended = APIConnectionError(f"it was ended by {type(error).__name__}")
        ended.__cause__ = error
        return ended

    # ── leaving ────────────────────────────────────────────────────────────────────────────────────

    def stop(self) -> None:
        """Pull nothing more; what is under way goes on."""
        self._stopped = True
        if self._pull is not None:
            self._pull.cancel()
        self._poke()

    def leave(self) -> None:
        """Cancel what is under way; what has ended stays to be taken."""
        self._left = True
        self.loosen()
        for future in self._under_way():
            if not future.get_loop().is_closed():
                future.cancel()
        self._source.close()
        self._poke()

    async def aclose(self) -> None:
        """Leave, and wait until nothing is left behind."""
        self.leave()
        here = asyncio.current_task()
        if left := {future for future in self._under_way() if future is not here}:
            await asyncio.wait(left)
        await self._source.aclose()

    def _under_way(self) -> set[asyncio.Future[Any]]:
        pull: set[asyncio.Future[Any]] = set() if self._pull is None or self._pull.done() else {self._pull}
        return pull | self._starting | self._pending

    def _poke(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


def _spoken(error: BaseException) -> BaseException:
    """Return what may be raised in the caller's task: a cancellation that nobody asked for there may not."""
    if not isinstance(error, asyncio.CancelledError):
        return error
    fault = APIConnectionError("it was cancelled before it ended")
    fault.__cause__ = error
    return fault
