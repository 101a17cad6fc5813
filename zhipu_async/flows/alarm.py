"""The clocks of one attempt: one timer, moved from phase to phase."""

from __future__ import annotations

import asyncio
from types import TracebackType

from zhipu_async.errors import APITimeoutError
from zhipu_async.protocol.timeouts import Timeout


class Alarm:
    """`async with Alarm(...)`: `begin("first")` winds that clock; the total clock always runs beside it."""

    __slots__ = ("_clock", "_deadline", "_loop", "_seconds", "_timeout", "_timer", "due", "sent")

    def __init__(self, timeout: Timeout, deadline: float | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._deadline = deadline
        self._clock = "total"
        self._seconds = timeout.total
        self._timer = asyncio.timeout_at(deadline)
        self.due = deadline
        self.sent = False  # while this is so, whatever happens has cost nothing

    async def __aenter__(self) -> Alarm:
        await self._timer.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timer.__aexit__(kind, error, trace)
        except TimeoutError:
            if not self._timer.expired():
                raise
            raise APITimeoutError(clock=self._clock, seconds=self._seconds or 0.0, sent=self.sent) from None

    def begin(self, clock: str) -> None:
        """Wind a clock from now; `due` is when it runs out, in the loop's time."""
        seconds: float | None = getattr(self._timeout, clock)
        due = None if seconds is None else self._loop.time() + seconds
        if self._deadline is not None and (due is None or self._deadline < due):
            clock, seconds, due = "total", self._timeout.total, self._deadline
        self._clock, self._seconds = clock, seconds
        self.due = due
        self._timer.reschedule(due)

    def moved(self) -> None:
        """Wind the idle clock anew: a piece of the response has come."""
        self.begin("idle")
