"""The realtime client against the local platform: whole calls, every contradiction of the documents, every fault."""

from __future__ import annotations

import math
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from zhipu_async.client import AsyncZhipuAI
from zhipu_async.errors import RealtimeClosed, RealtimeError, RealtimeRefused
from zhipu_async.flows.realtime import RealtimeSession
from zhipu_async.flows.tools import tool
from zhipu_async.protocol.audio import wav
from zhipu_async.protocol.realtime_ends import Reconnect
from zhipu_async.protocol.realtime_timing import Patience
from zhipu_async.simulator import Simulator
from zhipu_async.simulator.realtime_answer import Answer
from zhipu_async.simulator.realtime_faults import Fault
from zhipu_async.simulator.realtime_session import QUIRKS
from zhipu_async.types.realtime import (
    AudioFlushed,
    EventsDropped,
    InputAudioBufferSpeechStarted,
    ProtocolWarning,
    RealtimeEvent,
    Reconnected,
    ResponseAudioDelta,
    ResponseAudioTranscriptDelta,
    ResponseDone,
    TurnStall,
    UnknownEvent,
)

RATE = 16_000
VOICE = b"".join(struct.pack("<h", int(12_000 * math.sin(at * 0.17))) for at in range(RATE))
SILENCE = bytes(RATE * 2)
QUICK = Patience(setup=1, answer=1, cancel=0.2, endpoint=1, liveness=1, pong=1)


@asynccontextmanager
async def calling(sim: Simulator, **settings: Any) -> AsyncGenerator[RealtimeSession]:
    async with AsyncZhipuAI(sim.api_key, base_url=sim.base_url) as zhipu:
        async with zhipu.realtime.connect(**settings) as call:
            yield call


async def until_done(call: RealtimeSession) -> list[RealtimeEvent]:
    events: list[RealtimeEvent] = []
    async for event in call:
        events.append(event)
        if isinstance(event, ResponseDone):
            return events
    raise AssertionError("the session ended")


def quirky(sim: Simulator, *quirks: str) -> None:
    sim.realtime.conduct = replace(sim.realtime.conduct, quirks=frozenset(quirks))


QUIRK_SETS = [[quirk] for quirk in sorted(QUIRKS - {"deaf_with_tools"})] + [
    sorted(QUIRKS - {"deaf_with_tools", "cancelled_only"})
]


@pytest.mark.parametrize("quirks", QUIRK_SETS, ids=lambda quirks: "+".join(quirks)[:30])
async def test_whole_calls_hold_under_every_reading_of_the_documents(quirks: list[str]) -> None:
    @tool
    async def weather(city: str) -> str:
        """Forecast the weather of a city."""
        return f"{city}: sunny"

    async with Simulator(seed=3) as sim:
        quirky(sim, *quirks)
        sim.realtime.answer(
            Answer(text="你好！"),
            Answer(tool_calls=(("weather", '{"city": "北京"}'),)),
            Answer(text="晴天。"),
            Answer(text="one two three four five six seven eight nine ten " * 20),
            Answer(text="last"),
        )
        async with calling(sim, tools=[weather], patience=QUICK, reconnect=None) as call:
            await call.send_text("hello")
            assert (await call.response()).transcript == "你好！"
            await call.send_audio(wav(VOICE, RATE))
            await call.commit()
            await call.respond()
            answer = await call.response()
            assert (answer.transcript, [each.name for each in answer.calls]) == ("晴天。", ["weather"])
            assert len(answer.pcm) % 2 == 0
            await call.send_text("talk")
            long = call.response()
            async for event in call:
                if isinstance(event, ResponseAudioDelta) and event.response_id == long.id:
                    break
            await call.cancel(missing_ok=True)
            await long
            await call.send_text("the end")
            assert (await call.response()).transcript == "last"
        (record,) = sim.realtime.sessions
        await record.ended.wait()
        assert record.close_code == 1000
        assert record.dropped_appends == 0


async def test_server_vad_hears_answers_and_is_interrupted() -> None:
    async with Simulator(seed=1) as sim:
        sim.realtime.conduct = replace(sim.realtime.conduct, speed=50)
        sim.realtime.answer(Answer(text="a very long answer " * 200), Answer(text="yes?"))
        settings: dict[str, Any] = {"turn_detection": "server_vad", "input_audio_format": "pcm16"}
        async with calling(sim, **settings) as call:
            await call.send_audio(VOICE + SILENCE)
            first = call.response()
            async for event in call:
                if isinstance(event, ResponseAudioDelta):
                    break
            await call.send_audio(VOICE + SILENCE)
            assert (await first).interrupted == "speech_started"
            second = await call.response()
            assert second.transcript == "yes?"
            kinds = [type(event) for event in await until_done(call)]
            assert InputAudioBufferSpeechStarted in kinds
            assert AudioFlushed in kinds or EventsDropped in kinds


async def test_a_video_call_shows_pictures() -> None:
    async with Simulator(seed=1) as sim:
        async with calling(sim, chat_mode="video_passive") as call:
            await call.send_audio(wav(VOICE, RATE))
            await call.send_video_frame(b"\xff\xd8\xff\xe0 a picture \xff\xd9")
            await call.commit()
            await call.respond()
            assert (await call.response()).transcript


async def test_a_platform_deaf_with_tools_is_noticed() -> None:
    async with Simulator(seed=1) as sim:
        quirky(sim, "deaf_with_tools")
        patience = Patience(speech=0.05)
        tools = [{"name": "dial", "description": "Call somebody"}]
        settings: dict[str, Any] = {"turn_detection": "server_vad", "input_audio_format": "pcm"}
        async with calling(sim, patience=patience, tools=tools, **settings) as call:
            await call.send_audio(VOICE[:RATE])
            async for event in call:
                if isinstance(event, TurnStall):
                    assert "client VAD" in event.hint
                    break


@pytest.mark.parametrize("kind", ["malformed", "not_json", "unknown", "duplicate", "binary", "error", "lose"])
async def test_a_fault_within_an_answer_costs_no_more_than_itself(kind: str) -> None:
    async with Simulator(seed=1) as sim:
        sim.realtime.answer(Answer(text="one two three"), Answer(text="fine"))
        fault: Any = kind
        sim.realtime.fault(Fault(kind=fault, at="response.audio_transcript.delta", nth=2))
        async with calling(sim, patience=QUICK) as call:
            await call.send_text("hello")
            answer = await call.response()
            assert answer.transcript == "one two three"
            seen = await until_done(call)
            if kind in ("malformed", "not_json", "duplicate"):
                assert any(isinstance(event, ProtocolWarning) for event in seen)
            if kind == "unknown":
                assert any(isinstance(event, UnknownEvent) for event in seen)
            words = "".join(event.delta for event in seen if isinstance(event, ResponseAudioTranscriptDelta))
            assert len(words) <= len("one two three")
            await call.send_text("again")
            assert (await call.response()).transcript == "fine"


@pytest.mark.parametrize("kind", ["drop", "close"])
async def test_a_line_that_breaks_in_an_answer_is_said_and_can_come_back(kind: str) -> None:
    async with Simulator(seed=1) as sim:
        sim.realtime.answer(Answer(text="one two three"), Answer(text="fine"))
        fault: Any = kind
        sim.realtime.fault(Fault(kind=fault, at="response.audio.delta", nth=2))
        async with calling(sim, reconnect=Reconnect(delays=(0.01,) * 6)) as call:
            await call.send_text("hello")
            answer = call.response()
            with pytest.raises(RealtimeClosed):
                await answer
            assert answer.status == "lost"
            async for event in call:
                if isinstance(event, Reconnected):
                    assert event.restored_items >= 1
                    assert event.lost_response == answer.id
                    break
            await call.respond()
            assert (await call.response()).transcript == "fine"


async def test_a_platform_that_stalls_is_given_up_after_its_time() -> None:
    async with Simulator(seed=1) as sim:
        sim.realtime.fault(Fault(kind="stall", at="response.audio.delta", seconds=None))
        async with calling(sim, patience=Patience(answer=0.1, liveness=0.3, pong=5)) as call:
            await call.send_text("hello")
            with pytest.raises(RealtimeError):
                await call.response()


async def test_the_cap_on_connections_and_the_key_are_told_apart() -> None:
    async with Simulator(seed=1) as sim:
        sim.realtime.concurrency = 1
        async with calling(sim):
            with pytest.raises(RealtimeRefused) as caught:
                async with calling(sim):
                    pass
            assert (caught.value.status, caught.value.code) == (429, "1302")
        async with AsyncZhipuAI("wrong.key", base_url=sim.base_url) as zhipu:
            with pytest.raises(RealtimeRefused) as caught:
                async with zhipu.realtime.connect():
                    pass
            assert caught.value.status == 401


async def test_every_lost_event_of_a_turn_is_survived() -> None:
    lost = [
        "conversation.item.created",
        "conversation.created",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "response.content_part.added",
        "response.text.done",
        "response.audio.done",
        "response.content_part.done",
        "response.output_item.done",
        "input_audio_buffer.committed",
    ]
    async with Simulator(seed=1) as sim:
        for kind in lost:
            sim.realtime.answer(Answer(text="hello"))
            sim.realtime.fault(Fault(kind="lose", at=kind))
            async with calling(sim, patience=QUICK) as call:
                await call.send_audio(wav(VOICE, RATE))
                await call.commit()
                await call.respond()
                assert (await call.response()).transcript == "hello", kind
            sim.realtime.forget()
