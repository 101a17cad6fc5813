"""The other end: HTTP by hand on a bare protocol, so that no contender ever waits for it."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from benchmarks.harness import scenes

AUTHORITY, CERTIFICATE = "authority.pem", "server.pem"

PASSES_PER_EVENT = 3  # of the loop: one to write, one to see it readable, one to run the reader


class Server(asyncio.Protocol):
    """One connection; the first part of the path names the scene, its numbers follow after dashes."""

    def __init__(self, drips: Drips) -> None:
        self._drips = drips
        self._unread = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is no asyncio.Transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head = self._unread[:end]
            size = end + 4 + length(head)
            if len(self._unread) < size:
                return
            self._unread = self._unread[size:]
            self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, path: str) -> None:
        scene, *numbers = path.split("/", 2)[1].split("-")
        answer: Callable[..., None] = getattr(self, f"_{scene}")
        answer(path, *map(int, numbers))

    def _burst(self, path: str, count: int) -> None:
        self._transport.write(whole_stream(path, count))

    def _parting(self, path: str, count: int) -> None:
        self._transport.write(whole_stream(path, count).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        self._transport.close()

    def _blocks(self, path: str, count: int) -> None:
        self._transport.write(scenes.blocks(count))

    def _drip(self, path: str, count: int, streams: int) -> None:
        self._transport.write(scenes.EVENTS)
        self._drips.add(self._transport, count, streams)

    def _spaced(self, path: str, events: int, microseconds: int) -> None:
        """Write one event at a time, so many microseconds apart."""
        self._transport.write(scenes.EVENTS)
        chunks = [scenes.chunk(event) for event in scenes.events(events)]
        chunks[-1] += scenes.LAST
        Spaced(self._transport, chunks, microseconds / 1e6).step()

    def _hold(self, path: str, milliseconds: int) -> None:
        first, *rest = scenes.events(10)
        self._transport.write(scenes.EVENTS + scenes.chunk(first))
        asyncio.get_running_loop().call_later(
            milliseconds / 1000, self._transport.write, b"".join(map(scenes.chunk, rest)) + scenes.LAST
        )

    def _call(self, path: str) -> None:
        self._transport.write(scenes.completion())

    def _slow(self, path: str, milliseconds: int) -> None:
        asyncio.get_running_loop().call_later(milliseconds / 1000, self._transport.write, scenes.completion())

    def _vectors(self, path: str) -> None:
        self._transport.write(scenes.vectors())

    def _task(self, path: str, run: int) -> None:
        polls = self._drips.polls
        polls[path] = polls.get(path, 0) + 1
        self._transport.write(scenes.task(polls[path] >= scenes.TASK_POLLS))
        if polls[path] >= scenes.TASK_POLLS:
            del polls[path]


class Drips:
    """Streams that get one event each per wakeup of their reader; they begin together."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Transport] = []
        self.polls: dict[str, int] = {}

    def add(self, transport: asyncio.Transport, count: int, streams: int) -> None:
        """Take a stream; the last one to come starts all."""
        self._waiting.append(transport)
        if len(self._waiting) == streams:
            started, self._waiting = self._waiting, []
            chunks = [scenes.chunk(event) for event in scenes.events(count)]
            chunks[-1] += scenes.LAST
            Drip(started, chunks).step()


class Drip:
    """Writes an event to each stream, and again a few passes of the loop later."""

    def __init__(self, transports: list[asyncio.Transport], chunks: list[bytes]) -> None:
        self._transports = transports
        self._chunks = iter(chunks)
        self._passes = 10  # the readers have to take the header first
        self._loop = asyncio.get_running_loop()

    def step(self) -> None:
        """Do this pass."""
        self._passes -= 1
        if self._passes:
            self._loop.call_soon(self.step)
            return
        self._passes = PASSES_PER_EVENT
        chunk = next(self._chunks, None)
        if chunk is not None:
            for transport in self._transports:
                transport.write(chunk)
            self._loop.call_soon(self.step)


class Spaced:
    """Writes an event, and the next one some time later."""

    def __init__(self, transport: asyncio.Transport, chunks: list[bytes], seconds: float) -> None:
        self._transport = transport
        self._chunks = iter(chunks)
        self._loop = asyncio.get_running_loop()
        self._times = count(self._loop.time() + seconds, seconds)

    def step(self) -> None:
        """Write, and come again."""
        chunk = next(self._chunks, None)
        if chunk is not None and not self._transport.is_closing():
            self._transport.write(chunk)
            self._loop.call_at(next(self._times), self.step)


def whole_stream(path: str, count: int) -> bytes:
    """A stream that is there at once."""
    return scenes.burst_for_mistral(count) if "/v1/" in path else scenes.burst(count)


def length(head: bytes) -> int:
    """The number in Content-Length; none of the contenders sends chunks."""
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r", 1)[0]) if at >= 0 else 0


async def listen(secure: ssl.SSLContext | None = None) -> str:
    """Listen in this loop; return where."""
    drips = Drips()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(drips), "127.0.0.1", 0, backlog=4096, ssl=secure)
    return f"http{'s' if secure else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def main(place: Path) -> None:
    """Serve until the process is ended; the first line printed says where: HTTP, the realtime socket, HTTPS."""
    from benchmarks.harness.talking import listen_for_calls

    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(place / CERTIFICATE)
    print(await listen(), await listen_for_calls(), await listen(secure), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
