"""The HTTP door, opened off the loop: importing its library costs 130 ms that no event loop should pay."""

from __future__ import annotations

import asyncio
import importlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

    from zhipu_async.transport.http import Http


class Connection:
    """Gives the one `Http` of a client, made at the first call."""

    def __init__(self, *, trust_env: bool, session: aiohttp.ClientSession | None) -> None:
        self._trust_env = trust_env
        self._session = session
        self.opened: Http | None = None
        """The `Http`, once there is one: who finds it here need not wait."""
        self._lock = threading.Lock()

    async def http(self) -> Http:
        """Return it. Cancelling leaves nothing behind."""
        if self.opened is None:
            await asyncio.to_thread(importlib.import_module, "zhipu_async.transport.http")
            self._make()
        assert self.opened is not None
        return self.opened

    async def close(self) -> None:
        """Close what belongs to this loop and to dead ones."""
        if self.opened is not None:
            await self.opened.close()

    def _make(self) -> None:
        from zhipu_async.transport.http import Http

        with self._lock:
            if self.opened is None:
                self.opened = Http(trust_env=self._trust_env, session=self._session)
