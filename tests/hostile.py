"""A server that misbehaves on purpose: it reads each request and then does what the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(slots=True)
class Seen:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """Return the body as JSON."""
        read: dict[str, object] = json.loads(self.body)
        return read


@dataclass(slots=True)
class Hostile:
    """What a running server knows: its address, and every request that arrived whole."""

    base_url: str
    requests: list[Seen] = field(default_factory=list[Seen])
    open_connections: int = 0


Answer: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def hostile(*answers: Answer) -> AsyncGenerator[Hostile]:
    """Run a server that gives these answers one after the other, the last one again and again."""
    state = Hostile("")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.open_connections += 1
        try:
            while (seen := await _request(reader)) is not None:
                answer = answers[min(len(state.requests), len(answers) - 1)]
                state.requests.append(seen)
                await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            state.open_connections -= 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/paas/v4"
    try:
        yield state
    finally:
        server.close()


def reply(body: object, *, status: int = 200, kind: str = "application/json", headers: str = "") -> Answer:
    """Answer with a body and keep the connection."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        )
        writer.write(head.encode() + content)
        await writer.drain()

    return answer


def error(code: str, status: int, *, headers: str = "") -> Answer:
    """Answer with an error of the platform."""
    return reply({"error": {"code": code, "message": f"code {code}"}}, status=status, headers=headers)


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request and never answer; end when the client hangs up."""
    await reader.read()
    raise ConnectionError


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request and close the connection."""
    writer.close()
    raise ConnectionError


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request and reset the connection."""
    writer.transport.abort()
    raise ConnectionError


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    head = await reader.readuntil(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = start.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Seen(method, target, headers, await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
