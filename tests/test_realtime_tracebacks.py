"""What errors of a realtime session show to tools that print the variables of frames: no key, nothing that was said."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from typing import Literal

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from tests.flows.realtime_room import Line, raw_server, room
from tests.tracker import frames, shown
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import RealtimeClosed, RealtimeError, RealtimeRefused, UsageError, ZhipuError
from zhipu_async.flows.realtime import RealtimeSession

SECRET, PROMPT = "marker-of-the-secret-half", "marker-of-the-prompt"
KEY = f"marker-of-the-id.{SECRET}"


def safe(error: BaseException, *also: str) -> bool:
    assert frames(error)
    found = [marker for marker in ("marker-of-the", *also) if marker in shown(error)]
    assert not found, shown(error)
    return True


def client(port: int, auth: Literal["bearer", "jwt"] = "bearer", key: str = KEY) -> AsyncZhipuAI:
    return AsyncZhipuAI(key, base_url=f"http://127.0.0.1:{port}/api/paas/v4", auth=auth)


async def enter(zhipu: AsyncZhipuAI) -> None:
    async with zhipu.realtime.connect(instructions=PROMPT):
        pass


async def greeting(line: Line) -> None:
    await line.greet()
    await line.end()


@pytest.mark.parametrize("auth", ["bearer", "jwt"])
async def test_a_refusal_that_repeats_the_request_shows_nothing(auth: Literal["bearer", "jwt"]) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        said = request.headers["Authorization"]
        return connection.respond(401, f'{{"error": {{"code": "1002", "message": "no such token: {said}"}}}}')

    async with room(greeting, refuse=refuse) as platform:
        with pytest.raises(RealtimeRefused, match=r"\*\*\*") as caught:
            await enter(client(platform.port, auth))
        sent = platform.requests[0].headers["Authorization"].removeprefix("Bearer ")
    assert safe(caught.value, sent)
    assert sent.encode() not in pickle.dumps(caught.value)


async def test_nobody_there_and_nobody_who_speaks_websocket_show_nothing() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
        await writer.drain()

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {KEY}\r\nno header {KEY}\r\n\r\n".encode()
        )
        await writer.drain()

    async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {KEY}\r\n\r\n".encode()
        )
        await writer.drain()

    for serve in (hang_up, babble, repeat, upgrade):
        async with raw_server(serve) as port:
            with pytest.raises(RealtimeError) as caught:
                await enter(client(port))
        assert safe(caught.value)
    with pytest.raises(RealtimeClosed) as nobody:
        await enter(client(1))
    assert safe(nobody.value)


async def test_a_key_that_cannot_be_signed_is_not_shown() -> None:
    async def give() -> str:
        return f"{KEY}.{SECRET}"

    zhipu = AsyncZhipuAI(give, base_url="http://127.0.0.1:1/v4", auth="jwt")
    with pytest.raises(UsageError) as caught:
        await enter(zhipu)
    assert safe(caught.value)


Said = Callable[[RealtimeSession], Awaitable[object]]

WRONG: dict[str, Said] = {
    "a second question": lambda call: call.send_text(PROMPT),
    "half a character": lambda call: call.send_text(f"{PROMPT}\ud83d"),
    "a blank item": lambda call: call.create_item(" ", role=PROMPT),
    "a result that nobody waits for": lambda call: call.send_tool_result("none", PROMPT),
    "an event of an object": lambda call: call.send({"type": PROMPT, "v": object()}),
    "an odd setting": lambda call: call.update(instructions=PROMPT, temperature=7),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_call_that_does_not_fit_shows_nothing_of_what_was_to_be_said(wrong: str) -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say("response.created", response={"id": "r", "status": "in_progress"})
        await line.end()

    async with room(script) as platform, client(platform.port).realtime.connect() as call:
        await call.send_text("one")
        with pytest.raises(ZhipuError) as caught:
            await WRONG[wrong](call)
    assert safe(caught.value)


@pytest.mark.parametrize("end", ["cut", "close", "large"])
async def test_a_line_that_breaks_shows_nothing(end: str) -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("conversation.item.create")
        if end == "cut":
            line.cut()
        elif end == "close":
            await line.connection.close(1011, "gone")
        else:
            await line.connection.send(PROMPT * 1_000_000)
            await line.end()

    async with room(script) as platform, client(platform.port).realtime.connect() as call:
        await call.create_item(PROMPT)
        with pytest.raises(RealtimeClosed) as read:
            _ = [event async for event in call]
        with pytest.raises(ZhipuError) as said:
            await call.send_text(PROMPT)
        with pytest.raises(RealtimeClosed) as gathered:
            await call.response()
    assert safe(read.value)
    assert safe(said.value)
    assert safe(gathered.value)
