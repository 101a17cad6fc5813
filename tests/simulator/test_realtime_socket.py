"""The realtime socket itself: handshake, pace, caps, size, leaving."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.simulator.realtime_room import (
    Caller,
    called,
    encoded,
    only,
    part,
    served,
    silence,
    status,
    types,
    wav,
)
from zhipu_async.simulator.realtime import Realtime, Refusal
from zhipu_async.simulator.realtime_answer import Answer
from zhipu_async.simulator.realtime_session import Conduct

if TYPE_CHECKING:
    from aiohttp import web

FAST = Conduct(speed=math.inf, heartbeat_seconds=None)


def only_with_a_key(request: web.Request) -> str | Refusal:
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return key or (401, {"error": {"code": "1001", "message": "Header is missing."}})


async def test_a_typed_question_is_answered_over_the_socket() -> None:
    async with called(Realtime(FAST)) as caller:
        await caller.ask("你好")
        events = await caller.until("response.done")
    assert types(events)[:2] == ["session.created", "heartbeat"]
    assert status(events[-1]) == "completed"


async def test_configuration_and_sound_may_come_before_session_created_was_read() -> None:
    async with called(Realtime(FAST)) as caller:
        await caller.send("session.update", session={})
        await caller.send("input_audio_buffer.append", audio=encoded(wav(silence(100))))
        await caller.send("input_audio_buffer.commit")
        events = await caller.until("input_audio_buffer.committed")
    assert "session.updated" in types(events)


async def test_binary_messages_are_read() -> None:
    async with called(Realtime(FAST)) as caller:
        await caller.socket.send(b'{"type": "input_audio_buffer.clear"}')
        await caller.until("input_audio_buffer.cleared")


async def test_heartbeats_come_while_nobody_speaks() -> None:
    async with called(Realtime(Conduct(heartbeat_seconds=0.01))) as caller:
        await caller.until("session.created")
        for _ in range(3):
            await caller.until("heartbeat")


async def test_a_handshake_without_a_key_is_refused_with_the_platforms_body() -> None:
    async with served(Realtime(authorise=only_with_a_key)) as address:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address)
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body or b"")["error"]["code"] == "1001"
        async with connect(address, additional_headers={"Authorization": "Bearer id.secret"}) as socket:
            assert (await Caller(socket).receive())["type"] == "session.created"


async def test_a_plain_request_is_told_to_upgrade() -> None:
    async with (
        served(Realtime()) as address,
        aiohttp.ClientSession() as http,
        http.get(address.replace("ws:", "http:")) as response,
    ):
        assert response.status == 400
        assert b"1210" in await response.read()


async def test_connections_of_one_key_are_capped_and_a_slot_comes_back() -> None:
    realtime = Realtime(FAST, authorise=only_with_a_key, concurrency=2)
    async with served(realtime) as address:

        def dial(key: str) -> connect:
            return connect(address, additional_headers={"Authorization": f"Bearer {key}"})

        async with dial("a"):
            async with dial("a"), dial("b"):
                with pytest.raises(InvalidStatus) as refused:
                    await dial("a")
                assert refused.value.response.status_code == 429
                assert b"1302" in (refused.value.response.body or b"")
            await realtime.sessions[1].ended.wait()
            async with dial("a") as socket:
                await Caller(socket).until("session.created")
    assert realtime.peak_connections == 3


async def test_the_cap_is_told_with_every_answer() -> None:
    async with called(Realtime(FAST, concurrency=10)) as caller:
        await caller.ask("你好")
        limits = only(await caller.until("response.done"), "rate_limits.updated")[0]["rate_limits"]
    assert limits == [{"name": "requests", "limit": 10, "remaining": 9, "reset_seconds": 1.0}]


async def test_a_message_above_the_size_limit_closes_with_1009() -> None:
    async with called(Realtime(FAST)) as caller:
        await caller.send("input_audio_buffer.append", audio="A" * 300_000)
        with pytest.raises(ConnectionClosed) as closed:
            await caller.until("never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_appends_above_fifty_a_second_vanish_without_a_word() -> None:
    realtime = Realtime(FAST)
    append = {"audio": encoded(wav(silence(20)))}
    async with called(realtime) as caller:
        for _ in range(200):
            await caller.send("input_audio_buffer.append", **append)
        await caller.send("input_audio_buffer.clear")
        events = await caller.until("input_audio_buffer.cleared")
    assert types(events) == ["session.created", "heartbeat", "input_audio_buffer.cleared"]
    assert 0 < realtime.sessions[0].dropped_appends <= 150


async def test_an_answer_at_full_speed_can_be_cancelled() -> None:
    realtime = Realtime(FAST)
    realtime.answer(Answer(text="很长的回答。" * 100))
    async with called(realtime) as caller:
        await caller.ask("讲")
        await caller.until("response.audio.delta")
        await caller.send("response.cancel")
        events = await caller.until("response.done")
    assert status(events[-1]) == "cancelled"


async def test_scripted_answers_and_transcripts_are_taken_in_order() -> None:
    realtime = Realtime(FAST)
    realtime.answer(Answer(text="一"), Answer(text="二"))
    realtime.hear("第一句")
    async with called(realtime) as caller:
        await caller.send("input_audio_buffer.append", audio=encoded(wav(silence(100))))
        await caller.send("input_audio_buffer.commit")
        await caller.send("response.create")
        first = await caller.until("response.done")
        await caller.ask("再来")
        second = await caller.until("response.done")
    heard = only(first, "conversation.item.input_audio_transcription.completed")[0]
    assert heard["transcript"] == "第一句"
    assert only(first, "response.text.done")[0]["text"] == "一"
    assert only(second, "response.text.done")[0]["text"] == "二"


async def test_every_session_is_recorded_without_its_sound() -> None:
    realtime = Realtime(FAST)
    async with called(realtime) as caller:
        await caller.send("input_audio_buffer.append", audio=encoded(wav(silence(100))), event_id="e1")
        await caller.send("nonsense")
        await caller.until("error")
    record = realtime.sessions[0]
    await record.ended.wait()
    assert list(record.received) == [
        {"type": "input_audio_buffer.append", "event_id": "e1"},
        {"type": "nonsense"},
    ]
    assert list(record.sent) == ["session.created", "heartbeat", "error"]
    assert record.close_code == 1000


async def test_sessions_do_not_share_their_ids() -> None:
    async with served(Realtime(FAST)) as address, connect(address) as one, connect(address) as two:
        ids = {str(part(await Caller(socket).receive(), "session")["id"]) for socket in (one, two)}
    assert len(ids) == 2


async def test_closing_the_simulator_says_goodbye() -> None:
    realtime = Realtime(FAST)
    async with called(realtime) as caller:
        await caller.until("heartbeat")
        await realtime.close()
        with pytest.raises(ConnectionClosed) as closed:
            await caller.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_a_client_that_vanishes_leaves_nothing_behind() -> None:
    realtime = Realtime(Conduct(heartbeat_seconds=None))
    async with served(realtime) as address:
        async with connect(address) as socket:
            caller = Caller(socket)
            await caller.ask("你好")
            await caller.until("response.created")
            socket.transport.abort()
        await realtime.sessions[0].ended.wait()
        assert not realtime.sessions[0].open
        assert realtime.sessions[0].close_code == 1006
    names = {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert not names


async def test_a_client_that_does_not_read_is_not_listened_to_for_ever() -> None:
    """Its events pile up to a limit, then it meets back pressure; what it sent is answered when it reads."""
    realtime = Realtime(FAST, max_message_bytes=2**20)
    async with called(realtime) as caller:
        content = [{"type": "input_text", "text": "长" * 20_000}]
        item = {"type": "message", "id": "big", "role": "user", "content": content}
        await caller.send("conversation.item.create", item=item)
        for _ in range(1_000):
            await caller.send("conversation.item.retrieve", item_id="big")
        await caller.send("input_audio_buffer.clear")
        events = await caller.until("input_audio_buffer.cleared")
    assert len(only(events, "conversation.item.retrieved")) == 1_000
