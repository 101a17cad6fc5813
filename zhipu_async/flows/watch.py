"""The clocks of streams that are open, on one timer for all streams of a loop."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from typing import TYPE_CHECKING

from zhipu_async.errors import APITimeoutError
from zhipu_async.transport.lookout import SURE_SECONDS

if TYPE_CHECKING:
    from zhipu_async.flows.job import Opened

LOOK_SECONDS = 1.0  # how often a stream looks at its clocks; also after how long an unread one counts as idle
LOOK_SHARE = 0.25  # of the idle clock, so that a short one is not overrun by much
LATE_SHARE = 0.25  # of the time between two looks: so much may the first of them have come late


class Watch:
    """Watches over an open stream: closes it when nothing comes, marks its permit when nobody reads.

    The reader only counts its turns; the time is read when the timer fires. A timer per network read, or even a
    look at the clock, would cost more than everything else that is done for a read.
    """

    __slots__ = (
        "_idle",
        "_is_suspected",
        "_opened",
        "_patrol",
        "_seen",
        "_since",
        "expired",
        "idle",
        "look_at",
        "turn",
    )

    def __init__(self, opened: Opened, loop: AbstractEventLoop | None = None) -> None:
        loop = loop or asyncio.get_running_loop()
        self.expired: APITimeoutError | None = None
        self.turn: int = 0
        """Counts up when the reader begins to wait for the network and when items have come: odd while it waits."""
        self.idle: bool = False
        """Nobody has read for a while, and the permit says so."""
        self._opened = opened
        self._idle = opened.timeout.idle
        self._seen: int = 0  # the turn at the last look
        self._since = loop.time()  # when that turn was new
        self._is_suspected = False
        self._patrol = _patrols.get(loop) or _new_patrol(loop)
        self.look_at: float = self._next_look(self._since)
        """When to look at it, in the loop's time."""
        self._patrol.add(self)

    @property
    def loop(self) -> AbstractEventLoop:
        """Return the loop in which the stream was opened."""
        return self._patrol.loop

    def busy(self) -> None:
        """Somebody reads again."""
        self.idle = self._opened.permit.idle = False

    def stop(self) -> None:
        """Watch no more."""
        self._patrol.watches.discard(self)

    def abandon(self) -> None:
        """Watch no more, drop the connection and return the permit: nobody holds the stream any more."""
        self.stop()
        self._opened.abandon()

    def look(self, now: float) -> None:
        """See whether a clock has run out, or whether nobody has read for a while."""
        waiting = self.turn % 2 == 1
        if self.turn != self._seen:
            self._seen, self._since = self.turn, now
        due = self._due(now)
        if waiting and due is not None and now >= due:
            self._expire()
        elif waiting and self._opened.response.lost():
            self._suspect(now)
        else:
            self._is_suspected = False
            self.look_at = self._next_look(now)
            if not waiting and now - self._since >= LOOK_SECONDS * (1 - LATE_SHARE):
                self.idle = self._opened.permit.idle = True

    def _suspect(self, now: float) -> None:
        """Close a connection that is gone, once it is sure that this is not just how the body ends."""
        if self._is_suspected:
            self.stop()
            self._opened.response.close()  # wakes the read
        self._is_suspected = True
        self.look_at = now + SURE_SECONDS

    def _due(self, now: float) -> float | None:
        """When the clock that runs now is due; the idle clock stands still while the program is at work."""
        if self.turn <= 1:
            return self._opened.first_deadline
        return None if self._idle is None else (self._since if self.turn % 2 else now) + self._idle

    def _next_look(self, now: float) -> float:
        idle, due = self._idle, self._due(now)
        step = LOOK_SECONDS if idle is None else min(LOOK_SECONDS, idle * LOOK_SHARE)
        # At full steps of the clock, so that one look serves all streams, whenever they were opened.
        look_at = now + step - now % step
        if due is not None and now < due < look_at:
            return due
        return look_at if look_at > now else now + step

    def _expire(self) -> None:
        self.stop()
        clock = "idle" if self.turn > 1 else self._opened.first_clock
        seconds: float | None = getattr(self._opened.timeout, clock)
        self.expired = APITimeoutError("no event came", clock=clock, seconds=seconds or 0.0)
        self._opened.response.close()  # wakes the read, which then finds why


class Patrol:
    """One timer for all open streams of a loop: a timer for each would cost more than a short stream's events.

    It holds what belongs to a connection, never the stream that a program holds: one that is dropped must not
    live on because of its clocks.
    """

    __slots__ = ("_at", "_timer", "loop", "watches")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop: AbstractEventLoop = loop
        self.watches: set[Watch] = set()
        self._at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, watch: Watch) -> None:
        """Look at a stream as often as it wants, until it stops."""
        self.watches.add(watch)
        if self._timer is None or watch.look_at < self._at:
            self._wind(watch.look_at)

    def _wind(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._at = due
        self._timer = self.loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        now = max(self.loop.time(), self._at)  # timers may fire a tick of the clock early
        for watch in tuple(self.watches):
            if watch.look_at <= now:
                watch.look(now)
        if self.watches:
            self._wind(min(watch.look_at for watch in self.watches))


_patrols: dict[AbstractEventLoop, Patrol] = {}


def _new_patrol(loop: AbstractEventLoop) -> Patrol:
    for dead in [known for known in tuple(_patrols) if known.is_closed()]:
        _patrols.pop(dead, None)
    return _patrols.setdefault(loop, Patrol(loop))
