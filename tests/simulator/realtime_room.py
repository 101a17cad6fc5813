"""What the realtime tests share: sound to send, a session without a socket, a socket without a simulator."""

from __future__ import annotations

import base64
import io
import json
import math
import struct
import wave
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from websockets.asyncio.client import connect

from zhipu_async.simulator.realtime_events import Event, Mint, is_object
from zhipu_async.simulator.realtime_session import Conduct, Script, Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from websockets.asyncio.client import ClientConnection

    from zhipu_async.simulator.realtime import Realtime

SERVER_VAD = {"type": "server_vad"}
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0 a picture").decode()
TOOL = {
    "type": "function",
    "name": "phoneCall",
    "description": "拨打电话给指定的联系人",
    "parameters": {
        "type": "object",
        "properties": {"contact_name": {"type": "string"}},
        "required": ["contact_name"],
    },
}


def speech(milliseconds: int, rate: int = 16_000, peak: int = 9_000) -> bytes:
    """A 200 Hz tone: to an energy detector that is somebody talking."""
    count = rate * milliseconds // 1000
    return struct.pack(
        f"<{count}h", *(round(peak * math.sin(2 * math.pi * 200 * n / rate)) for n in range(count))
    )


def silence(milliseconds: int, rate: int = 16_000) -> bytes:
    return bytes(rate * milliseconds // 1000 * 2)


def wav(pcm: bytes, rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def types(events: Iterable[Event]) -> list[str]:
    return [str(event["type"]) for event in events]


def types_once(events: Iterable[Event]) -> list[str]:
    """Types in the order of their first event: how the platform's diagrams show them."""
    return list(dict.fromkeys(types(events)))


def only(events: Iterable[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]


def part(event: Event, name: str) -> Event:
    value = event[name]
    assert is_object(value)
    return value


def status(done: Event) -> object:
    return part(done, "response")["status"]


class Talk:
    """A session with a clock that the test turns."""

    def __init__(self, conduct: Conduct | None = None, script: Script | None = None) -> None:
        self.now = 100.0
        self.script = script or Script()
        self.session = Session(
            conduct or Conduct(heartbeat_seconds=None), self.script, Mint("a test", lambda: 0), now=self.now
        )
        self.opening = self.session.open(self.now)

    def send(self, type: str, **fields: object) -> list[Event]:
        return self.session.receive(json.dumps({"type": type, **fields}), self.now)

    def update(self, **session: object) -> list[Event]:
        return self.send("session.update", session=session)

    def say(self, text: str) -> list[Event]:
        content = [{"type": "input_text", "text": text}]
        return self.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )

    def append(self, pcm: bytes, rate: int = 16_000) -> list[Event]:
        return self.send("input_audio_buffer.append", audio=encoded(wav(pcm, rate)))

    def stream(self, pcm: bytes, rate: int = 16_000) -> list[Event]:
        """Send sound as a microphone does: 100 ms at a time, ten a second."""
        size, answers = rate // 10 * 2, list[Event]()
        for start in range(0, len(pcm), size):
            answers += self.append(pcm[start : start + size], rate) + self.run(0.1)
        return answers

    def ask(self) -> list[Event]:
        return self.send("response.create")

    def run(self, seconds: float) -> list[Event]:
        """Let time pass and collect what comes meanwhile."""
        end, answers = self.now + seconds, list[Event]()
        while self.session.due <= end:
            self.now = max(self.now, self.session.due)
            answers += self.session.tick(self.now)
        self.now = end
        return answers

    def error_of(self, answers: list[Event]) -> Event:
        assert types(answers) == ["error"]
        return part(answers[0], "error")


@asynccontextmanager
async def served(realtime: Realtime) -> AsyncGenerator[str]:
    """The socket alone, on a port of its own; gives the address."""
    app = web.Application()
    app.router.add_get("/api/paas/v4/realtime", realtime.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{_port(runner)}/api/paas/v4/realtime"
    finally:
        await realtime.close()
        await runner.cleanup()


def _port(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])


@asynccontextmanager
async def called(realtime: Realtime) -> AsyncGenerator[Caller]:
    """The socket and one client on it."""
    async with served(realtime) as address, connect(address, max_size=None) as socket:
        yield Caller(socket)


class Caller:
    """A client of few words."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, type: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def receive(self) -> Event:
        event: object = json.loads(await self.socket.recv())
        assert is_object(event)
        return event

    async def until(self, kind: str) -> list[Event]:
        """Everything up to the next event of a type."""
        seen = [await self.receive()]
        while seen[-1]["type"] != kind:
            seen.append(await self.receive())
        return seen

    async def ask(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        await self.send(
            "conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        await self.send("response.create")
