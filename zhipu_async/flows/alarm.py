"""The clocks of one attempt, moved from phase to phase, on one timer for all attempts of a loop."""

from __future__ import annotations

import asyncio
import math
from asyncio import AbstractEventLoop
from collections.abc import Callable
from types import TracebackType

from zhipu_async.errors import APITimeoutError
from zhipu_async.protocol.timeouts import Timeout


class Alarm:
    """`with Alarm(...)`: `begin("first")` winds that clock; the total clock always runs beside it.

    It ends the block as `asyncio.timeout` does, by cancelling the task and taking that back.
    """

    __slots__ = (
        "_bell",
        "_cancelling",
        "_clock",
        "_deadline",
        "_rang",
        "_task",
        "_timeout",
        "due",
        "sent",
    )

    def __init__(self, bell: Bell, timeout: Timeout, deadline: float | None) -> None:
        self._bell = bell
        self._timeout = timeout
        self._deadline = deadline
        self._clock = "total"
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._rang = False
        self.due = deadline
        self.sent: bool = False  # while this is so, whatever happens has cost nothing

    def __enter__(self) -> Alarm:
        bell = self._bell
        task = self._task = asyncio.current_task(bell.loop)
        assert task is not None
        self._cancelling = task.cancelling()
        bell.wound.add(self)
        if self.due is not None and self.due < bell.at:
            bell.wind(self.due)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bell.wound.discard(self)
        if not self._rang:
            return
        assert self._task is not None
        # Cancelled by somebody else as well: then that is what counts.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            seconds: float | None = getattr(self._timeout, self._clock)
            raise APITimeoutError(clock=self._clock, seconds=seconds or 0.0, sent=self.sent) from None

    def begin(self, clock: str) -> None:
        """Wind a clock from now; `due` is when it runs out, in the loop's time."""
        bell, deadline = self._bell, self._deadline
        seconds: float | None = getattr(self._timeout, clock)
        due = None if seconds is None else bell.time() + seconds
        if deadline is not None and (due is None or deadline < due):
            clock, due = "total", deadline
        self._clock = clock
        self.due = due
        if due is not None and due < bell.at:
            bell.wind(due)

    def leave(self) -> None:
        """Note that the first bytes of the request go out: from now on it may have arrived."""
        self.sent = True

    def sending(self) -> None:
        """Wind the clock of the first byte anew: a piece of the request has left."""
        self.begin("first")

    def moved(self) -> None:
        """Wind the idle clock anew: a piece of the response has come."""
        self.begin("idle")

    def ring(self) -> None:
        """The time is over."""
        assert self._task is not None
        self._rang = True
        self._task.cancel()


class Bell:
    """One timer for all alarms of a loop, set for the earliest of them.

    Hardly any alarm ever rings, and most are wound three times. A timer moved each time would cost as much as
    everything else that a call needs; this one is only moved when an alarm is due before all others.
    """

    __slots__ = ("_timer", "at", "loop", "time", "wound")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop: AbstractEventLoop = loop
        self.time: Callable[[], float] = loop.time
        self.at: float = math.inf
        """When it rings; who is due later need not wind it."""
        self._timer: asyncio.TimerHandle | None = None
        self.wound: set[Alarm] = set()

    def wind(self, due: float) -> None:
        """Ring earlier than until now."""
        if self._timer is not None:
            self._timer.cancel()
        self.at = due
        self._timer = self.loop.call_at(due, self._ring)

    def _ring(self) -> None:
        now = max(self.time(), self.at)  # timers may fire a tick of the clock early
        self._timer, self.at = None, math.inf
        earliest: float | None = None
        for alarm in tuple(self.wound):
            if alarm.due is None:
                continue
            if alarm.due <= now:
                self.wound.discard(alarm)
                alarm.ring()
            elif earliest is None or alarm.due < earliest:
                earliest = alarm.due
        if earliest is not None:
            self.wind(earliest)


_bells: dict[AbstractEventLoop, Bell] = {}


def bell() -> Bell:
    """Return the one of the loop that runs."""
    loop = asyncio.get_running_loop()
    return _bells.get(loop) or _new_bell(loop)


def _new_bell(loop: AbstractEventLoop) -> Bell:
    for dead in [known for known in tuple(_bells) if known.is_closed()]:
        _bells.pop(dead, None)
    return _bells.setdefault(loop, Bell(loop))
