"""Losing the line and getting it back: what is told again, what is lost, and when nobody tries."""

from __future__ import annotations

import asyncio
import base64

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from tests.flows.realtime_room import Line, member, own_tasks, room
from zhipu_async.errors import IllegalCall, RealtimeClosed, RealtimeRefused
from zhipu_async.flows.realtime import RealtimeSession
from zhipu_async.protocol.realtime_ends import Reconnect
from zhipu_async.protocol.realtime_states import Connection
from zhipu_async.types.realtime import RealtimeEvent, Reconnected, Reconnecting, ResponseDone

AT_ONCE = Reconnect(delays=(0.0,) * 6)
SOUND = bytes(range(200)) * 32  # 200 ms at 16 kHz


async def until_back(call: RealtimeSession) -> tuple[Reconnected, list[RealtimeEvent]]:
    before: list[RealtimeEvent] = []
    async for event in call:
        if isinstance(event, Reconnected):
            return event, before
        before.append(event)
    raise AssertionError("the session ended instead")


async def first_answer_then_cut(line: Line) -> None:
    await line.greet()
    await line.hear("response.create")
    await line.answer("hello", "r1")
    await line.hear("input_audio_buffer.clear")
    line.cut()


async def accept_items(line: Line, count: int) -> None:
    for number in range(count):
        message = await line.hear("conversation.item.create")
        item = member(message, "item")
        await line.say("conversation.item.created", item={**item, "id": f"new{number}"})


async def test_a_new_line_is_told_the_configuration_and_then_what_was_said() -> None:
    lines: list[Line] = []

    async def second(line: Line) -> None:
        lines.append(line)
        await line.greet()
        await accept_items(line, 2)
        await line.hear("response.create")
        await line.answer("again", "r2")
        await line.end()

    async with room(first_answer_then_cut, second) as platform:
        async with platform.client().realtime.connect(voice="tongtong", reconnect=AT_ONCE) as call:
            await call.send_text("hi")
            await call.response()
            await call.clear()
            back, before = await until_back(call)
            assert any(isinstance(event, Reconnecting) for event in before)
            assert (back.attempt, back.restored_items, back.lost_items) == (1, 2, 0)
            assert (back.lost_response, back.planned, back.same_history) == ("", False, False)
            assert back.downtime >= 0
            await call.send_text("and?")
            assert (await call.response()).text == "again"
    update, one, two = lines[0].heard[:3]
    assert member(update, "session")["voice"] == "tongtong"
    assert [member(message, "item")["content"] for message in (one, two)] == [
        [{"type": "input_text", "text": "hi"}],
        [{"type": "text", "text": "hello"}],
    ]


async def test_a_running_answer_is_lost_and_not_asked_for_again() -> None:
    async def first(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say("response.text.delta", response_id="r1", item_id="a", delta="half")
        line.cut()

    async def second(line: Line) -> None:
        await line.greet()
        await accept_items(line, 2)
        message = await line.hear()
        assert message["type"] == "response.create"
        await line.answer("whole", "r2")
        await line.end()

    async with room(first, second) as platform:
        async with platform.client().realtime.connect(reconnect=AT_ONCE) as call:
            await call.send_text("hi")
            answer = call.response()
            with pytest.raises(RealtimeClosed):
                await answer
            assert (answer.text, answer.status) == ("half", "lost")
            back, _ = await until_back(call)
            assert back.lost_response == "r1"
            await call.respond()
            assert (await call.response()).text == "whole"


async def test_the_turn_being_spoken_is_said_again() -> None:
    spoken: list[bytes] = []

    async def first(line: Line) -> None:
        await line.greet()
        await line.hear("input_audio_buffer.append")
        await line.hear("input_audio_buffer.append")
        line.cut()

    async def second(line: Line) -> None:
        await line.greet()
        for _ in range(4):
            message = await line.hear("input_audio_buffer.append")
            spoken.append(base64.b64decode(str(message["audio"])))
        await line.hear("input_audio_buffer.commit")
        await line.hear("response.create")
        await line.answer("heard", "r2")
        await line.end()

    async with room(first, second) as platform:
        async with platform.client().realtime.connect(input_audio_format="pcm", reconnect=AT_ONCE) as call:
            await call.send_audio(SOUND)
            back, _ = await until_back(call)
            assert back.lost_audio_ms == 0
            await call.send_audio(SOUND[::-1])
            await call.commit()
            await call.respond()
            assert (await call.response()).text == "heard"
    assert b"".join(spoken) == SOUND + SOUND[::-1]


async def test_what_is_said_while_away_is_said_when_back() -> None:
    cut, back_again = asyncio.Event(), asyncio.Event()
    spoken: list[bytes] = []

    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        if cut.is_set() and not back_again.is_set():
            return connection.respond(503, "")
        return None

    async def first(line: Line) -> None:
        await line.greet()
        await line.hear("input_audio_buffer.clear")
        cut.set()
        line.cut()

    async def second(line: Line) -> None:
        await line.greet()
        for _ in range(2):
            message = await line.hear("input_audio_buffer.append")
            spoken.append(base64.b64decode(str(message["audio"])))
        picture = await line.hear("input_audio_buffer.append_video_frame")
        assert base64.b64decode(str(picture["video_frame"])) == b"\xff\xd8newest"
        await line.say("heartbeat")
        await line.end()

    often = Reconnect(delays=(0.001,) * 100_000)
    async with room(first, second, refuse=refuse) as platform:
        connecting = platform.client().realtime.connect(
            input_audio_format="pcm", chat_mode="video_passive", reconnect=often
        )
        async with connecting as call:
            await call.clear()
            async for event in call:
                if isinstance(event, Reconnecting):
                    break
            await call.send_audio(SOUND)
            await call.send_video_frame(b"\xff\xd8older")
            await call.send_video_frame(b"\xff\xd8newest")
            await call.update(voice="xiaochen")
            with pytest.raises(IllegalCall) as caught:
                await call.commit()
            assert caught.value.reason == "reconnecting"
            with pytest.raises(IllegalCall):
                await call.send({"type": "anything"})
            assert await call.cancel()
            waiting = asyncio.ensure_future(call.create_item("held until it is back"))
            back_again.set()
            await until_back(call)
            await waiting
            async for event in call:
                if event.__class__.__name__ == "Heartbeat":
                    break
    assert b"".join(spoken) == SOUND


async def test_a_refused_key_is_final_also_when_coming_back() -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        count.append(1)
        return connection.respond(401, "") if len(count) > 1 else None

    count: list[int] = []
    async with room(first_answer_then_cut, refuse=refuse) as platform:
        async with platform.client().realtime.connect(reconnect=AT_ONCE) as call:
            await call.send_text("hi")
            await call.clear()
            with pytest.raises(RealtimeRefused) as caught:
                async for _ in call:
                    pass
            assert caught.value.status == 401
            assert call.state.connection is Connection.CLOSED
    assert len(count) == 2


async def test_a_busy_platform_is_tried_again_also_at_first() -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        count.append(1)
        return connection.respond(429, "") if len(count) < 3 else None

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.answer()
        await line.end()

    count: list[int] = []
    async with room(script, refuse=refuse) as platform:
        async with platform.client().realtime.connect(reconnect=AT_ONCE) as call:
            await call.send_text("hi")
            assert (await call.response()).text == "hello"


async def test_it_is_given_up_after_the_last_try() -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        count.append(1)
        return connection.respond(503, "") if len(count) > 1 else None

    count: list[int] = []
    async with room(first_answer_then_cut, refuse=refuse) as platform:
        async with platform.client().realtime.connect(reconnect=AT_ONCE) as call:
            await call.send_text("hi")
            await call.clear()
            with pytest.raises(RealtimeRefused):
                async for _ in call:
                    pass
    assert len(count) == 1 + len(AT_ONCE.delays)


async def test_a_clean_end_is_not_dialled_again() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.connection.close(1000)

    async with room(script) as platform:
        async with platform.client().realtime.connect(reconnect=AT_ONCE) as call:
            assert [event async for event in call]
        assert len(platform.requests) == 1


async def test_hanging_up_while_away_ends_the_tries() -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        count.append(1)
        return connection.respond(503, "") if len(count) > 1 else None

    count: list[int] = []
    async with room(first_answer_then_cut, refuse=refuse) as platform:
        async with platform.client().realtime.connect(reconnect=Reconnect(delays=(3600.0,) * 3)) as call:
            await call.send_text("hi")
            await call.clear()
            async for event in call:
                if isinstance(event, Reconnecting):
                    break
        assert own_tasks() == set()
        assert [event async for event in call] == []


async def test_a_planned_change_happens_between_two_turns() -> None:
    async def first(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.answer("one", "r1")
        await line.end()
        assert line.connection.close_code == 1000

    async def second(line: Line) -> None:
        await line.greet()
        await accept_items(line, 2)
        await line.hear("response.create")
        await line.answer("two", "r2")
        await line.end()

    policy = Reconnect(delays=(0.0,) * 6, planned_after=0.01)
    async with room(first, second) as platform:
        async with platform.client().realtime.connect(reconnect=policy) as call:
            await call.send_text("hi")
            assert (await call.response()).text == "one"
            back, before = await until_back(call)
            assert back.planned
            assert any(isinstance(event, ResponseDone) for event in before)
            await call.send_text("more")
            assert (await call.response()).text == "two"


async def test_under_server_vad_only_the_last_moments_of_what_was_said_away_are_kept() -> None:
    cut, back_again = asyncio.Event(), asyncio.Event()
    spoken: list[bytes] = []

    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        if cut.is_set() and not back_again.is_set():
            return connection.respond(503, "")
        return None

    async def first(line: Line) -> None:
        await line.greet()
        await line.hear("input_audio_buffer.append")
        cut.set()
        line.cut()

    async def second(line: Line) -> None:
        await line.greet()
        while True:
            message = await line.hear("input_audio_buffer.append")
            spoken.append(base64.b64decode(str(message["audio"])))
            if spoken[-1][:2] == b"\xff\xff":
                await line.say("heartbeat")

    often = Reconnect(delays=(0.001,) * 100_000)
    async with room(first, second, refuse=refuse) as platform:
        connecting = platform.client().realtime.connect(
            input_audio_format="pcm8", turn_detection="server_vad", reconnect=often
        )
        async with connecting as call:
            await call.send_audio(b"\1\1" * 800)
            async for event in call:
                if isinstance(event, Reconnecting):
                    break
            for second_spoken in range(6):
                await call.send_audio(bytes([second_spoken]) * 16_000)
            back_again.set()
            back, _ = await until_back(call)
            assert back.lost_audio_ms == 1000
            await call.send_audio(b"\xff\xff" * 800)
            async for event in call:
                if event.__class__.__name__ == "Heartbeat":
                    break
    assert {piece[0] for piece in spoken} == {1, 2, 3, 4, 5, 255}
