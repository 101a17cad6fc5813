"""The floor without a library: a protocol that throws the bytes away and looks for the end only."""

from __future__ import annotations

import asyncio
import ssl
import time
from urllib.parse import urlsplit

from benchmarks.contenders.by_hand import encode
from benchmarks.contenders.contender import KEY, MESSAGES, MODEL
from benchmarks.contenders.discard import Discard
from benchmarks.harness import scenes


class Reading(asyncio.Protocol):
    """Sets `first` at the first bytes of a body and `done` at the last."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.first: asyncio.Future[float] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no asyncio.Transport

    def data_received(self, data: bytes) -> None:
        if not self.first.done() and b"data:" in data:
            self.first.set_result(time.perf_counter())
        if data.endswith(scenes.LAST):
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed"))


class Bare(Discard):
    """One connection per stream, kept between streams when there is one at a time."""

    protocol = Reading

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self._free: list[Reading] = []

    async def _ask(self) -> Reading:
        address = urlsplit(self.url)
        if self._free:
            reading = self._free.pop()
            transport = reading.transport
            self.protocol.__init__(reading)
            reading.transport = transport
        else:
            loop = asyncio.get_running_loop()
            secure = ssl.create_default_context() if address.scheme == "https" else None
            _, reading = await loop.create_connection(
                self.protocol, address.hostname or "", address.port or 80, ssl=secure
            )
        body = encode({"model": MODEL, "messages": MESSAGES, "stream": True})
        head = f"POST {address.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        reading.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return reading

    async def read(self) -> int:
        reading = await self._ask()
        await reading.done
        if "/parting" in self.origin:
            reading.transport.close()
        else:
            self._free.append(reading)
        return self.expected()

    async def first(self) -> float:
        began = time.perf_counter()
        reading = await self._ask()
        first = await reading.first
        await reading.done
        self._free.append(reading)
        return first - began


make = Bare
