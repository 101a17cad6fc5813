"""Gives a client its task flow at the first use: most clients never submit, and the kinds cost an import.

And keeps what of its bulk work is under way, which ends when the client is closed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from zhipu_async.errors import APIConnectionError, ZhipuError

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.flows.ledger import Ledger
    from zhipu_async.flows.tasks import TaskFlow


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


class Tasking:
    """The task flow of one client, shared by its views."""

    def __init__(self, calls: Calls, ledger: str | os.PathLike[str] | Ledger | None) -> None:
        self._calls = calls
        self._ledger = ledger
        self._flow: TaskFlow | None = None
        self.handing: Handing = Handing()
        self._lock = threading.Lock()

    @property
    def has_ledger(self) -> bool:
        """Tell whether paid requests are written down."""
        return self._ledger is not None

    @property
    def flow(self) -> TaskFlow:
        """Return it, made now if need be."""
        if self._flow is None:
            self._make()
        assert self._flow is not None
        return self._flow

    async def close(self) -> None:
        """End this loop's bulk work and waits, and let go of the ledger. Cancelling does not stop it."""
        await self.handing.close()
        if self._flow is not None:
            await self._flow.close()

    def _make(self) -> None:
        from zhipu_async.flows.ledger import ledger_of
        from zhipu_async.flows.tasks import TaskFlow

        with self._lock:
            if self._flow is None:
                self._flow = TaskFlow(self._calls, ledger_of(self._ledger))
