"""Time, as it is handed to everything that waits or stamps."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where a flow gets its time from."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    def wall(self) -> float:
        """Return seconds since the epoch."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait; cancelling ends the wait and nothing else."""
        ...


class SystemClock:
    """The machine's clocks."""

    # The functions themselves: each call looks at them five times.
    now: staticmethod[[], float] = staticmethod(time.monotonic)
    wall: staticmethod[[], float] = staticmethod(time.time)

    async def sleep(self, seconds: float, /) -> None:
        """Wait; cancelling ends the wait and nothing else."""
        await asyncio.sleep(seconds)
