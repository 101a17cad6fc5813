"""Chat streams over real sockets: views, ends, and what is left when nobody reads any more."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import sys
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from tests.event_server import HEAD, EventServer, Script, Talk, body, event_server
from tests.protocol.frames import DONE, event, frame, text
from zhipu_async import AsyncZhipuAI, Timeout
from zhipu_async.errors import (
    APIError,
    APIStatusError,
    APITimeoutError,
    StreamClosed,
    StreamDamaged,
    StreamError,
    StreamFailed,
    StreamInterrupted,
)
from zhipu_async.flows import cursor as cursor_module
from zhipu_async.flows import watch as watch_module
from zhipu_async.flows.stream import ChatStream
from zhipu_async.types.chat_events import Finished, ReasoningDelta, TextDelta

KEY = "id-of-a-key.secret-of-a-key"
THOUGHT = event(frame({"role": "assistant", "reasoning_content": "hm"}))
END = event(
    text("", finish_reason="stop", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})
)
ANSWER = (THOUGHT, THOUGHT, event(text("a")), event(text("b")), event(text("c")), END, DONE)


@asynccontextmanager
async def talking(
    script: Script, timeout: Timeout | None = None
) -> AsyncGenerator[tuple[EventServer, AsyncZhipuAI]]:
    async with event_server(script) as server:
        clocks = timeout or Timeout(connect=5, first=5, idle=5, total=20)
        async with AsyncZhipuAI(KEY, base_url=server.base_url, timeout=clocks, max_retries=0) as zhipu:
            yield server, zhipu


def ask(zhipu: AsyncZhipuAI) -> ChatStream:
    return zhipu.chat.completions.stream(model="glm-5.3", messages="a secret prompt")


def in_flight(zhipu: AsyncZhipuAI) -> int:
    return sum(state.in_flight for state in zhipu._calls.permits.states())  # pyright: ignore[reportPrivateUsage]


async def ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def stays_open(*events: bytes) -> Script:
    """Answer with these events and leave the body open."""
    return body(*events, finish=False)


# ── views ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_stream_gives_chunks_and_adds_up() -> None:
    async with talking(body(*ANSWER)) as (_, zhipu):
        async with ask(zhipu) as stream:
            chunks = [chunk async for chunk in stream]
        assert [chunk.text for chunk in chunks] == ["", "", "a", "b", "c", ""]
        assert chunks[0].reasoning == "hm"
        assert chunks[-1].finish_reason == "stop"
        result = stream.result
        assert (result.text, result.reasoning, result.usage.total_tokens) == ("abc", "hmhm", 3)
        assert stream.meta.log_id == result.meta.log_id == "log-1"
        assert result.request_id == stream.meta.request_id != ""
        assert in_flight(zhipu) == 0


async def test_create_with_stream_gives_the_same_object_opened() -> None:
    async with talking(body(*ANSWER)) as (server, zhipu):
        stream = await zhipu.chat.completions.create(model="glm-5.3", messages="x", stream=True)
        assert server.requests == 1
        assert [piece async for piece in stream.text()] == ["a", "b", "c"]
        assert stream.result.text == "abc"


async def test_a_stream_opens_at_its_first_loop_without_async_with() -> None:
    async with talking(body(*ANSWER)) as (server, zhipu):
        stream = ask(zhipu)
        assert server.requests == 0
        assert stream.meta.request_id == ""
        assert len([chunk async for chunk in stream]) == 6


async def test_reasoning_stops_where_the_answer_begins_and_text_goes_on() -> None:
    both = event(frame({"reasoning_content": "!", "content": "A"}))
    async with talking(body(THOUGHT, both, *ANSWER[2:])) as (_, zhipu), ask(zhipu) as stream:
        assert [piece async for piece in stream.reasoning()] == ["hm", "!"]
        assert [piece async for piece in stream.reasoning()] == []
        assert [piece async for piece in stream.text()] == ["A", "a", "b", "c"]
        assert stream.result.reasoning == "hm!"
        assert stream.result.text == "Aabc"


async def test_reasoning_stops_before_a_tool_call() -> None:
    call = event(
        frame({"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}}]})
    )
    end = event(frame(finish_reason="tool_calls"))
    async with talking(body(THOUGHT, call, end, DONE)) as (_, zhipu), ask(zhipu) as stream:
        assert [piece async for piece in stream.reasoning()] == ["hm"]
        assert [type(each).__name__ async for each in stream.events()] == [
            "ToolCallDelta",
            "ToolCallReady",
            "Finished",
        ]
        assert stream.result.tool_calls[0].parse_arguments() == {}


async def test_an_answer_that_is_all_reasoning_can_be_told_apart() -> None:
    async with (
        talking(body(THOUGHT, event(frame(finish_reason="length")), DONE)) as (_, zhipu),
        ask(zhipu) as stream,
    ):
        assert [piece async for piece in stream.reasoning()] == ["hm"]
        assert stream.result.ran_out_thinking
        assert stream.result.truncated


async def test_views_speak_of_the_first_choice_and_chunks_of_all() -> None:
    other = event(frame({"content": "x", "reasoning_content": "y"}, choice=1, finish_reason="stop"))
    async with talking(body(THOUGHT, other, event(text("a")), other, END, DONE)) as (_, zhipu):
        async with ask(zhipu) as stream:
            assert [piece async for piece in stream.reasoning()] == ["hm"]
            assert [piece async for piece in stream.text()] == ["a"]
        assert [choice.message.content for choice in stream.result.choices] == ["a", "xx"]


async def test_events_are_made_for_match() -> None:
    said: list[str] = []
    async with talking(body(*ANSWER)) as (_, zhipu), ask(zhipu) as stream:
        async for each in stream.events():
            match each:
                case ReasoningDelta(text=piece):
                    said.append(f"({piece})")
                case TextDelta(text=piece):
                    said.append(piece)
                case Finished(reason=reason, usage=usage):
                    said.append(f"{reason} {usage.total_tokens if usage else None}")
                case _:
                    pytest.fail(f"unexpected {each}")
    assert said == ["(hm)", "(hm)", "a", "b", "c", "stop 3"]


async def test_batches_come_per_network_read() -> None:
    async with talking(body(*ANSWER)) as (_, zhipu), ask(zhipu) as stream:
        assert sum([len(batch) async for batch in stream.batches()]) == 6


async def test_anext_peeks_and_leaves_the_stream_open() -> None:
    async with talking(body(*ANSWER)) as (_, zhipu), ask(zhipu) as stream:
        assert (await anext(stream)).reasoning == "hm"
        assert (await anext(stream)).reasoning == "hm"
        assert [piece async for piece in stream.text()] == ["a", "b", "c"]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_finish_reads_the_rest() -> None:
    async with talking(body(*ANSWER)) as (_, zhipu):
        stream = ask(zhipu)
        await anext(stream)
        assert (await stream.finish()).text == "abc"
        assert (await stream.finish()).text == "abc"


async def test_collect_gives_what_was_left() -> None:
    async with talking(body(*ANSWER)) as (_, zhipu), ask(zhipu) as stream:
        await anext(stream)
        assert len(await stream.collect()) == 5


async def test_there_is_no_result_before_the_end_but_a_partial() -> None:
    async with talking(stays_open(*ANSWER[:4])) as (_, zhipu), ask(zhipu) as stream:
        assert stream.partial.text == ""
        while stream.partial.text != "ab":
            await anext(stream)
        with pytest.raises(StreamClosed, match="not whole"):
            _ = stream.result


async def test_two_views_at_once_are_one_too_many() -> None:
    async with talking(body(*ANSWER)) as (_, zhipu), ask(zhipu) as stream:
        async for _ in stream:
            for other in (
                stream.text(),
                stream.reasoning(),
                stream.events(),
                stream.batches(),
                stream.relay(),
            ):
                with pytest.raises(StreamClosed, match="another view"):
                    await anext(other)
            with pytest.raises(StreamClosed, match="another view"):
                await anext(stream)
        assert stream.result.text == "abc", "and the first one goes on"


async def test_a_repr_tells_the_state_and_nothing_of_the_prompt() -> None:
    async with talking(body(*ANSWER)) as (_, zhipu):
        stream = ask(zhipu)
        assert repr(stream) == "<ChatStream new, request_id none yet>"
        await stream.finish()
        assert repr(stream).startswith("<ChatStream whole, request_id ")


# ── leaving ────────────────────────────────────────────────────────────────────────────────────────

VIEWS: list[Callable[[ChatStream], AsyncGenerator[object]]] = [
    lambda stream: stream.__aiter__(),
    lambda stream: stream.reasoning(),
    lambda stream: stream.events(),
    lambda stream: stream.batches(),
    lambda stream: stream.relay(),
]


@pytest.mark.parametrize("view", VIEWS)
async def test_break_closes_at_once_though_the_stream_is_still_held(
    view: Callable[[ChatStream], AsyncGenerator[object]],
) -> None:
    async with talking(stays_open(*ANSWER[:5])) as (server, zhipu):
        stream = await ask(zhipu).open()
        assert in_flight(zhipu) == 1
        async for _ in view(stream):
            break
        await ticks(2)
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)
        assert stream.partial.reasoning == "hmhm"
        with pytest.raises(StreamClosed, match=r"`\.partial`"):
            await anext(stream)
        with pytest.raises(StreamClosed):
            await anext(stream.text())


async def test_an_exception_in_the_loop_closes_at_once() -> None:
    async with talking(stays_open(*ANSWER[:4])) as (server, zhipu):
        stream = await ask(zhipu).open()

        async def fail() -> None:
            async for _ in stream:
                _ = 1 / 0

        with pytest.raises(ZeroDivisionError):
            await fail()
        await ticks(2)
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


@pytest.mark.parametrize("events", [(), ANSWER[:2]])
@pytest.mark.parametrize("view", VIEWS)
async def test_cancelling_closes_at_once(
    view: Callable[[ChatStream], AsyncGenerator[object]], events: tuple[bytes, ...]
) -> None:
    async with talking(stays_open(*events)) as (server, zhipu):
        stream = await ask(zhipu).open()

        async def read() -> None:
            async with aclosing(view(stream)) as pieces:
                async for _ in pieces:
                    pass

        task = asyncio.ensure_future(read())
        while not (server.talks and stream.partial.reasoning == ("hmhm" if events else "")):
            await asyncio.sleep(0)
        await ticks(3)
        task.cancel()
        await asyncio.wait((task,))
        await ticks(2)
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


async def test_cancelling_while_it_opens_leaves_nothing() -> None:
    async def silent(talk: Talk) -> None:
        await talk.gone.wait()

    async with talking(silent) as (server, zhipu):
        task = asyncio.ensure_future(ask(zhipu).finish())
        while not server.requests:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


async def test_leaving_async_with_closes_and_closing_twice_is_harmless() -> None:
    async with talking(stays_open(*ANSWER[:3])) as (server, zhipu):
        async with ask(zhipu) as stream:
            await anext(stream)
        assert in_flight(zhipu) == 0
        await stream.close()
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


async def test_a_stream_closed_before_it_opened_never_opens() -> None:
    async with talking(body(*ANSWER)) as (server, zhipu):
        stream = ask(zhipu)
        await stream.close()
        with pytest.raises(StreamClosed):
            await stream.finish()
        with pytest.raises(StreamClosed):
            await stream.open()
        assert server.requests == 0


async def test_closing_wakes_whoever_reads() -> None:
    async with talking(stays_open(*ANSWER[:3])) as (_, zhipu):
        stream = await ask(zhipu).open()
        task = asyncio.ensure_future(stream.finish())
        while not stream.partial.text:
            await asyncio.sleep(0)
        await ticks(2)
        await stream.close()
        with pytest.raises(StreamClosed):
            await task


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_dropped_stream_warns_and_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: complaints.append(unraisable.exc_value))  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType, reportUnknownArgumentType]
    async with talking(stays_open(*ANSWER[:3])) as (server, zhipu):
        stream = await ask(zhipu).open()
        await anext(stream)
        held = weakref.ref(stream)
        del stream
        gc.collect()
        assert held() is None, "its clocks do not hold it"
        await ticks(2)
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)
    assert [type(each) for each in complaints] == [ResourceWarning], "warnings are errors here"


async def test_hundreds_of_streams_of_which_many_are_abandoned_leave_nothing() -> None:
    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        for each in ANSWER:
            talk.send(each)
            await asyncio.sleep(0)
        talk.finish()

    async def use(zhipu: AsyncZhipuAI, number: int) -> None:
        stream = ask(zhipu)
        if number % 3:
            assert (await stream.finish()).text == "abc"
            return
        async for _ in stream:
            break

    async with talking(script) as (server, zhipu):
        before = len(asyncio.all_tasks())
        await asyncio.gather(*(use(zhipu, number) for number in range(300)))
        await ticks(3)
        assert in_flight(zhipu) == 0
        await zhipu.close()
        while server.open_connections:
            await asyncio.sleep(0)
        await ticks(3)
        assert len(asyncio.all_tasks()) <= before


# ── the end ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_finished_stream_gives_its_connection_back() -> None:
    async with talking(body(*ANSWER)) as (server, zhipu):
        for _ in range(3):
            await ask(zhipu).finish()
        assert server.requests == 3
        assert len(server.talks) == 1


async def test_the_connection_returns_when_the_end_of_the_body_comes_late() -> None:
    may_end = asyncio.Event()

    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        talk.send(*ANSWER)
        await may_end.wait()
        talk.finish()

    async with talking(script) as (server, zhipu):
        assert (await ask(zhipu).finish()).text == "abc"
        assert in_flight(zhipu) == 0, "the permit does not wait for it"
        may_end.set()
        pool = zhipu._calls  # pyright: ignore[reportPrivateUsage]
        await ticks(10)
        assert (await ask(zhipu).finish()).text == "abc"
        assert len(server.talks) == 1
        assert pool is not None


async def test_a_server_that_does_not_end_the_body_loses_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cursor_module, "DRAIN_SECONDS", 0.01)
    async with talking(stays_open(*ANSWER)) as (server, zhipu):
        assert (await ask(zhipu).finish()).text == "abc"
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


def cut(*events: bytes) -> Script:
    """Answer with these events and cut the connection."""

    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        talk.send(*events)
        talk.cut()

    return script


async def half_a_chunk(talk: Talk) -> None:
    talk.raw(HEAD)
    talk.send(event(text("a")))
    talk.raw(b"ff\r\ndata: {")
    talk.cut()


async def reset_in_the_middle(talk: Talk) -> None:
    talk.raw(HEAD)
    talk.send(event(text("a")))
    await ticks(5)
    talk.transport.abort()


async def broken_chunking(talk: Talk) -> None:
    talk.raw(HEAD)
    talk.send(event(text("a")))
    await ticks(5)
    talk.raw(b"zz\r\n")


WRONG_ENDS: dict[str, tuple[Script, type[StreamError], str]] = {
    "cut": (cut(event(text("a"))), StreamInterrupted, "a"),
    "cut before the first event": (cut(), StreamInterrupted, ""),
    "cut in the middle of a chunk": (half_a_chunk, StreamInterrupted, "a"),
    "reset": (reset_in_the_middle, StreamInterrupted, "a"),
    "broken chunking": (broken_chunking, StreamInterrupted, "a"),
    "no finish": (body(event(text("a"))), StreamInterrupted, "a"),
    "[DONE] without a finish": (body(event(text("a")), DONE), StreamInterrupted, "a"),
    "nothing": (body(), StreamInterrupted, ""),
    "network_error": (body(event(text("a", finish_reason="network_error")), DONE), StreamFailed, "a"),
    "network_error and silence": (
        stays_open(event(text("a", finish_reason="network_error"))),
        StreamFailed,
        "a",
    ),
    "context overflow": (
        body(event(text("a", finish_reason="model_context_window_exceeded")), DONE),
        StreamFailed,
        "a",
    ),
    "an error object": (
        body(event(text("a")), event({"error": {"code": "1234", "message": "x"}})),
        StreamFailed,
        "a",
    ),
    "an error object at once": (
        stays_open(event({"error": {"code": "1234", "message": "x"}})),
        StreamFailed,
        "",
    ),
    "rubbish": (body(event(text("a")), b"data: rubbish\n\n"), StreamDamaged, "a"),
    "another stream's frame in a broken one": (
        body(event(text("a")), b'data: {"id":' + event({**text("b"), "id": "t2"})),
        StreamDamaged,
        "a",
    ),
}


@pytest.mark.parametrize("kind", WRONG_ENDS)
async def test_a_wrong_end_raises_with_what_had_arrived(kind: str) -> None:
    script, error, partial = WRONG_ENDS[kind]
    async with talking(script) as (server, zhipu):
        stream = await ask(zhipu).open()
        said: list[str] = []

        async def listen() -> None:
            async for piece in stream.text():
                said.append(piece)

        with pytest.raises(error) as caught:
            await listen()
        assert "".join(said) == partial
        assert caught.value.partial is not None
        assert caught.value.partial.text == stream.partial.text == partial
        assert caught.value.request_id == stream.meta.request_id
        assert caught.value.log_id == "log-1"
        assert "chat.completions" in str(caught.value)
        assert "secret" not in str(caught.value)
        assert stream.error is caught.value
        again = pickle.loads(pickle.dumps(caught.value))
        assert again.partial == copy.copy(caught.value).partial == caught.value.partial
        assert in_flight(zhipu) == 0
        with pytest.raises(error):
            await stream.finish()
        await zhipu.close()
        while server.open_connections:
            await asyncio.sleep(0)


async def test_a_connection_that_broke_while_the_program_was_busy_is_an_interruption() -> None:
    async with talking(broken_chunking) as (server, zhipu):
        stream = ask(zhipu)
        assert (await anext(stream)).text == "a"
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)
        await ticks(5)
        with pytest.raises(StreamInterrupted):
            await anext(stream)


@pytest.mark.parametrize("reason", ["length", "sensitive"])
async def test_length_and_sensitive_are_outcomes(reason: str) -> None:
    async with talking(body(event(text("a", finish_reason=reason)), DONE)) as (_, zhipu):
        result = await ask(zhipu).finish()
        assert (result.text, result.finish_reason) == ("a", reason)
        assert result.blocked is (reason == "sensitive")


async def test_an_end_of_the_body_after_the_finish_is_an_end() -> None:
    async with talking(body(*ANSWER[:-1])) as (_, zhipu):
        assert (await ask(zhipu).finish()).text == "abc"


async def json_error(talk: Talk) -> None:
    content = b'{"error":{"code":"1211","message":"no such model"}}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
    talk.raw(head + content)


async def test_a_json_error_in_place_of_a_stream_is_the_platforms_error() -> None:
    async with talking(json_error) as (_, zhipu):
        with pytest.raises(APIStatusError) as caught:
            await ask(zhipu).open()
        assert caught.value.code == "1211"
        assert in_flight(zhipu) == 0


async def test_lost_frames_are_counted() -> None:
    splice = b'data: {"id":"t1","cho' + event(text("b"))
    async with talking(body(event(text("a")), splice, END, DONE)) as (_, zhipu):
        stream = ask(zhipu)
        assert (await stream.finish()).text == "ab"
        assert stream.lost_frames == 1


# ── clocks ─────────────────────────────────────────────────────────────────────────────────────────


async def keep_alives(talk: Talk) -> None:
    while not talk.gone.is_set():
        talk.send(b": keep-alive\n\n")
        await asyncio.sleep(0.005)


async def test_keep_alives_are_no_progress_for_the_idle_clock() -> None:
    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        talk.send(event(text("a")))
        await keep_alives(talk)

    async with talking(script, Timeout(idle=0.05)) as (server, zhipu):
        stream = ask(zhipu)
        with pytest.raises(APITimeoutError) as caught:
            await stream.finish()
        assert (caught.value.clock, caught.value.seconds) == ("idle", 0.05)
        assert caught.value.partial is not None
        assert caught.value.partial.text == "a"
        assert in_flight(zhipu) == 0
        await asyncio.wait_for(server.talks[0].gone.wait(), 5)


@pytest.mark.parametrize(
    ("timeout", "clock"), [(Timeout(first=0.05), "first"), (Timeout(total=0.05), "total")]
)
async def test_keep_alives_are_no_first_delta(timeout: Timeout, clock: str) -> None:
    async def script(talk: Talk) -> None:
        talk.raw(HEAD)
        await keep_alives(talk)

    async with talking(script, timeout) as (_, zhipu):
        with pytest.raises(APITimeoutError) as caught:
            await ask(zhipu).finish()
        assert (caught.value.clock, caught.value.seconds) == (clock, 0.05)


async def test_a_call_inside_a_streams_own_loop_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "LOOK_SECONDS", 0.01)
    whole = b'{"choices":[{"message":{"content":"inside"}}]}'

    async def script(talk: Talk) -> None:
        if server.requests == 1:
            await stays_open(*ANSWER[:4])(talk)
        else:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            talk.raw(head % len(whole) + whole)

    async with event_server(script) as server:
        async with AsyncZhipuAI(KEY, base_url=server.base_url, limits={"glm-5.3": 1}) as zhipu:
            async for _ in ask(zhipu).text():
                inside = await zhipu.chat.completions.create(model="glm-5.3", messages="x")
                assert inside.text == "inside"
                break
            await ticks(2)
            assert in_flight(zhipu) == 0


async def test_every_error_of_a_stream_is_the_librarys() -> None:
    for script, _, _ in WRONG_ENDS.values():
        async with talking(script) as (_, zhipu):
            with pytest.raises(APIError):
                await ask(zhipu).finish()
