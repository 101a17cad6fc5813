"""Whoever waits for a body whose connection is gone is woken."""

from __future__ import annotations

import asyncio
from typing import Protocol

LOOK_SECONDS = 1.0  # how often a waiting reader looks whether its connection is still there
# After which it looks again: a body that ends with its connection is told so a turn of the loop later.
SURE_SECONDS = 0.05


class Losable(Protocol):
    """What is read from a connection."""

    def lost(self) -> bool:
        """Tell whether the connection is gone though the body is not whole."""
        ...

    def close(self) -> None:
        """Drop the connection, which wakes the reader."""
        ...


class Lookout:
    """Closes a response whose connection is gone without its reader having heard of it: that wakes the reader."""

    __slots__ = ("_is_suspected", "_loop", "_response", "_timer")

    def __init__(self, response: Losable) -> None:
        self._response = response
        self._is_suspected = False
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        was_suspected, self._is_suspected = self._is_suspected, self._response.lost()
        if was_suspected and self._is_suspected:
            self._response.close()
            return
        seconds = SURE_SECONDS if self._is_suspected else LOOK_SECONDS
        self._timer = self._loop.call_later(seconds, self._look)
