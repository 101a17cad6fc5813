"""A platform of our own for the realtime client: it says exactly what a test tells it to, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from zhipu_async.client import AsyncZhipuAI

KEY = "0123456789abcdef0123456789abcdef.secretSECRET"
Message: TypeAlias = dict[str, object]


def member(message: object, name: str) -> dict[str, object]:
    """Return an object inside a message."""
    found = msgspec.convert(message, dict[str, object])[name]
    return msgspec.convert(found, dict[str, object])


class Line:
    """The platform's end of one connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.heard: list[Message] = []

    async def say(self, kind: str, **fields: object) -> None:
        await self.connection.send(msgspec.json.encode({"type": kind, **fields}), text=True)

    async def hear(self, kind: str = "") -> Message:
        """Return the next message, of this type if one is named; others are kept in `heard`."""
        while True:
            message = msgspec.json.decode(await self.connection.recv(), type=dict[str, object])
            self.heard.append(message)
            if kind in ("", message["type"]):
                return message

    async def greet(self) -> Message:
        """Set the session up; return what the client wants."""
        await self.say("session.created", session={"id": "s"})
        update = await self.hear("session.update")
        await self.say("session.updated", session={"id": "s"})
        return update

    async def answer(self, text: str = "hello", response_id: str = "r1", status: str = "completed") -> None:
        await self.say("response.created", response={"id": response_id, "status": "in_progress"})
        await self.say("response.text.delta", response_id=response_id, item_id="a", delta=text)
        await self.say("response.done", response={"id": response_id, "status": status})

    async def call_functions(self, *names: str, response_id: str = "r1") -> None:
        await self.say("response.created", response={"id": response_id})
        for name in names:
            await self.say(
                "response.function_call_arguments.done", response_id=response_id, name=name, arguments="{}"
            )
        await self.say("response.done", response={"id": response_id, "status": "completed"})

    async def end(self) -> None:
        """Wait until the other side hangs up."""
        await self.connection.wait_closed()

    def cut(self) -> None:
        """Tear the connection."""
        self.connection.transport.abort()

    @property
    def types(self) -> list[str]:
        return [str(message["type"]) for message in self.heard]


Script: TypeAlias = Callable[[Line], Awaitable[None]]
Refuse: TypeAlias = Callable[[ServerConnection, Request], Response | None]


class Room:
    """The scripted platform: one script for each connection, in order; the last one repeats."""

    def __init__(self, server: Server, requests: list[Request], faults: list[BaseException]) -> None:
        self.port: int = server.sockets[0].getsockname()[1]
        self.requests = requests
        self.faults = faults

    def client(self) -> AsyncZhipuAI:
        return AsyncZhipuAI(KEY, base_url=f"http://127.0.0.1:{self.port}/api/paas/v4")


@asynccontextmanager
async def room(*scripts: Script, refuse: Refuse | None = None) -> AsyncGenerator[Room]:
    """Open a room. A script that fails makes the test fail; one that is hung up on does not."""
    requests: list[Request] = []
    faults: list[BaseException] = []
    count = 0

    async def talk(connection: ServerConnection) -> None:
        nonlocal count
        count += 1
        try:
            await scripts[min(count, len(scripts)) - 1](Line(connection))
        except ConnectionClosed:
            return
        except Exception as exc:
            faults.append(exc)
            raise

    async def look(connection: ServerConnection, request: Request) -> Response | None:
        requests.append(request)
        return refuse(connection, request) if refuse is not None else None

    async with serve(talk, "127.0.0.1", 0, process_request=look, max_size=None, close_timeout=1) as server:
        yield Room(server, requests, faults)
    assert not faults, faults


RawHandler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close an end of a line and wait until it is closed."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def raw_server(handle: RawHandler) -> AsyncGenerator[int]:
    """Serve bytes; yields the port. At the end every connection has been closed from both sides."""
    lines: set[asyncio.Task[None]] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await handle(reader, writer)
        await hang_up(writer)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.add(asyncio.ensure_future(serve_one(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await asyncio.gather(*lines)


def own_tasks() -> set[str]:
    """Name the tasks that run beside the test and its server."""
    tasks = {str(task.get_coro()) for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    return {task for task in tasks if "zhipu_async" in task or "Driver" in task or "Link" in task}
