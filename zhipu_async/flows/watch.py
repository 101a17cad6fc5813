"""The clocks of a stream that is open: one timer, which looks again when it fires."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING

from zhipu_async.errors import APITimeoutError

if TYPE_CHECKING:
    from zhipu_async.flows.job import Opened

LOOK_SECONDS = (
    1.0  # how often a stream looks at its clocks; also after how long an unread stream counts as idle
)

LOOK_SHARE = 0.25  # of the idle clock, so that a short one is not overrun by much


class Watch:
    """Watches over an open stream: closes it when nothing comes, marks its permit when nobody reads.

    The reader only counts its turns; the time is read when the timer fires. A timer per network read, or even a
    look at the clock, would cost more than everything else that is done for a read.
    """

    __slots__ = ("__weakref__", "_opened", "_seen", "_since", "_timer", "expired", "idle", "loop", "turn")

    def __init__(self, opened: Opened, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop: asyncio.AbstractEventLoop = loop or asyncio.get_running_loop()
        self.expired: APITimeoutError | None = None
        self.turn: int = 0
        """Counts up when the reader begins to wait for the network and when items have come: odd while it waits."""
        self.idle: bool = False
        """Nobody has read for a while, and the permit says so."""
        self._opened = opened
        self._seen: int = 0  # the turn at the last look
        self._since = self.loop.time()  # when that turn was new
        self._timer = self._look_later(self._since)

    def busy(self) -> None:
        """Somebody reads again."""
        self.idle = self._opened.permit.idle = False

    def stop(self) -> None:
        """Watch no more."""
        self._timer.cancel()

    def look(self) -> None:
        """See whether a clock has run out, or whether nobody has read for a while."""
        now = self.loop.time()
        waiting = self.turn % 2 == 1
        if self.turn != self._seen:
            self._seen, self._since = self.turn, now
        due = self._due(now)
        if waiting and due is not None and now >= due:
            self._expire()
            return
        if waiting and self._opened.response.lost():
            self._opened.response.close()  # wakes the read
            return
        if not waiting and now - self._since >= LOOK_SECONDS:
            self.idle = self._opened.permit.idle = True
        self._timer = self._look_later(now)

    @property
    def _begun(self) -> bool:
        return self.turn > 1

    def _due(self, now: float) -> float | None:
        """When the clock that runs now is due; the idle clock stands still while the program is at work."""
        if not self._begun:
            return self._opened.first_deadline
        idle = self._opened.timeout.idle
        return None if idle is None else (self._since if self.turn % 2 else now) + idle

    def _look_later(self, now: float) -> asyncio.TimerHandle:
        due, seconds = self._due(now), LOOK_SECONDS
        if self._opened.timeout.idle is not None:
            seconds = min(seconds, self._opened.timeout.idle * LOOK_SHARE)
        if due is not None and due > now:
            seconds = min(seconds, due - now)
        # Held weakly: a stream that nobody holds must not live on because of its timer.
        watch: weakref.ref[Watch] = weakref.ref(self)
        return self.loop.call_later(seconds, look, watch)

    def _expire(self) -> None:
        clock = "idle" if self._begun else self._opened.first_clock
        seconds: float | None = getattr(self._opened.timeout, clock)
        self.expired = APITimeoutError("no event came", clock=clock, seconds=seconds or 0.0)
        self._opened.response.close()  # wakes the read, which then finds why


def look(watch: weakref.ref[Watch]) -> None:
    """Look, if there is still something to watch."""
    alive = watch()
    if alive is not None:
        alive.look()
