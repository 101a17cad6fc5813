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


class Watch:
    """Watches over an open stream: closes it when nothing comes, marks its permit when nobody reads.

    A clock costs one look at the time per network read; a timer per read would cost twenty times that.
    """

    __slots__ = ("__weakref__", "_begun", "_opened", "_since", "_timer", "_waiting", "expired", "loop")

    def __init__(self, opened: Opened) -> None:
        self.loop = asyncio.get_running_loop()
        self.expired: APITimeoutError | None = None
        self._opened = opened
        self._begun = False  # the first item has come
        self._waiting = False  # for the network; otherwise the program is at work, or nobody reads
        self._since = self.loop.time()  # when that began
        self._timer = self._look_later(self._since)

    def wait(self) -> None:
        """The reader begins to wait for the network; keep-alives do not end this."""
        self._waiting = True
        self._since = self.loop.time()
        if self._opened.permit.idle:
            self._opened.permit.idle = False

    def moved(self) -> None:
        """Items have come, and are the program's to work on."""
        self._begun = True
        self._waiting = False
        self._since = self.loop.time()

    def stop(self) -> None:
        """Watch no more."""
        self._timer.cancel()

    def look(self) -> None:
        """See whether a clock has run out, or whether nobody has read for a while."""
        now = self.loop.time()
        due = self._due(now)
        if self._waiting and due is not None and now >= due:
            self._expire()
            return
        if not self._waiting and now - self._since >= LOOK_SECONDS:
            self._opened.permit.idle = True
        self._timer = self._look_later(now)

    def _due(self, now: float) -> float | None:
        if not self._begun:
            return self._opened.first_deadline
        idle = self._opened.timeout.idle
        return None if idle is None else (self._since if self._waiting else now) + idle

    def _look_later(self, now: float) -> asyncio.TimerHandle:
        due = self._due(now)
        seconds = LOOK_SECONDS if due is None or due <= now else min(LOOK_SECONDS, due - now)
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
