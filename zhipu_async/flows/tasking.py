"""Gives a client its task flow at the first use: most clients never submit, and the kinds cost an import."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from zhipu_async.flows.handing import Handing

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.flows.ledger import Ledger
    from zhipu_async.flows.tasks import TaskFlow


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
