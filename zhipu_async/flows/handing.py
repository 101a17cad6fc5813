"""What of a client's bulk work is under way: it ends when the client is closed."""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from typing import Protocol

from zhipu_async.errors import APIConnectionError, ZhipuError

log: logging.Logger = logging.getLogger("zhipu_async.bulk")

CLOSED = "the client was closed while this was under way"
CLOSED_HINT = (
    "What has ended is not lost: finished() of the outcomes gives it, unfinished() names what was cut off."
)


class Ending(Protocol):
    """Work that hands out its outcomes."""

    loop: asyncio.AbstractEventLoop | None

    def end(self, fault: ZhipuError | None = None) -> None:
        """Begin nothing more and cancel what is under way."""
        ...

    async def aclose(self) -> None:
        """Wait until nothing is left behind."""
        ...


class Handing:
    """All work of one client that hands out outcomes and that somebody still refers to."""

    def __init__(self) -> None:
        self._all: weakref.WeakSet[Ending] = weakref.WeakSet()
        self._lock = threading.Lock()  # loops of other threads add theirs

    def add(self, work: Ending) -> None:
        """Take note of some."""
        with self._lock:
            self._all.add(work)

    async def close(self) -> None:
        """End what belongs to this loop: it pays for nothing more, and its own loop hears why."""
        with self._lock:
            ours = [work for work in self._all if work.loop is asyncio.get_running_loop()]
        for work in ours:
            work.end(APIConnectionError(CLOSED, hint=CLOSED_HINT))
        for work in ours:
            try:
                await work.aclose()
            except Exception:  # of the caller's own iterator: the client is closed all the same
                log.exception("the input of bulk work failed while it was closed")
