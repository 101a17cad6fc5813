"""Sound and pictures over a real socket: what comes out at the platform's end is what went in."""

from __future__ import annotations

import array
import asyncio
import base64
import io
import wave
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.realtime_room import Line, Script, room
from zhipu_async.errors import IllegalCall, InvalidArgument, InvalidType
from zhipu_async.flows.realtime import RealtimeSession
from zhipu_async.protocol.audio import wav
from zhipu_async.protocol.realtime_states import Input
from zhipu_async.types.realtime import Heartbeat

SECOND = bytes(range(200)) * 160  # 32,000 bytes: one second at 16 kHz


class Heard:
    """What the platform heard until the commit."""

    def __init__(self) -> None:
        self.appends: list[bytes] = []
        self.rates: set[int] = set()
        self.others: list[str] = []

    @property
    def pcm(self) -> bytes:
        return b"".join(self.appends)


def listening(heard: Heard, *, as_wav: bool) -> Script:
    async def script(line: Line) -> None:
        await line.greet()
        while True:
            message = await line.hear()
            if message["type"] == "input_audio_buffer.append":
                body = base64.b64decode(str(message["audio"]))
                heard.appends.append(unpacked(body, heard.rates) if as_wav else body)
            else:
                heard.others.append(str(message["type"]))
            if message["type"] == "input_audio_buffer.commit":
                await line.say("input_audio_buffer.committed", item_id="i1")
            if message["type"] == "response.create":
                await line.answer()

    return script


def unpacked(file: bytes, rates: set[int]) -> bytes:
    with wave.open(io.BytesIO(file)) as reader:
        rates.add(reader.getframerate())
        frames: bytes = reader.readframes(1_000_000)
        return frames


@asynccontextmanager
async def spoken(
    input_audio_format: str = "wav", **settings: Any
) -> AsyncGenerator[tuple[RealtimeSession, Heard]]:
    """Open a session whose platform listens."""
    heard = Heard()
    script = listening(heard, as_wav=input_audio_format == "wav")
    async with room(script) as platform:
        connecting = platform.client().realtime.connect(input_audio_format=input_audio_format, **settings)
        async with connecting as call:
            yield call, heard


async def finish(call: RealtimeSession) -> None:
    await call.commit()
    await call.respond()
    assert (await call.response()).text == "hello"


async def test_a_wav_file_arrives_as_files_of_100_ms(tmp_path: Path) -> None:
    path = tmp_path / "question.wav"
    path.write_bytes(wav(SECOND + b"tail", 22_050))
    async with spoken() as (call, heard):
        await call.send_audio(path)
        await finish(call)
    assert heard.pcm == SECOND + b"tail"
    assert heard.rates == {22_050}
    assert {len(piece) for piece in heard.appends[:-1]} == {4410}


def samples(raw: bytes) -> array.array[int]:
    return array.array("h", raw)


KINDS: list[Callable[[bytes], Any]] = [bytes, bytearray, memoryview, samples]


@pytest.mark.parametrize("kind", KINDS)
async def test_samples_of_any_kind_arrive_bare(kind: Callable[[bytes], Any]) -> None:
    async with spoken("pcm16") as (call, heard):
        await call.send_audio(kind(SECOND[:6_500]))
        await finish(call)
    assert heard.pcm == SECOND[:6_500]
    assert [len(piece) for piece in heard.appends] == [3200, 3200, 100]


async def test_blocks_of_a_microphone_are_gathered() -> None:
    async def microphone() -> AsyncIterator[bytes]:
        for at in range(0, 16_000, 321):  # odd blocks of some 10 ms
            yield SECOND[at : min(at + 321, 16_000)]

    async with spoken("pcm") as (call, heard):
        await call.send_audio(microphone())
        await finish(call)
    assert heard.pcm == SECOND[:16_000]
    assert [len(piece) for piece in heard.appends] == [3200] * 5


async def test_a_list_of_pieces_and_single_calls_are_one_sound() -> None:
    async with spoken("pcm") as (call, heard):
        await call.send_audio([SECOND[:1001], SECOND[1001:2000]])
        await call.send_audio(SECOND[2000:3001])
        await call.send_audio(SECOND[3001:4000])
        await finish(call)
    assert heard.pcm == SECOND[:4000]


async def test_bare_samples_in_wav_mode_are_16_khz_unless_told() -> None:
    for rate, expected in ((None, 16_000), (24_000, 24_000)):
        async with spoken() as (call, heard):
            await call.send_audio(SECOND[:100], rate=rate)
            await finish(call)
        assert heard.rates == {expected}


async def test_a_wrong_rate_is_refused_before_anything_is_sent() -> None:
    async with spoken("pcm16") as (call, heard):
        with pytest.raises(InvalidArgument, match="24000 samples a second, this session takes 16000"):
            await call.send_audio(wav(SECOND, 24_000))
        with pytest.raises(InvalidArgument, match="ffmpeg"):
            await call.send_audio(SECOND, rate=8_000)
        with pytest.raises(InvalidArgument, match="16 bit"):
            await call.send_audio(array.array("f", [0.5]))
        bad: Any = ["text"]
        with pytest.raises(InvalidType, match="not str"):
            await call.send_audio(bad)
        await call.create_item("the end")
        assert call.state.input is Input.EMPTY
    assert heard.appends == []


async def test_a_clip_of_more_than_thirty_seconds_is_refused_before_anything_is_sent() -> None:
    async with spoken("pcm16") as (call, heard):
        with pytest.raises(IllegalCall) as caught:
            await call.send_audio(bytes(32_000 * 30 + 2))
        assert caught.value.reason == "audio_too_long"
        await call.create_item("the end")
    assert heard.appends == []


async def test_clearing_forgets_also_what_was_not_sent_yet() -> None:
    async with spoken("pcm16") as (call, heard):
        await call.send_audio(SECOND[:3300])
        await call.clear()
        with pytest.raises(IllegalCall) as caught:
            await call.commit()
        assert caught.value.reason == "empty_buffer"
        await call.send_audio(SECOND[:200])
        await finish(call)
    assert [len(piece) for piece in heard.appends] == [3200, 200]
    assert heard.others[:3] == ["input_audio_buffer.clear", "input_audio_buffer.commit", "response.create"]


async def test_a_commit_is_refused_as_a_whole() -> None:
    async with spoken("pcm16", turn_detection="server_vad") as (call, heard):
        await call.send_audio(SECOND[:100])
        with pytest.raises(IllegalCall) as caught:
            await call.commit()
        assert caught.value.reason == "wrong_turn_mode"
        await call.create_item("the end")
    assert heard.appends == []


async def test_pictures_travel_in_video_calls_only() -> None:
    pictures: list[object] = []

    async def script(line: Line) -> None:
        await line.greet()
        pictures.append((await line.hear("input_audio_buffer.append_video_frame"))["video_frame"])
        await line.hear("response.create")
        await line.answer()
        await line.end()

    async with room(script, listening(Heard(), as_wav=True)) as platform:
        async with platform.client().realtime.connect(chat_mode="video_passive") as call:
            with pytest.raises(InvalidArgument, match="JPEG"):
                await call.send_video_frame(b"GIF89a")
            await call.send_video_frame(b"\xff\xd8picture")
            await call.send_text("what is this?")
            assert (await call.response()).text == "hello"
            with pytest.raises(IllegalCall) as caught:
                await call.send_text("and now?")
            assert caught.value.reason == "missing_video_frame"
        async with platform.client().realtime.connect() as call:
            with pytest.raises(IllegalCall) as caught:
                await call.send_video_frame(b"\xff\xd8picture")
            assert caught.value.reason == "wrong_chat_mode"
    assert pictures == [base64.b64encode(b"\xff\xd8picture").decode()]


async def test_a_microphone_that_is_switched_off_loses_nothing_it_sent() -> None:
    reached = asyncio.Event()

    async def microphone() -> AsyncIterator[bytes]:
        yield SECOND[:3200]
        reached.set()
        await asyncio.get_running_loop().create_future()

    async with spoken("pcm16") as (call, heard):
        speaking = asyncio.ensure_future(call.send_audio(microphone()))
        await reached.wait()
        speaking.cancel()
        await asyncio.wait([speaking])
        await finish(call)
    assert heard.pcm == SECOND[:3200]


async def test_two_speakers_never_mix_within_a_frame() -> None:
    async with spoken("pcm16") as (call, heard):
        await asyncio.gather(call.send_audio(b"\1\1" * 3200), call.send_audio(b"\2\2" * 3200))
        await finish(call)
    assert [set(piece) for piece in heard.appends] in ([{1}, {1}, {2}, {2}], [{2}, {2}, {1}, {1}])


async def test_sound_waits_while_the_format_changes_and_goes_out_in_the_new_one() -> None:
    updating, heard = asyncio.Event(), Heard()

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("session.update")
        updating.set()
        await asyncio.sleep(0)
        await line.say("session.updated", session={})
        message = await line.hear("input_audio_buffer.append")
        heard.appends.append(unpacked(base64.b64decode(str(message["audio"])), heard.rates))
        await line.say("heartbeat")
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(input_audio_format="pcm16") as call:
            changing = asyncio.ensure_future(call.update(input_audio_format="wav"))
            await updating.wait()
            await call.send_audio(wav(SECOND[:4800], 24_000))
            await changing
            async for event in call:
                if isinstance(event, Heartbeat):
                    break
    assert heard.rates == {24_000}


async def test_a_change_of_format_sends_what_was_said_before_in_the_old_one() -> None:
    types: list[str] = []

    async def script(line: Line) -> None:
        await line.greet()
        message = await line.hear("input_audio_buffer.append")
        assert base64.b64decode(str(message["audio"])) == SECOND[:100]
        await line.hear("session.update")
        await line.say("session.updated", session={})
        types.extend(line.types)
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(input_audio_format="pcm16") as call:
            await call.send_audio(SECOND[:100])
            await call.update(input_audio_format="pcm24")
    assert types == ["session.update", "input_audio_buffer.append", "session.update"]


async def test_a_change_of_the_turn_mode_takes_back_what_was_half_said() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("session.update")
        assert line.types[-2:] == ["input_audio_buffer.clear", "session.update"]
        await line.say("session.updated", session={})
        await line.end()

    async with room(script) as platform:
        connecting = platform.client().realtime.connect(turn_detection="server_vad", input_audio_format="pcm")
        async with connecting as call:
            await call.send_audio(SECOND[:3300])
            await call.update(turn_detection="client_vad")
            with pytest.raises(IllegalCall) as caught:
                await call.commit()
            assert caught.value.reason == "empty_buffer"


async def test_an_hour_in_a_file_is_read_in_pieces_and_refused_as_one_turn(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(wav(bytes(5_000_000), 48_000))
    async with spoken() as (call, heard):
        with pytest.raises(IllegalCall) as caught:
            await call.send_audio(str(path))
        assert caught.value.reason == "audio_too_long"
        with pytest.raises(InvalidArgument, match=r"cannot read .*missing\.wav': No such file"):
            await call.send_audio(tmp_path / "missing.wav")
    assert heard.appends == []
    sending = asyncio.Event()

    async def script(line: Line) -> None:
        await line.greet()
        for _ in range(3):
            await line.hear("input_audio_buffer.append")
        sending.set()
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(turn_detection="server_vad") as call:
            speaking = asyncio.ensure_future(call.send_audio(path))
            await sending.wait()
            speaking.cancel()
            await asyncio.wait([speaking])
