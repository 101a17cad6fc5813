"""The simulator in a thread of its own, for code that has no event loop or must not share it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from .server import Simulator

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE_FOR_THE_THREAD = 30.0
"""Seconds to wait for the server to listen or to stop; it takes milliseconds unless something is very wrong."""


class SimulatorThread:
    """`with SimulatorThread() as sim:` runs a simulator beside the program; give it a `Simulator` with settings.

    The `sim` of the block is the `Simulator` itself; its methods may be called from any thread, and what it offers to
    `await` may be awaited in any loop.
    """

    def __init__(self, simulator: Simulator | None = None) -> None:
        self.simulator: Simulator = simulator or Simulator()
        self._listening: Future[None] = Future()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="zhipu-simulator", daemon=True)

    def __enter__(self) -> Simulator:
        self.start()
        return self.simulator

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; errors such as a port in use are raised here."""
        self._thread.start()
        self._listening.result(PATIENCE_FOR_THE_THREAD)

    def stop(self) -> None:
        """Stop listening and end the thread. May be called again."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE_FOR_THE_THREAD)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # whatever it is, it belongs to the thread that waits for the start
            if self._listening.done():
                raise
            self._listening.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with self.simulator:
            self._listening.set_result(None)
            await self._stop.wait()
