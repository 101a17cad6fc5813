"""A realtime session over a real socket, against a platform that says what the test tells it to."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from tests.flows.realtime_room import KEY, Line, Message, own_tasks, raw_server, room
from zhipu_async.client import AsyncZhipuAI
from zhipu_async.errors import (
    IllegalCall,
    InvalidArgument,
    RealtimeClosed,
    RealtimeRefused,
    RealtimeServerError,
    StreamClosed,
    TurnStalled,
)
from zhipu_async.flows.realtime import RealtimeSession
from zhipu_async.flows.realtime_answer import Answer
from zhipu_async.flows.realtime_events import KEPT_EVENTS
from zhipu_async.protocol.realtime_states import Answering, Connection
from zhipu_async.protocol.realtime_timing import Patience
from zhipu_async.types.realtime import (
    AudioFlushed,
    ErrorEvent,
    EventsDropped,
    HistoryDropped,
    ProtocolWarning,
    RealtimeEvent,
    ResponseAudioDelta,
    ResponseDone,
    ResponseTextDelta,
    SessionCreated,
    UnknownEvent,
)
from zhipu_async.types.realtime_client import TranscriptionConfig

SPEECH = base64.b64encode(b"\1\0" * 2400).decode()  # 100 ms


async def answering(line: Line) -> None:
    """Answer every request until the line is hung up."""
    await line.greet()
    number = 0
    while True:
        await line.hear("response.create")
        number += 1
        await line.answer(f"answer {number}", f"r{number}")


# ── talking ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_text_is_sent_with_a_request_and_answered() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        await call.send_text("hello")
        seen: list[RealtimeEvent] = []
        async for event in call:
            seen.append(event)
            if isinstance(event, ResponseDone):
                break
        assert isinstance(seen[0], SessionCreated)
        assert [event.delta for event in seen if isinstance(event, ResponseTextDelta)] == ["answer 1"]


@pytest.mark.parametrize("word", ["send_text", "create_item", "send_audio"])
async def test_a_session_that_nobody_entered_does_not_wait_for_ever(word: str) -> None:
    call = AsyncZhipuAI("id.secret").realtime.connect()
    said: object = b"\0" * 3200 if word == "send_audio" else "hello"
    with pytest.raises(IllegalCall, match="async with") as caught:
        await getattr(call, word)(said)
    assert caught.value.reason == "not_ready"


async def test_a_session_that_nobody_entered_has_no_events() -> None:
    call = AsyncZhipuAI("id.secret").realtime.connect()
    with pytest.raises(IllegalCall, match="async with"):
        await anext(aiter(call))


async def test_an_answer_is_gathered_without_stealing_its_events() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        await call.send_text("hello")
        answer = await call.response()
        assert (answer.text, answer.status, answer.id) == ("answer 1", "completed", "r1")
        events: list[RealtimeEvent] = []
        async for event in call:
            events.append(event)
            if isinstance(event, ResponseDone):
                break
        assert any(isinstance(event, ResponseTextDelta) for event in events)


async def test_one_answer_after_the_other_is_gathered() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        for number in (1, 2, 3):
            await call.send_text("hello")
            assert (await call.response()).text == f"answer {number}"


async def test_an_answer_can_be_waited_for_before_it_is_asked_for() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        coming = call.response()
        assert call.response() is coming
        waiting = asyncio.ensure_future(_text_of(coming))
        await call.send_text("hello")
        assert await waiting == "answer 1"


async def _text_of(answer: Answer) -> str:
    return (await answer).text


async def test_speech_streams_as_it_comes_and_is_a_wav_in_the_end() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        for _ in range(3):
            await line.say("response.audio.delta", response_id="r1", item_id="a", delta=SPEECH)
        await line.say(
            "response.done", response={"id": "r1", "status": "completed", "usage": {"total_tokens": 5}}
        )
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("speak")
        answer = call.response()
        pieces = [piece async for piece in answer.audio()]
        assert [len(piece) for piece in pieces] == [4800] * 3
        assert answer.pcm == b"".join(pieces)
        assert answer.wav()[:4] == b"RIFF"
        assert answer.audio_ms == 300
        assert (await answer).usage.total_tokens == 5
        assert repr(answer) == "<Answer r1 completed 300 ms>"
        assert [len(piece) async for piece in answer.audio()] == [4800] * 3


async def test_items_are_created_deleted_and_retrieved() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        created = await line.hear("conversation.item.create")
        assert created["item"] == {
            "type": "message",
            "object": "realtime.item",
            "role": "system",
            "content": [{"type": "input_text", "text": "be short"}],
        }
        await line.hear("conversation.item.retrieve")
        await line.say("conversation.item.retrieved", item={"id": "i7", "type": "message"})
        await line.hear("conversation.item.delete")
        await line.say("conversation.item.deleted", item_id="i7")
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.create_item("be short", role="system")
        assert (await call.retrieve_item("i7")).id == "i7"
        await call.delete_item("i7")
        with pytest.raises(IllegalCall) as caught:
            await call.retrieve_item("i7")
        assert caught.value.reason == "unknown_item"


async def test_text_without_a_request_waits_for_respond() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        await call.send_text("first", respond=False)
        await call.send_text("second", respond=False)
        await call.respond()
        assert (await call.response()).text == "answer 1"


async def test_anything_else_goes_out_as_it_is() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        raw = await line.hear("input_audio_buffer.pre_commit")
        assert raw == {"type": "input_audio_buffer.pre_commit", "soon": True}
        await line.hear("response.create")
        await line.answer()
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send({"type": "input_audio_buffer.pre_commit", "soon": True})
        await call.send({"type": "response.create"})
        assert call.state.answering is Answering.REQUESTED
        assert (await call.response()).text == "hello"
        with pytest.raises(ValueError, match="type"):
            await call.send({"kind": "nothing"})


# ── illegal calls ──────────────────────────────────────────────────────────────────────────────────


async def test_an_illegal_call_sends_nothing_at_all() -> None:
    lines: list[Line] = []

    async def script(line: Line) -> None:
        lines.append(line)
        await line.greet()
        await line.hear("response.create")
        await line.hear("conversation.item.create")
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        with pytest.raises(IllegalCall):
            await call.respond()
        with pytest.raises(IllegalCall):
            await call.commit()
        with pytest.raises(IllegalCall):
            await call.cancel()
        await call.send_text("hello")
        with pytest.raises(IllegalCall):
            await call.send_text("both or none")
        await call.create_item("alone")
    assert lines[0].types == [
        "session.update",
        "conversation.item.create",
        "response.create",
        "conversation.item.create",
    ]


async def test_cancelling_nothing_may_be_fine() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        assert await call.cancel(missing_ok=True) is False
        await call.send_text("hello")
        assert await call.cancel() is True
        assert await call.cancel() is True
    async with room(answering) as platform:
        call = platform.client().realtime.connect()
        with pytest.raises(IllegalCall) as caught:
            await call.cancel(missing_ok=True)
        assert caught.value.reason == "not_ready"


async def test_a_session_is_entered_once() -> None:
    async with room(answering) as platform:
        call = platform.client().realtime.connect()
        async with call:
            pass
        assert call.state.connection is Connection.CLOSED
        assert repr(call) == "<RealtimeSession CLOSED>"
        with pytest.raises(IllegalCall):
            await call.send_text("too late")
        with pytest.raises(IllegalCall):
            async with call:
                pass


# ── a slow reader, a strange platform ──────────────────────────────────────────────────────────────


async def test_a_reader_that_is_too_slow_gets_the_newest_and_is_told() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        for number in range(2000):
            await line.say("response.text.delta", response_id="r1", item_id="a", delta=f"{number} ")
        await line.say("response.done", response={"id": "r1", "status": "completed"})
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("a lot")
        answer = await call.response()
        assert len(answer.text.split()) == 2000
        dropped = await anext(call)
        assert isinstance(dropped, EventsDropped)
        newest = [await anext(call) for _ in range(256)]
        assert dropped.count + 256 == 2000 + 3
        assert isinstance(newest[-1], ResponseDone)


BURST = 5000


async def say_at_once(line: Line, kind: str, **fields: object) -> None:
    """Say a burst that reaches the client in few reads, most of it while it is still busy with the first."""
    for number in range(BURST):
        line.connection.protocol.send_text(
            msgspec.json.encode(
                {"type": kind, "response_id": "r1", "item_id": "a", **fields, "event_id": str(number)}
            )
        )
    line.connection.transport.write(b"".join(line.connection.protocol.data_to_send()))
    await line.say("response.done", response={"id": "r1", "status": "completed"})


async def bursting(line: Line) -> None:
    await line.greet()
    await line.hear("response.create")
    await say_at_once(line, "response.text.delta", delta="x ")
    await line.hear("response.create")
    await line.answer("still here", "r2")
    await line.end()


async def at_once() -> None:
    """Do nothing for an event but take it."""


async def a_few_turns_later() -> None:
    """Do what a reader does that passes every event on through queues and tasks."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("handle", [at_once, a_few_turns_later])
async def test_a_reader_that_reads_on_loses_nothing_of_a_burst(handle: Callable[[], Awaitable[None]]) -> None:
    events: list[RealtimeEvent] = []
    async with room(bursting) as platform, platform.client().realtime.connect() as call:
        await call.send_text("a lot")
        async for event in call:
            events.append(event)
            await handle()
            if isinstance(event, ResponseDone):
                break
    assert not [event for event in events if isinstance(event, EventsDropped)]
    numbers = [event.event_id for event in events if isinstance(event, ResponseTextDelta)]
    assert numbers == [str(number) for number in range(BURST)]


async def test_a_burst_of_speech_is_not_lost_either() -> None:
    second = base64.b64encode(bytes(48_000)).decode()
    heard = 0

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        for _ in range(200):  # more than three times what is kept unread
            await line.say("response.audio.delta", response_id="r1", item_id="a", delta=second)
        await line.say("response.done", response={"id": "r1", "status": "completed"})
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("speak")
        async for event in call:
            assert not isinstance(event, EventsDropped)
            heard += len(event.audio) if isinstance(event, ResponseAudioDelta) else 0
            if isinstance(event, ResponseDone):
                break
    assert heard == 200 * 48_000


async def test_a_burst_that_nobody_reads_costs_neither_memory_nor_the_connection() -> None:
    async with room(bursting) as platform, platform.client().realtime.connect() as call:
        await call.send_text("a lot")
        assert len((await call.response()).text) == 2 * BURST
        assert len(call._driver.events) == KEPT_EVENTS  # pyright: ignore[reportPrivateUsage]
        await call.send_text("are you there?")
        assert (await call.response()).text == "still here"
        assert isinstance(await anext(call), EventsDropped)
        assert call.state.connection is Connection.READY


async def test_a_reader_that_reads_and_stops_holds_up_nothing() -> None:
    async with room(bursting) as platform, platform.client().realtime.connect() as call:
        await call.send_text("a lot")
        while not isinstance(await anext(call), ResponseTextDelta):
            pass
        assert len((await call.response()).text) == 2 * BURST


async def test_unread_speech_is_bounded_by_its_size() -> None:
    minute = base64.b64encode(bytes(48_000 * 20)).decode()

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        for _ in range(5):
            await line.say("response.audio.delta", response_id="r1", item_id="a", delta=minute)
        await line.say("response.done", response={"id": "r1", "status": "completed"})
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("speak")
        assert (await call.response()).audio_ms == 100_000
        dropped = await anext(call)
        assert isinstance(dropped, EventsDropped)
        assert dropped.audio_bytes == 2 * 48_000 * 20


async def test_broken_and_unknown_messages_end_nothing() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.connection.send("not json")
        await line.connection.send(b'{"type": "heartbeat"}')
        await line.say("response.dreaming")
        await line.say("response.created", response={"id": "r0", "usage": "broken"})
        await line.connection.close()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        events = [event async for event in call]
    warnings = [event.what for event in events if isinstance(event, ProtocolWarning)]
    assert warnings == ["a message that is not JSON", "fields that cannot be read: response.usage"]
    assert any(isinstance(event, UnknownEvent) for event in events)


async def test_only_one_loop_reads_the_events() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        for _ in range(2):
            await anext(call)
        first = asyncio.ensure_future(anext(call))
        await asyncio.sleep(0)
        with pytest.raises(StreamClosed):
            await anext(call)
        first.cancel()
        await asyncio.wait([first])
        await call.send_text("hello")
        assert await anext(call)


# ── ends ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_clean_end_ends_the_loop() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.connection.close(1000, "bye")

    async with room(script) as platform, platform.client().realtime.connect() as call:
        assert [event async for event in call]
        with pytest.raises(RealtimeClosed) as caught:
            await call.send_text("still there?")
        assert (caught.value.close_code, caught.value.whose) == (1000, "platform")
        with pytest.raises(RealtimeClosed):
            await call.response()


@pytest.mark.parametrize(("code", "whose"), [(1006, "network"), (1011, "platform"), (1009, "platform")])
async def test_an_unclean_end_raises_out_of_the_loop(code: int, whose: str) -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say("response.text.delta", response_id="r1", delta="half")
        if code == 1006:
            line.cut()
        else:
            await line.connection.close(code, "why")

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("hello")
        answer = call.response()
        with pytest.raises(RealtimeClosed) as caught:
            async for _ in call:
                pass
        assert (caught.value.close_code, caught.value.whose) == (code, whose)
        with pytest.raises(RealtimeClosed):
            await answer
        assert (answer.text, answer.status) == ("half", "lost")
        assert [event async for event in call] == []


async def test_a_message_that_is_too_large_ends_the_session_by_us() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.connection.send("x" * (16 * 1024 * 1024 + 1))
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        with pytest.raises(RealtimeClosed) as caught:
            async for _ in call:
                pass
        assert (caught.value.close_code, caught.value.whose) == (1009, "ours")


def refusing(status: int, body: bytes = b"", **headers: str) -> object:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(status, "")
        response.body = body
        del response.headers["Content-Length"]
        response.headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    return refuse


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
async def test_a_refused_handshake_says_why(status: int) -> None:
    refuse = refusing(status, b'{"error": {"code": "1302", "message": "too many"}}', X_LOG_ID="log7")
    async with room(answering, refuse=refuse) as platform:  # type: ignore[arg-type]
        with pytest.raises(RealtimeRefused, match="too many") as caught:
            async with platform.client().realtime.connect():
                pass
        assert (caught.value.status, caught.value.code, caught.value.log_id) == (status, "1302", "log7")
        assert own_tasks() == set()


async def test_a_refusal_without_a_readable_body_says_its_status() -> None:
    for body in (b"<html>", b'{"error": "plain"}', b"[]"):
        async with room(answering, refuse=refusing(502, body)) as platform:  # type: ignore[arg-type]
            with pytest.raises(RealtimeRefused, match="HTTP 502"):
                async with platform.client().realtime.connect():
                    pass


async def test_the_key_is_not_carried_to_another_address() -> None:
    async with room(answering) as elsewhere:
        target = f"ws://127.0.0.1:{elsewhere.port}/"
        async with room(answering, refuse=refusing(302, Location=target)) as platform:  # type: ignore[arg-type]
            with pytest.raises(RealtimeRefused) as caught:
                async with platform.client().realtime.connect():
                    pass
            assert caught.value.status == 302
        assert elsewhere.requests == []


async def test_nobody_there_is_a_lost_connection() -> None:
    async with room(answering) as platform:
        client = platform.client()
    with pytest.raises(RealtimeClosed, match="No connection"):
        async with client.realtime.connect():
            pass


async def test_a_server_that_does_not_speak_websocket_is_no_platform() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
        await writer.drain()

    for serve in (hang_up, babble):
        async with raw_server(serve) as port:
            client = AsyncZhipuAI(KEY, base_url=f"http://127.0.0.1:{port}/api/paas/v4")
            with pytest.raises((RealtimeClosed, RealtimeRefused)):
                async with client.realtime.connect():
                    pass


async def test_the_key_travels_in_the_header_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with room(answering) as platform, platform.client().realtime.connect() as call:
            (request,) = platform.requests
            assert request.headers["Authorization"] == f"Bearer {KEY}"
            assert request.headers["User-Agent"].startswith("zhipu-async/")
            assert request.path == "/api/paas/v4/realtime"
            assert KEY not in repr(call)
    ours = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    assert all(KEY not in record.getMessage() for record in ours)


async def test_hanging_up_is_polite_and_leaves_nothing_behind() -> None:
    codes: list[int | None] = []

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("conversation.item.create")
        await line.end()
        codes.append(line.connection.close_code)

    async with room(script) as platform:
        call = platform.client().realtime.connect()
        async with call:
            await call.create_item("last words")
        await call.close()
        assert own_tasks() == set()
        assert [event async for event in call] != []
        with pytest.raises(RealtimeClosed):
            await call.response()
    assert codes == [1000]


async def test_a_cancelled_goodbye_still_happens() -> None:
    async with room(answering) as platform:
        call = platform.client().realtime.connect()
        await call.__aenter__()
        closing = asyncio.ensure_future(call.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        await call.close()
        assert own_tasks() == set()


async def test_a_platform_that_is_silent_at_the_end_is_not_waited_for_long() -> None:
    over = asyncio.Event()

    async def script(line: Line) -> None:
        await line.greet()
        line.connection.transport.pause_reading()
        await over.wait()
        line.cut()

    async with room(script) as platform:
        async with platform.client().realtime.connect():
            pass
        assert own_tasks() == set()
        over.set()


async def test_leaving_at_any_moment_of_connecting_leaves_nothing_behind() -> None:
    reached: list[asyncio.Event] = [asyncio.Event() for _ in range(3)]

    async def silent(line: Line) -> None:
        reached[0].set()
        await line.end()

    async def created(line: Line) -> None:
        await line.say("session.created", session={})
        await line.hear("session.update")
        reached[1].set()
        await line.end()

    async def slow_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        reached[2].set()
        await reader.read()

    async with room(silent, created) as platform:
        for event in reached[:2]:
            await _enter_and_cancel(platform.client().realtime.connect(), event)
    async with raw_server(slow_handshake) as port:
        client = AsyncZhipuAI(KEY, base_url=f"http://127.0.0.1:{port}/api/paas/v4")
        await _enter_and_cancel(client.realtime.connect(), reached[2])


async def _enter_and_cancel(call: RealtimeSession, reached: asyncio.Event) -> None:
    entering = asyncio.ensure_future(call.__aenter__())
    await reached.wait()
    entering.cancel()
    await asyncio.wait([entering])
    assert entering.cancelled()
    assert own_tasks() == set()
    assert call.state.connection is Connection.CLOSED


# ── errors and clocks ──────────────────────────────────────────────────────────────────────────────


async def test_a_refused_request_fails_the_answer_and_not_the_session() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say("conversation.item.created", item={"id": "i", "type": "message", "role": "user"})
        await line.say("error", error={"type": "server_error", "code": "500", "message": "out of order"})
        await line.hear("response.create")
        await line.answer()
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("hello")
        with pytest.raises(RealtimeServerError, match="out of order") as caught:
            await call.response()
        assert (caught.value.code, caught.value.kind) == ("500", "server_error")
        async for event in call:
            if isinstance(event, ErrorEvent):
                assert event.answers == "response.create"
                break
        await call.respond()
        assert (await call.response()).text == "hello"


async def test_an_answer_that_never_comes_is_given_up() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.end()

    patience = Patience(answer=0.02)
    async with room(script) as platform, platform.client().realtime.connect(patience=patience) as call:
        await call.send_text("hello")
        with pytest.raises(TurnStalled, match="next event of an answer"):
            await call.response()
        assert call.state.answering is Answering.IDLE


async def test_a_platform_that_never_sets_up_is_given_up() -> None:
    async def script(line: Line) -> None:
        await line.end()

    async with room(script) as platform:
        with pytest.raises(TurnStalled):
            async with platform.client().realtime.connect(patience=Patience(setup=0.02)):
                pass


async def test_a_refused_configuration_is_raised_where_it_was_asked_for() -> None:
    async def script(line: Line) -> None:
        await line.say("session.created", session={})
        await line.hear("session.update")
        await line.say("error", error={"type": "invalid_request_error", "message": "no such voice"})
        await line.end()

    async with room(script) as platform:
        with pytest.raises(RealtimeServerError, match="no such voice"):
            async with platform.client().realtime.connect(voice="nobody"):
                pass
        assert own_tasks() == set()


class Pings(logging.Handler):
    """Hears the pings that the platform's end of the line gets."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.third = asyncio.Event()
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self._count += "< PING" in record.getMessage() or "PING" in str(record.args)
        if self._count >= 3:
            self.third.set()


async def test_a_quiet_platform_is_asked_and_an_answer_is_enough(caplog: pytest.LogCaptureFixture) -> None:
    pings = Pings()
    logging.getLogger("websockets.server").addHandler(pings)
    patience = Patience(liveness=0.01, pong=5)
    try:
        with caplog.at_level(logging.DEBUG, "websockets.server"):
            async with room(answering) as platform:
                async with platform.client().realtime.connect(patience=patience) as call:
                    await pings.third.wait()  # each of them but the last has been answered by a pong
                    await call.send_text("still there")
                    assert (await call.response()).text == "answer 1"
    finally:
        logging.getLogger("websockets.server").removeHandler(pings)


async def test_a_dead_line_is_given_up() -> None:
    over = asyncio.Event()

    async def script(line: Line) -> None:
        await line.greet()
        line.connection.transport.pause_reading()
        await over.wait()
        line.cut()

    patience = Patience(liveness=0.02, pong=0.02)
    async with room(script) as platform, platform.client().realtime.connect(patience=patience) as call:
        with pytest.raises(RealtimeClosed, match="no sign of life"):
            async for _ in call:
                pass
        over.set()


# ── interruptions ──────────────────────────────────────────────────────────────────────────────────


async def test_a_cancel_flushes_what_was_not_heard_and_lets_late_speech_through_to_nobody() -> None:
    cancelled = asyncio.Event()

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        for _ in range(5):
            await line.say("response.audio.delta", response_id="r1", item_id="a", delta=SPEECH)
        await line.hear("response.cancel")
        cancelled.set()
        await line.say("response.audio.delta", response_id="r1", item_id="a", delta=SPEECH)
        await line.say("response.cancelled", response={"id": "r1", "status": "cancelled"})
        await line.say("response.done", response={"id": "r1", "status": "cancelled"})
        await line.hear("response.create")
        await line.answer("next", "r2")
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("tell me everything")
        answer = call.response()
        heard = 0
        async for event in call:
            heard += isinstance(event, ResponseAudioDelta)
            if heard == 2:
                break
        while answer.audio_ms < 500:
            await asyncio.sleep(0)
        assert await call.cancel()
        await call.create_item("wait")
        await call.respond()  # waits for the old answer to end
        rest: list[RealtimeEvent] = []
        async for event in call:
            rest.append(event)
            if isinstance(event, ResponseDone) and event.response.id == "r2":
                break
        assert not any(isinstance(event, ResponseAudioDelta) for event in rest)
        flushed = AudioFlushed(response_id="r1", reason="cancel", handed_over_ms=200, dropped_ms=300)
        assert flushed in rest
        assert (answer.status, answer.interrupted) == ("cancelled", "cancel")
        assert (await call.response()).text == "next"


async def test_speech_interrupts_an_answer_that_is_still_being_heard() -> None:
    speak = asyncio.Event()

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        for _ in range(3):
            await line.say("response.audio.delta", response_id="r1", item_id="a", delta=SPEECH)
        await line.say("response.done", response={"id": "r1", "status": "completed"})
        await speak.wait()
        await line.say("input_audio_buffer.speech_started", item_id="x")
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(turn_detection="server_vad") as call:
            await call.send_text("speak")
            answer = await call.response()
            playing = answer.audio()
            assert await anext(playing)
            speak.set()
            async for event in call:
                if isinstance(event, AudioFlushed):
                    assert (event.response_id, event.reason) == ("r1", "speech_started")
                    assert (event.handed_over_ms, event.dropped_ms) == (100, 200)
                    break
            assert [piece async for piece in playing] == []


# ── updates ────────────────────────────────────────────────────────────────────────────────────────


async def test_an_update_sends_everything_and_returns_what_the_platform_took() -> None:
    updates: list[Message] = []

    async def script(line: Line) -> None:
        updates.append(await line.greet())
        updates.append(await line.hear("session.update"))
        await line.say("session.updated", session={"id": "s", "voice": "xiaochen"})
        await line.hear("session.update")
        await line.say("error", error={"type": "invalid_request_error", "message": "no such voice"})
        await line.hear("transcription_session.update")
        await line.say("transcription_session.updated", session={})
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(voice="tongtong", instructions="short") as call:
            session = await call.update(voice="xiaochen")
            assert session.voice == call.session.voice == "xiaochen"
            with pytest.raises(RealtimeServerError, match="no such voice"):
                await call.update(voice="nobody")
            await call.update_transcription(TranscriptionConfig(input_audio_format="pcm"))
    first, second = (update["session"] for update in updates)
    assert isinstance(first, dict)
    assert second == {**first, "voice": "xiaochen"}


async def test_a_change_of_mode_can_wait_for_a_pause_and_tell_the_history_again() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say("response.created", response={"id": "r1"})
        await line.hear("response.cancel")
        await line.say("response.done", response={"id": "r1", "status": "cancelled"})
        await line.hear("session.update")
        await line.say("session.updated", session={})
        told = await line.hear("conversation.item.create")
        assert told["item"] == line.heard[1]["item"]
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(chat_mode="video_passive") as call:
            await call.send_text("hello", reuse_frame=True)
            with pytest.raises(IllegalCall) as caught:
                await call.update(chat_mode="audio")
            assert caught.value.reason == "session_busy"
            changing = asyncio.ensure_future(
                call.update(chat_mode="audio", when_idle=True, keep_history=True)
            )
            await asyncio.sleep(0)
            await call.cancel()
            await changing
            async for event in call:
                if isinstance(event, HistoryDropped):
                    break


async def test_a_message_that_would_end_the_connection_is_not_sent() -> None:
    async with room(answering) as platform, platform.client().realtime.connect() as call:
        for sending in (
            call.send_text("好" * 100_000),
            call.send({"type": "something.new", "with": "x" * 300_000}),
            call.update(instructions="x" * 300_000),
        ):
            with pytest.raises(InvalidArgument, match="is the most"):
                await sending
        await call.send_text("hello")
        assert (await call.response()).text == "answer 1"


async def test_two_answers_that_overlap_are_gathered_apart() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say("response.text.delta", response_id="r1", item_id="a", delta="one")
        await line.say("response.text.delta", response_id="r2", item_id="b", delta="two")
        await line.say("response.done", response={"id": "r2", "status": "completed"})
        await line.hear("input_audio_buffer.clear")
        await line.say("response.text.delta", response_id="r1", item_id="a", delta=" more")
        await line.say("response.done", response={"id": "r1", "status": "completed"})
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("hello")
        first = call.response()
        async for event in call:
            if isinstance(event, ResponseDone):
                break
        assert (await call.response()).text == "two"
        assert not first.done
        await call.clear()
        assert (await first).text == "one more"


async def test_speech_of_earlier_answers_is_not_kept() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        for number in (1, 2):
            await line.hear("response.create")
            await line.say("response.audio.delta", response_id=f"r{number}", item_id="a", delta=SPEECH)
            await line.say("response.done", response={"id": f"r{number}", "status": "completed"})
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect() as call:
        await call.send_text("one")
        kept = await call.response()
        await call.send_text("two")
        assert (await call.response()).audio_ms == 100
        assert len(kept.pcm) == 4800  # whoever took it has it
        records = call._driver.machine.records  # pyright: ignore[reportPrivateUsage]
        assert [len(record.chunks) for record in records.values()] == [0, 1]
