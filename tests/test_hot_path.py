"""What a call and a short stream cost, counted in steps of our own code: a measure that no machine's mood changes.

The bounds are about a third above what is needed; whoever crosses one has added work to every call.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType

import aiohttp
import msgspec

import zhipu_async
from tests.event_server import EventServer, Script, Talk, body, event_server
from tests.flows.realtime_room import Line, room
from tests.protocol.frames import DONE, event, text
from zhipu_async import AsyncZhipuAI
from zhipu_async.flows.realtime import RealtimeSession
from zhipu_async.types.realtime import ResponseAudioTranscriptDelta, ResponseDone

PACKAGE = str(Path(zhipu_async.__file__).parent)
BELOW = str(Path(aiohttp.__file__).parent)
MESSAGES = [{"role": "user", "content": "你好"}]
LONG = [{"role": ("user", "assistant")[number % 2], "content": "说说海" * 20} for number in range(201)]
TIMES = 50

CALL_STEPS = 108
CALL_STEPS_BELOW = 60  # of aiohttp: its session alone would take 110
STREAM_STEPS = 200
LONG_STEPS = 108
POLL_STEPS = 140
TASKS = 40
POLLS = 4  # of each task
EVENT_STEPS = 40  # of a realtime session
EVENTS = 200
TIMERS = 3  # in all: the loop's one for calls and one for streams, and what is wound again when it rings
KEPT_BLOCKS = 0.5  # per call, in blocks of Python's allocator: a leak keeps at least one


def completion(talk: Talk) -> None:
    plain(
        talk, {"choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]}
    )


def plain(talk: Talk, reply: object) -> None:
    sent = msgspec.json.encode(reply)
    talk.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(sent))
    talk.raw(sent)


async def whole(talk: Talk) -> None:
    completion(talk)


@asynccontextmanager
async def client(script: Script) -> AsyncGenerator[tuple[AsyncZhipuAI, EventServer]]:
    async with event_server(script) as server, AsyncZhipuAI("id.secret", base_url=server.base_url) as zhipu:
        yield zhipu, server


async def call(zhipu: AsyncZhipuAI) -> None:
    reply = await zhipu.chat.completions.create(model="glm-4.7", messages=MESSAGES)
    assert reply.text == "hello"


async def long_call(zhipu: AsyncZhipuAI) -> None:
    reply = await zhipu.chat.completions.create(model="glm-4.7", messages=LONG)
    assert reply.text == "hello"


async def stream(zhipu: AsyncZhipuAI) -> None:
    async with zhipu.chat.completions.stream(model="glm-4.7", messages=MESSAGES) as events:
        assert [piece async for piece in events.text()] == ["你好"] * 9
    assert events.result.text == "你好" * 9


@contextmanager
def counted() -> Generator[Counter[str]]:
    """Count the steps of the package's functions: a call is one, resuming a coroutine is one."""
    counts: Counter[str] = Counter()

    def note(frame: FrameType, kind: str, _: object) -> None:
        if kind != "call":
            return
        if frame.f_code.co_filename.startswith(PACKAGE):
            counts["steps"] += 1
        elif frame.f_code.co_filename.startswith(BELOW):
            counts["below"] += 1
        elif frame.f_code.co_name in ("call_at", "call_later") and frame.f_back is not None:
            counts["timers"] += frame.f_back.f_code.co_filename.startswith(PACKAGE)

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # what other tests left to be collected would be counted, too
    sys.setprofile(note)
    try:
        yield counts
    finally:
        sys.setprofile(before)
        gc.enable()


async def costs(script: Script, work: Callable[[AsyncZhipuAI], Awaitable[None]]) -> tuple[float, int]:
    """The steps of one piece of work, and the timers of all."""
    counts = await counts_of(script, work)
    return counts["steps"] / TIMES, counts["timers"]


async def counts_of(script: Script, work: Callable[[AsyncZhipuAI], Awaitable[None]]) -> Counter[str]:
    """What some repetitions of the work take."""
    async with client(script) as (zhipu, _):
        await work(zhipu)  # imports, connects
        with counted() as counts:
            for _ in range(TIMES):
                await work(zhipu)
    return counts


async def test_a_call_takes_few_steps_and_no_timer_of_its_own() -> None:
    steps, timers = await costs(whole, call)
    assert steps <= CALL_STEPS
    assert timers <= TIMERS


async def test_a_call_takes_the_short_way_over_aiohttp() -> None:
    counts = await counts_of(whole, call)
    assert 0 < counts["below"] / TIMES <= CALL_STEPS_BELOW


async def test_a_short_stream_takes_few_steps_and_no_timer_of_its_own() -> None:
    events = [event(text("你好")) for _ in range(9)]
    last = event(text("", finish_reason="stop"))
    steps, timers = await costs(body(*events, last, DONE), stream)
    assert steps <= STREAM_STEPS
    assert timers <= TIMERS


async def test_two_hundred_messages_take_no_step_each() -> None:
    steps, _ = await costs(whole, long_call)
    assert steps <= LONG_STEPS


async def test_a_poll_takes_few_steps() -> None:
    polls = 0

    async def task(talk: Talk) -> None:
        nonlocal polls
        polls += 1
        plain(talk, {"id": "1", "task_status": "SUCCESS" if polls > (POLLS - 1) * TASKS else "PROCESSING"})

    async with client(task) as (zhipu, _):
        zhipu.tasks.polling.scale, zhipu.tasks.polling.per_second = 0.0005, 1e6
        assert await zhipu.tasks.attach("chat:0").status() == "PROCESSING"  # imports, connects
        polls = 0
        with counted() as counts:
            await zhipu.tasks.gather(*(zhipu.tasks.attach(f"chat:{number}") for number in range(TASKS)))
    assert counts["steps"] / polls <= POLL_STEPS


async def test_a_realtime_event_takes_few_steps() -> None:
    async def talk(line: Line) -> None:
        await line.greet()
        for turn in range(2):
            await line.hear("response.create")
            for number in range(EVENTS):
                place = {"response_id": f"r{turn}", "item_id": "i"}
                await line.say("response.audio_transcript.delta", event_id=f"{number}", delta="你", **place)
            await line.say("response.done", response={"id": f"r{turn}", "status": "completed"})
        await line.end()

    async def gather(call: RealtimeSession) -> str:
        await call.send_text("你好")
        told = ""
        async for heard in call:
            if isinstance(heard, ResponseDone):
                break
            told += heard.delta if isinstance(heard, ResponseAudioTranscriptDelta) else ""
        return told

    async with room(talk) as here, here.client() as zhipu, zhipu.realtime.connect() as call:
        assert await gather(call) == "你" * EVENTS
        with counted() as counts:
            assert await gather(call) == "你" * EVENTS
    assert counts["steps"] / EVENTS <= EVENT_STEPS


async def test_calls_leave_nothing_behind() -> None:
    async with client(whole) as (zhipu, _):
        for _ in range(TIMES):
            await call(zhipu)
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(4 * TIMES):
            await call(zhipu)
        gc.collect()
        assert sys.getallocatedblocks() - before <= KEPT_BLOCKS * 4 * TIMES
