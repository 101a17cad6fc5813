"""Opening a stream from several tasks, and closing it before it is open: one request at most, nothing left behind."""

from __future__ import annotations

import asyncio

import pytest

from tests.event_server import HEAD, Talk, event_server
from tests.protocol.frames import DONE, event, text
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import StreamClosed

ANSWER = event(text("hi", finish_reason="stop")) + DONE


async def answers_when_told(talk: Talk, told: asyncio.Event, *, finish: bool = True) -> None:
    await told.wait()
    talk.raw(HEAD)
    talk.send(ANSWER)
    if finish:
        talk.finish()


async def test_two_tasks_cannot_open_one_stream() -> None:
    told = asyncio.Event()
    async with event_server(lambda talk: answers_when_told(talk, told)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            stream = zhipu.chat.completions.stream(model="m", messages="x")
            opening = asyncio.create_task(stream.open())
            await asyncio.sleep(0)
            with pytest.raises(StreamClosed, match="another task is opening"):
                await stream.open()
            told.set()
            await opening
            assert (await stream.finish()).text == "hi"
    assert server.requests == 1
    assert [state.in_flight for state in zhipu.limits.states()] == [0]


async def test_a_stream_that_is_closed_while_it_opens_leaves_nothing_open() -> None:
    told = asyncio.Event()
    async with event_server(lambda talk: answers_when_told(talk, told, finish=False)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            stream = zhipu.chat.completions.stream(model="m", messages="x")
            opening = asyncio.create_task(stream.open())
            async with asyncio.timeout(5):
                while not server.requests:
                    await asyncio.sleep(0)
            await stream.close()
            told.set()
            with pytest.raises(StreamClosed):
                await opening
            assert [state.in_flight for state in zhipu.limits.states()] == [0]
            async with asyncio.timeout(5):
                await server.talks[0].gone.wait()


async def test_a_stream_whose_opening_was_cancelled_can_be_opened_again() -> None:
    told = asyncio.Event()
    async with event_server(lambda talk: answers_when_told(talk, told)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            stream = zhipu.chat.completions.stream(model="m", messages="x")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await stream.open()
            told.set()
            assert (await stream.finish()).text == "hi"
