"""The listening socket, which can be taken away and put back on the same port."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http import HttpProcessingError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

PATIENCE_AT_CLOSE = 0.05
"""Answers under way at the end are cancelled; aiohttp waits this long for connections to notice."""
BACKLOG = 4096
"""Connections that may wait to be accepted: a load test opens thousands at once."""

LOGGER = logging.getLogger("zhipu_async.simulator")
"""What the server has to say: that something came that is no HTTP, and faults of the simulator itself."""


def no_tracebacks_for_strangers(record: logging.LogRecord) -> bool:
    """What is no HTTP is answered with 400 and told in one line: it is no fault of the simulator. Nor is who left."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError):
        record.msg, record.args = "400 what came is no HTTP: %s", (" ".join(str(error).split()),)
        record.exc_info, record.levelno, record.levelname = None, logging.WARNING, "WARNING"
    return not isinstance(error, ConnectionError)


LOGGER.addFilter(no_tracebacks_for_strangers)


class Listener:
    """One aiohttp server on one port. Everything but `open` and `close` may be called from any thread."""

    def __init__(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, *, largest_request: int
    ) -> None:
        self.host = host
        self.port: int = port
        self._ssl_context = ssl_context
        self._largest_request = largest_request
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._opening: asyncio.Task[None] | None = None
        self._reopening: asyncio.TimerHandle | None = None

    async def open(self, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        application = web.Application(client_max_size=self._largest_request)
        application.router.add_route("*", r"/{tail:[\s\S]*}", handle)
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=PATIENCE_AT_CLOSE,
            logger=LOGGER,
        )  # fmt: skip
        await runner.setup()
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        try:
            await self._accept(self._bind())
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop listening and close every connection. May be called again."""
        if self._reopening is not None:
            self._reopening.cancel()
        if self._opening is not None:
            await self._opening
        runner, self._runner = self._runner, None
        self._stop_accepting()
        if runner is not None:
            await runner.cleanup()

    def refuse(self, seconds: float | None = None) -> None:
        """Close the port and every connection, so that the next attempt is refused; open it again after the seconds."""
        self._in_loop(lambda: self._refuse(seconds))

    def accept_again(self) -> None:
        """Open the port again; it listens when this returns."""
        self._in_loop(self._accept_again)

    def run(self, function: Callable[[], None]) -> None:
        """Run it in the server's loop, from whatever thread, and wait until it ran."""
        self._in_loop(function)

    @property
    def connections(self) -> int:
        """TCP connections that are open now."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.create_server((self.host, self.port), family=family, backlog=BACKLOG)
        self.port = int(listening.getsockname()[1])
        return listening

    async def _accept(self, listening: socket.socket) -> None:
        assert self._runner is not None
        assert self._runner.server is not None
        assert self._loop is not None
        self._server = await self._loop.create_server(
            self._runner.server, sock=listening, ssl=self._ssl_context, backlog=BACKLOG
        )

    def _stop_accepting(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _refuse(self, seconds: float | None) -> None:
        self._stop_accepting()
        if seconds is not None and self._loop is not None:
            self._reopening = self._loop.call_later(seconds, self._accept_again)
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()

    def _accept_again(self) -> None:
        if self._server is None and self._loop is not None and self._runner is not None:
            # The kernel queues connections from here on; the loop takes them as soon as it gets to it.
            self._opening = self._loop.create_task(self._accept(self._bind()))

    def _in_loop(self, function: Callable[[], None]) -> None:
        """Call it at once in our own thread, else in the loop and wait."""
        loop = self._loop
        if loop is None or threading.get_ident() == self._thread:
            function()
            return
        done: Future[None] = Future()

        def call() -> None:
            try:
                function()
            except OSError as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        loop.call_soon_threadsafe(call)
        done.result()
