"""A server of event streams that does what the test says, and knows when the other side has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\nX-LOG-ID: log-1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


class Talk(asyncio.Protocol):
    """One connection: `send` an event's bytes, `finish` or `cut` the body, wait until the client has `gone`."""

    def __init__(self, server: EventServer) -> None:
        self._server = server
        self._requests: asyncio.Queue[None] = asyncio.Queue()
        self._head = b""
        self._waiting = 0
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server.talks.append(self)
        self._task = asyncio.ensure_future(self._serve())

    def data_received(self, data: bytes) -> None:
        self._head += data
        start, found, body = self._head.partition(b"\r\n\r\n")
        length = start.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if found and len(body) >= int(length or b"0"):
            self._head = b""
            self._server.requests += 1
            self._requests.put_nowait(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        self._task.cancel()

    async def _serve(self) -> None:
        while True:
            await self._requests.get()
            await self._server.script(self)

    def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.transport.write(data)

    def send(self, *events: bytes) -> None:
        """Write each of these as one HTTP chunk."""
        self.raw(b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in events))

    def finish(self) -> None:
        """End the body; the connection may be used again."""
        self.raw(b"0\r\n\r\n")

    def cut(self) -> None:
        """Close the connection in the middle of the body."""
        self.transport.close()


Script: TypeAlias = Callable[[Talk], Awaitable[None]]


class EventServer:
    """A running server: its address, its connections, and how many requests came."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.base_url = ""
        self.requests = 0
        self.talks: list[Talk] = []

    @property
    def open_connections(self) -> int:
        """Return how many clients are still there."""
        return sum(not talk.gone.is_set() for talk in self.talks)


@asynccontextmanager
async def event_server(script: Script) -> AsyncGenerator[EventServer]:
    """Run a server that answers every request by the script."""
    server = EventServer(script)
    listening = await asyncio.get_running_loop().create_server(lambda: Talk(server), "127.0.0.1", 0)
    server.base_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/api/paas/v4"
    try:
        yield server
    finally:
        listening.close()
        for talk in server.talks:
            talk.transport.abort()


def body(*events: bytes, finish: bool = True) -> Script:
    """Answer with these events at once, and end the body unless told otherwise."""

    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        talk.send(*events)
        if finish:
            talk.finish()

    return script
