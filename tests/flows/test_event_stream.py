"""Streams of other endpoints over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.event_server import EventServer, Script, body, event_server
from tests.protocol.frames import DONE, event
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import StreamClosed, StreamFailed, StreamInterrupted
from zhipu_async.flows.event_stream import EventStream
from zhipu_async.flows.request import Request
from zhipu_async.protocol.endpoint import Endpoint, Replay, StreamEnd
from zhipu_async.protocol.event_reader import EventReader
from zhipu_async.types.base import Reply


class Transcript(Reply):
    """An event of a transcription."""

    type: str = ""
    delta: str = ""


ENDPOINT: Endpoint[object] = Endpoint(
    name="audio.transcriptions.stream", path="/audio/transcriptions", reply=Transcript, replay=Replay.COSTLY
)
HI = event({"type": "transcript.text.delta", "delta": "Hi", "surprise": 1})
LAST = event({"type": "transcript.text.done"})


@asynccontextmanager
async def listening(script: Script) -> AsyncGenerator[tuple[EventServer, EventStream[Transcript]]]:
    async with event_server(script) as server, AsyncZhipuAI("id.secret", base_url=server.base_url) as zhipu:
        calls = zhipu._calls  # pyright: ignore[reportPrivateUsage]
        reader = EventReader(Transcript, StreamEnd.EVENT, last=("transcript.text.done",))
        yield server, EventStream(lambda: calls.open(ENDPOINT, Request({}, stream=True)), reader)


async def test_events_come_one_by_one() -> None:
    async with listening(body(HI, HI, LAST, DONE)) as (_, stream), stream:
        events = [each async for each in stream]
        assert [each.delta for each in events] == ["Hi", "Hi", ""]
        assert events[0].raw["surprise"] == 1
        assert stream.meta.log_id == "log-1"
        assert repr(stream).startswith("<EventStream whole, ")


async def test_the_last_event_ends_the_stream_though_the_body_goes_on() -> None:
    async with listening(body(HI, LAST, finish=False)) as (_, stream):
        assert len(await stream.collect()) == 2


async def test_break_closes_the_connection() -> None:
    async with listening(body(HI, finish=False)) as (server, stream):
        async for _ in stream:
            break
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)
        with pytest.raises(StreamClosed):
            await anext(stream)


async def test_wrong_ends_raise() -> None:
    async with listening(body(HI)) as (_, stream):
        with pytest.raises(StreamInterrupted) as cut:
            await stream.collect()
        assert "audio.transcriptions.stream" in str(cut.value)
        assert cut.value.partial is None
    async with listening(body(HI, event({"error": {"code": "1301", "message": "no"}}))) as (_, stream):
        with pytest.raises(StreamFailed) as failed:
            await stream.collect()
        assert failed.value.code == "1301"
        assert stream.error is failed.value
