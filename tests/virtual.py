"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools

WALL_AT_ZERO = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
TICKS_BETWEEN_STEPS = 50  # enough loop passes for whatever one wake-up sets going


class VirtualClock:
    """Sleepers wake in the order of their times, when the test advances."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self._started_at = now
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return WALL_AT_ZERO + self._now - self._started_at

    @property
    def sleepers(self) -> int:
        """How many sleep."""
        return sum(not future.done() for _, _, future in self._sleepers)

    @property
    def next_wake(self) -> float | None:
        """How many seconds until the next sleeper wakes."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] - self._now if self._sleepers else None

    async def sleep(self, seconds: float, /) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + max(0.0, seconds), next(self._numbers), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let this much time pass, one sleeper after the other, and everything that they set going."""
        end = self._now + seconds
        await settle()
        while (wait := self.next_wake) is not None and self._now + wait <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            future.set_result(None)
            await settle()
        self._now = end

    async def run_until_idle(self) -> None:
        """Let time pass until nobody sleeps any more."""
        await settle()
        while (wait := self.next_wake) is not None:
            await self.advance(wait)


async def settle() -> None:
    """Let everything run that can run now."""
    for _ in range(TICKS_BETWEEN_STEPS):
        await asyncio.sleep(0)
