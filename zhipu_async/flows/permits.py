"""Waiting for a place: the limiter's queues, shared by all tasks, loops and threads of a session."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from zhipu_async.protocol.limits import ACCEPTED, UNLIMITED, Lane, Pool, Ticket
from zhipu_async.protocol.tiers import ConfiguredLimits
from zhipu_async.transport.clock import Clock, SystemClock

MOST_LANES = 1024  # a proxy may pass on any model name; beyond this, lanes without work are forgotten

__all__ = ["ACCEPTED", "LimitState", "Permit", "Permits", "Pool"]


class LimitState(msgspec.Struct, frozen=True):
    """What is known about one model at this moment."""

    key_id: str
    model: str
    pool: Pool
    in_flight: int
    queued: int
    cap: int | None
    """How many may be in flight; None for submissions of which none was ever refused."""
    configured: bool
    refused_seconds_ago: float | None
    """The age of the last 1302 or 1303."""

    def __str__(self) -> str:
        cap = "no cap" if self.cap is None else f"{'at most' if self.configured else 'learned'} {self.cap}"
        facts = [f"{self.in_flight} in flight ({cap})", f"{self.queued} queued"]
        if self.refused_seconds_ago is not None:
            facts.append(f"1302 {self.refused_seconds_ago:.0f} s ago")
        kind = " submissions" if self.pool is Pool.SUBMISSIONS else ""
        name = f"{self.model}{kind}" if self.model else "no model"
        return f"{name}: {', '.join(facts)}"


class Permits:
    """Who may send now: per key, model and pool, first come first served."""

    def __init__(self, limits: Mapping[str, int] | str | None = None, clock: Clock | None = None) -> None:
        self._lines: dict[tuple[str, str, Pool], _Line] = {}
        self._lock = threading.Lock()
        self._clock = clock or SystemClock()
        self._configured = ConfiguredLimits(limits)

    def try_acquire(self, key_id: str, model: str, pool: Pool = Pool.CALLS) -> Permit | None:
        """Return a permit if there is one at once."""
        line = self._lines.get((key_id, model, pool)) or self._new_line(key_id, model, pool)
        return line.try_enter()

    async def acquire(self, key_id: str, model: str, pool: Pool = Pool.CALLS) -> Permit:
        """Return a permit when it is this caller's turn. Cancelling leaves the queue."""
        line = self._lines.get((key_id, model, pool)) or self._new_line(key_id, model, pool)
        return line.try_enter() or await line.wait()

    def states(self) -> list[LimitState]:
        """Return what is in flight, queued and learned, per model."""
        return [self._state(*key, line) for key, line in list(self._lines.items())]

    def __repr__(self) -> str:
        return f"<limits {'; '.join(map(str, self.states())) or 'nothing sent yet'}>"

    def _new_line(self, key_id: str, model: str, pool: Pool) -> _Line:
        with self._lock:
            if len(self._lines) >= MOST_LANES:
                self._lines = {key: line for key, line in self._lines.items() if line.busy}
            return self._lines.setdefault((key_id, model, pool), _Line(self._lane(model, pool), self._clock))

    def _lane(self, model: str, pool: Pool) -> Lane:
        if pool is Pool.SUBMISSIONS:
            return Lane(start=UNLIMITED, ceiling=UNLIMITED, of_one_model=bool(model))
        cap = self._configured.cap(model)
        return Lane() if cap is None else Lane(start=cap, ceiling=cap)

    def _state(self, key_id: str, model: str, pool: Pool, line: _Line) -> LimitState:
        lane = line.lane
        return LimitState(
            key_id,
            model,
            pool,
            in_flight=lane.in_flight,
            queued=len(line.waiting),
            cap=None if lane.cap == UNLIMITED else lane.cap,
            configured=pool is Pool.CALLS and self._configured.cap(model) is not None,
            refused_seconds_ago=None if lane.refused_at is None else self._clock.now() - lane.refused_at,
        )


class Permit:
    """The right to have one request in flight, until `release`."""

    __slots__ = ("__weakref__", "_held", "_line", "_loop", "_ticket")

    def __init__(
        self, line: _Line, loop: asyncio.AbstractEventLoop, held: set[Ticket], ticket: Ticket
    ) -> None:
        self._line = line
        self._loop = loop
        self._held = held  # the tickets of this loop: in there while it is valid
        self._ticket = ticket

    def __repr__(self) -> str:
        return f"<Permit {'held' if self._ticket in self._held else 'released'}>"

    def release(self, answer: str | None = ACCEPTED) -> None:
        """Give the place to the next; from any thread or loop, and only the first call counts.

        `answer` is the business code of a refusal; None or "" teaches the limiter nothing.
        """
        self._line.leave(self._held, self._ticket, answer or "")

    @property
    def idle(self) -> bool:
        """Whether nobody reads what arrives: where all are idle, the head of the queue may pass."""
        return self._ticket.idle

    @idle.setter
    def idle(self, idle: bool) -> None:
        if idle is not self._ticket.idle:
            self._line.mark_idle(self._held, self._ticket, idle)

    def __del__(self) -> None:
        # A task that was submitted and forgotten would hold its place for ever. This may run while this very
        # thread holds the limiter's lock, so the loop does it.
        if self._ticket in self._held:
            with suppress(RuntimeError):  # a closed loop: the next who queues up takes it back
                self._loop.call_soon_threadsafe(self._line.leave, self._held, self._ticket, "")


class _Waiter:
    """One caller in a queue."""

    __slots__ = ("loop", "nudged", "permit")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.nudged = asyncio.Event()
        self.permit: Permit | None = None

    def nudge(self) -> None:
        """Make it look again; from any thread."""
        if _running_loop() is self.loop:
            self.nudged.set()
            return
        with suppress(RuntimeError):  # closed a moment ago: the next who queues up takes its place back
            self.loop.call_soon_threadsafe(self.nudged.set)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Line:
    """A lane and its queue. Under the lock nothing waits, and nothing of the caller's runs."""

    def __init__(self, lane: Lane, clock: Clock) -> None:
        self.lane = lane
        self.waiting: OrderedDict[_Waiter, None] = OrderedDict()
        self._held: dict[asyncio.AbstractEventLoop, set[Ticket]] = {}
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether anybody holds or wants a place."""
        return bool(self.lane.in_flight or self.waiting)

    def try_enter(self) -> Permit | None:
        """Take a place unless others wait for one."""
        with self._lock:
            return None if self.waiting else self._admit(asyncio.get_running_loop(), self._clock.now())

    async def wait(self) -> Permit:
        """Queue up. Whoever is cancelled passes on what it may have got."""
        waiter = _Waiter()
        try:
            self._join(waiter)
            while (permit := waiter.permit) is None:
                await self._pause_or_nudge(waiter)
        except BaseException:
            self._withdraw(waiter)
            raise
        return permit

    def leave(self, held: set[Ticket], ticket: Ticket, answer: str) -> None:
        """Give a place back."""
        with self._lock:
            if ticket in held:
                held.remove(ticket)
                self.lane.leave(ticket, answer, self._clock.now(), waiting=bool(self.waiting))
                if self.waiting:
                    self._let_in()

    def mark_idle(self, held: set[Ticket], ticket: Ticket, idle: bool) -> None:
        """Note whether somebody reads what comes through this place."""
        with self._lock:
            if ticket in held:
                self.lane.mark_idle(ticket, idle)
                self._let_in()

    def _join(self, waiter: _Waiter) -> None:
        with self._lock:
            self.waiting[waiter] = None
            self._sweep()
            self._let_in()

    async def _pause_or_nudge(self, waiter: _Waiter) -> None:
        """Wait until something may have changed; the head of a closed lane is who looks at the clock."""
        waiter.nudged.clear()
        pause = self._pause_of(waiter)
        if pause > 0:
            await self._clock.sleep(pause)
            self._look_again()
        else:
            await waiter.nudged.wait()

    def _pause_of(self, waiter: _Waiter) -> float:
        with self._lock:
            if next(iter(self.waiting), None) is waiter:
                pause = self.lane.closed_until - self._clock.now()
                if pause > 0:
                    return pause
                # It may have opened since the nudge: if nothing is in flight, nobody would nudge again.
                self._let_in()
            if waiter.permit is not None:
                waiter.nudged.set()
            return 0.0

    def _look_again(self) -> None:
        with self._lock:
            self._let_in()

    def _withdraw(self, waiter: _Waiter) -> None:
        with self._lock:
            self.waiting.pop(waiter, None)
            self._let_in()
        if waiter.permit is not None:
            waiter.permit.release(None)

    # ── under the lock ─────────────────────────────────────────────────────────────────────────────

    def _admit(self, loop: asyncio.AbstractEventLoop, now: float) -> Permit | None:
        ticket = self.lane.enter(now)
        if ticket is None:
            return None
        held = self._held.get(loop)
        if held is None:
            self._sweep()
            held = self._held[loop] = set()
        held.add(ticket)
        return Permit(self, loop, held, ticket)

    def _let_in(self) -> None:
        """Let in who may enter; the head that may not is told when the lane is closed, and sleeps."""
        now = self._clock.now()
        while self.waiting:
            head = next(iter(self.waiting))
            if not head.loop.is_closed():
                head.permit = self._admit(head.loop, now)
                if head.permit is None:
                    if now < self.lane.closed_until:  # by the same look at the clock as above
                        head.nudge()
                    return
                head.nudge()
            del self.waiting[head]

    def _sweep(self) -> None:
        """Take back what closed loops left behind."""
        for loop in [loop for loop in self._held if loop.is_closed()]:
            held = self._held.pop(loop)
            while held:
                self.lane.leave(held.pop(), "", self._clock.now(), waiting=bool(self.waiting))
