"""Waiting for what the simulator sees, from any loop and any thread."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Watchers:
    """Conditions somebody waits for, looked at whenever something happened."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], Future[None]]] = []
        self._lock = threading.Lock()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds. Cancelling it only stops the waiting."""
        future: Future[None] = Future()
        with self._lock:
            self._waiting.append((condition, future))
        self.look()  # it may hold already
        try:
            await asyncio.wrap_future(future)
        finally:
            with self._lock:
                self._waiting = [entry for entry in self._waiting if entry[1] is not future]

    def look(self) -> None:
        """Wake those whose condition holds now."""
        if not self._waiting:
            return
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for condition, future in waiting:
                if not settled(condition, future):
                    self._waiting.append((condition, future))


def settled(condition: Callable[[], bool], future: Future[None]) -> bool:
    """Tell whoever waits that the condition holds, or how it failed; not the server that happens to look."""
    try:
        holds = condition()
    except Exception as error:  # noqa: BLE001  whatever it is, it belongs to whoever waits
        future.set_exception(error)
        return True
    if holds and not future.done():
        future.set_result(None)
    return holds
