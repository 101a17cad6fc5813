"""The one polling loop of an event loop: it asks about everything that somebody waits for."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

from zhipu_async.errors import APIConnectionError, TaskTimeout
from zhipu_async.flows.observe import TaskRecord
from zhipu_async.protocol.kinds import Kind, failure
from zhipu_async.protocol.schedule import (
    POLLS_PER_SECOND,
    POLLS_UNDER_WAY,
    UNSEEN,
    Agenda,
    Phase,
    PollBudget,
    Rhythm,
    forgives,
    is_refusal,
)
from zhipu_async.protocol.timeouts import check_wait
from zhipu_async.transport.clock import Clock
from zhipu_async.types.base import Reply
from zhipu_async.types.tasks import TaskRef

log: logging.Logger = logging.getLogger("zhipu_async.tasks")

T = TypeVar("T", bound=Reply)

MOST_STRANGE = (
    100  # unknown words that are warned of: a platform that counts in its status must not fill the log
)
SHORTEST_SLEEP = 0.001  # seconds: a sleep that rounds to nothing would make the loop spin

Ask = Callable[[Kind[Any], TaskRef[Any]], Awaitable[Reply]]


class Patience(Enum):
    """A timeout that nobody gave."""

    OF_THE_KIND = "as long as tasks of this kind may take"


OF_THE_KIND: Final = Patience.OF_THE_KIND


@dataclass(slots=True)
class Polling:
    """How `zhipu.tasks` asks: change it before the first task is waited for."""

    per_second: float = POLLS_PER_SECOND
    """Polls a second at most, all kinds together; halved while the platform refuses them."""
    under_way: int = POLLS_UNDER_WAY
    """Polls at one time at most."""
    scale: float = 1.0
    """What all intervals are multiplied with: 0.01 suits a simulator, 3 a background job."""


@dataclass(eq=False, slots=True)
class Watched:
    """A task that somebody waits for."""

    kind: Kind[Any]
    ref: TaskRef[Any]
    since: float
    age_known: bool
    record: TaskRecord
    waits: set[Wait] = field(default_factory=set["Wait"])
    poller: asyncio.Task[None] | None = None
    """Who is asking about it at this moment."""
    failing_since: float | None = None
    unseen: int = 0
    error: Exception | None = None


@dataclass(eq=False, slots=True)
class Wait:
    """One of those who wait for a task."""

    watched: Watched
    future: asyncio.Future[Any]
    seconds: float | None


class Scheduler:
    """Asks about many tasks from one asyncio task, which exists only while somebody waits.

    Pollers are asyncio tasks, as many as polls are under way: never one for each task that is pending.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        clock: Clock,
        random: Callable[[], float],
        polling: Polling,
        rhythms: dict[str, Rhythm],
        ended: Callable[[TaskRecord], None] = lambda _: None,
    ) -> None:
        self._ask = ask
        self._ended = ended
        self._clock = clock
        self._random = random
        self._polling = polling
        self._rhythms = rhythms
        self._budget = PollBudget(polling.per_second, now=clock.now())
        self._watched: dict[tuple[str, str], Watched] = {}
        self._polls_due: Agenda[Watched] = Agenda()
        self._deadlines: Agenda[Wait] = Agenda()
        self._under_way: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._wake: asyncio.Future[None] | None = None
        self._wakes_at = 0.0
        self._strange: set[tuple[str, str]] = set()

    def __repr__(self) -> str:
        return f"<Scheduler {len(self._watched)} tasks, {len(self._under_way)} polls under way>"

    def watch(
        self,
        kind: Kind[T],
        ref: TaskRef[T],
        *,
        age: float | None,
        timeout: float | None,
        record: TaskRecord | None = None,
    ) -> asyncio.Future[T]:
        """Return what will hold the result; cancelling it ends the watch, if nobody else waits.

        age: how many seconds ago the task was submitted; None asks at once.
        record: what observers are told, if they have heard of the task already.
        """
        check_wait(timeout)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        wait = Wait(self._entry(kind, ref, age, record), future, timeout)
        wait.watched.waits.add(wait)
        if timeout is not None:
            self._deadlines.put(wait, self._clock.now() + timeout)
            self._wake_by(self._clock.now() + timeout)
        future.add_done_callback(lambda _: self._leave(wait))
        if self._runner is None:
            self._runner = asyncio.get_running_loop().create_task(self._run(), name="zhipu_async polling")
        return future

    def close(self, message: str) -> None:
        """End every wait with an error; the tasks live on at the platform."""
        for watched in tuple(self._watched.values()):
            self._settle(watched, error=APIConnectionError(message))

    # ── who waits ──────────────────────────────────────────────────────────────────────────────────

    def _entry(
        self, kind: Kind[Any], ref: TaskRef[Any], age: float | None, record: TaskRecord | None
    ) -> Watched:
        watched = self._watched.get((kind.name, ref.id))
        if watched is None:
            now = self._clock.now()
            record = record or TaskRecord(kind.name, ref.id, str(ref), ref.model, now)
            watched = self._watched[kind.name, ref.id] = Watched(
                kind, ref, now - (age or 0.0), age is not None, record
            )
            pause = 0.0 if age is None else self._rhythm(kind).next(age, self._random())
            self._plan(watched, now + pause)
        return watched

    def _leave(self, wait: Wait) -> None:
        self._deadlines.drop(wait)
        watched = wait.watched
        watched.waits.discard(wait)
        if not watched.waits and self._watched.get((watched.kind.name, watched.ref.id)) is watched:
            self._forget(watched)

    def _forget(self, watched: Watched) -> None:
        del self._watched[watched.kind.name, watched.ref.id]
        self._polls_due.drop(watched)
        if watched.poller is not None:
            watched.poller.cancel()
        if not self._watched:
            self._wake_up()

    def _settle(self, watched: Watched, result: Reply | None = None, error: Exception | None = None) -> None:
        for wait in tuple(watched.waits):
            if wait.future.done():
                continue
            if error is None:
                wait.future.set_result(result)
            else:
                wait.future.set_exception(error)
                wait.future.exception()  # a waiter that is cancelled in this very moment is no reason for a log
        if watched.poller is asyncio.current_task():
            watched.poller = None  # it has its answer, and goes on to the next
        self._forget(watched)

    # ── the loop ───────────────────────────────────────────────────────────────────────────────────

    def _plan(self, watched: Watched, due: float) -> None:
        self._polls_due.put(watched, due)
        if due < self._wakes_at and self._has_room:
            self._wake_up()

    @property
    def _has_room(self) -> bool:
        return len(self._under_way) < self._polling.under_way

    def _wake_by(self, due: float) -> None:
        """See to it that the loop looks again at this time: waking it for every poll would double the cost."""
        if due < self._wakes_at:
            self._wake_up()

    def _wake_up(self) -> None:
        if self._wake is not None:
            _end(self._wake)

    async def _run(self) -> None:
        try:
            while self._watched:
                self._wake = asyncio.get_running_loop().create_future()
                self._expire()
                self._start_polls()
                await self._pause(self._wake)
        finally:
            self._runner = None
            # Only when the loop itself is being shut down is anybody left: they must not wait for ever.
            for watched in tuple(self._watched.values()):
                self._settle(watched, error=APIConnectionError("polling was cancelled; the task lives on"))

    def _expire(self) -> None:
        now = self._clock.now()
        while (wait := self._deadlines.pop_due(now)) is not None:
            if not wait.future.done():
                wait.future.set_exception(_timed_out(wait))
                wait.future.exception()

    def _start_polls(self) -> None:
        while self._has_room and (watched := self._next_poll()) is not None:
            poller = asyncio.get_running_loop().create_task(self._keep_polling(watched))
            watched.poller = poller
            self._under_way.add(poller)
            poller.add_done_callback(self._poller_ended)

    def _next_poll(self) -> Watched | None:
        """Return the task that has been due for longest, as long as the budget allows another poll."""
        now = self._clock.now()
        watched = self._polls_due.pop_due(now) if self._budget.allows(now) else None
        if watched is not None:
            self._budget.spend()
        return watched

    async def _keep_polling(self, watched: Watched) -> None:
        """Poll, and go on with what is due by then: an asyncio task for each poll costs as much as the rest here."""
        poller = watched.poller
        await self._poll(watched)
        while (following := self._next_poll()) is not None:
            following.poller = poller
            await self._poll(following)

    def _poller_ended(self, poller: asyncio.Task[None]) -> None:
        if not self._has_room:
            self._wake_up()
        self._under_way.discard(poller)

    async def _pause(self, wake: asyncio.Future[None]) -> None:
        seconds = self._until_next()
        self._wakes_at = math.inf if seconds is None else self._clock.now() + seconds
        if seconds is None:
            await wake
            return
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        sleeper.add_done_callback(lambda _: _end(wake))
        try:
            await wake
        finally:
            sleeper.cancel()

    def _until_next(self) -> float | None:
        """Return the seconds until something is due; None means that only an event can bring it."""
        now = self._clock.now()
        moments = [self._deadlines.next_due()]
        due = self._polls_due.next_due()
        if due is not None and self._has_room:
            moments.append(max(due, now + self._budget.ready_in(now)))
        known = [moment for moment in moments if moment is not None]
        return max(SHORTEST_SLEEP, min(known) - now) if known else None

    # ── one poll ───────────────────────────────────────────────────────────────────────────────────

    async def _poll(self, watched: Watched) -> None:
        watched.record.polls += 1
        try:
            reply = await self._ask(watched.kind, watched.ref)
            self._answered(watched, reply)
        except Exception as error:  # noqa: BLE001  (whatever it is, those who wait must hear of it)
            self._failed(watched, error)

    def _answered(self, watched: Watched, reply: Reply) -> None:
        self._budget.answered()
        watched.failing_since = watched.error = None
        watched.unseen = 0
        kind, ref = watched.kind, watched.ref
        status, phase = kind.read(reply)
        watched.record.status = status
        if phase is Phase.SUCCEEDED:
            if watched.age_known:
                self._rhythm(kind).learn(self._clock.now() - watched.since)
            self._end(watched, reply)
        elif phase is Phase.FAILED:
            self._end(watched, error=failure(kind, ref, reply, status))
        else:
            if phase is Phase.UNKNOWN:
                self._wonder(kind, status)
            self._again(watched)

    def _failed(self, watched: Watched, error: Exception) -> None:
        now = self._clock.now()
        if is_refusal(error):
            self._budget.refused(now)
        watched.error = error
        watched.failing_since = now if watched.failing_since is None else watched.failing_since
        watched.unseen = watched.unseen + 1 if isinstance(error, UNSEEN) else 0
        if forgives(error, failing_for=now - watched.failing_since, unseen=watched.unseen):
            self._again(watched)
        else:
            self._end(watched, error=error)

    def _end(self, watched: Watched, result: Reply | None = None, error: Exception | None = None) -> None:
        record = watched.record
        record.error, record.elapsed = error, self._clock.now() - record.started
        self._ended(record)
        self._settle(watched, result, error)

    def _again(self, watched: Watched) -> None:
        watched.poller = None
        now = self._clock.now()
        pause = self._rhythm(watched.kind).next(now - watched.since, self._random())
        self._plan(watched, now + pause)

    def _wonder(self, kind: Kind[Any], status: str) -> None:
        if (kind.name, status) not in self._strange and len(self._strange) < MOST_STRANGE:
            self._strange.add((kind.name, status))
            log.warning("a %s task has the unknown status %.60r; it is waited for", kind.name, status)

    def _rhythm(self, kind: Kind[Any]) -> Rhythm:
        rhythm = self._rhythms.get(kind.name)
        if rhythm is None:
            rhythm = self._rhythms[kind.name] = Rhythm(kind.pace, scale=self._polling.scale)
        return rhythm


def _end(wake: asyncio.Future[None]) -> None:
    if not wake.done():
        wake.set_result(None)


def _timed_out(wait: Wait) -> TaskTimeout:
    ref = str(wait.watched.ref)
    trouble = wait.watched.error
    last = f"; the last poll failed with {type(trouble).__name__}" if trouble is not None else ""
    error = TaskTimeout(
        f"task {wait.watched.ref.id} has not ended after {wait.seconds:g} s{last}",
        task_id=wait.watched.ref.id,
        ref=ref,
        seconds=wait.seconds or 0.0,
        hint=f"It lives on: zhipu.tasks.attach({ref!r}) waits for it again.",
    )
    error.__cause__ = trouble
    return error
