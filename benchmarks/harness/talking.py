"""The other end of a realtime call: after `response.create` it says as much as its path asks for."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json

from websockets.asyncio.server import ServerConnection, serve

AT_ONCE = 20  # events; then a pause, as no client keeps thousands of unread events
PAUSE_SECONDS = 0.004
SOUND = base64.b64encode(bytes(4800)).decode()  # 100 ms at 24 kHz


numbers = itertools.count()


def said(kind: str, **fields: object) -> str:
    """An event as text."""
    return json.dumps(
        {"event_id": f"e{next(numbers)}", "type": kind, "client_timestamp": 1783735200000, **fields}
    )


async def talk(connection: ServerConnection) -> None:
    """Play the platform's part."""
    assert connection.request is not None
    kind, _, count = connection.request.path.split("/")[1].partition("-")
    await connection.send(said("session.created", session={"id": "s"}))
    async for message in connection:
        asked = json.loads(message)["type"]
        if asked == "session.update":
            await connection.send(said("session.updated", session={"id": "s"}))
        elif asked == "response.create":
            await answer(connection, kind, int(count))


async def answer(connection: ServerConnection, kind: str, count: int) -> None:
    """Send one answer in many pieces."""
    await connection.send(said("response.created", response={"id": "r1", "status": "in_progress"}))
    place = {"response_id": "r1", "item_id": "i1", "output_index": 0, "content_index": 0}
    name, delta = ("audio", SOUND) if kind == "sound" else ("audio_transcript", "你好")
    for number in range(count):
        await connection.send(said(f"response.{name}.delta", delta=delta, **place))
        if number % AT_ONCE == 0:
            await asyncio.sleep(PAUSE_SECONDS)
    await connection.send(said("response.done", response={"id": "r1", "status": "completed"}))


async def listen_for_calls() -> str:
    """Listen in this loop; return where."""
    server = await serve(talk, "127.0.0.1", 0, compression=None)
    return f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
