"""Speech and transcripts over a real socket: whole and streamed."""

from __future__ import annotations

import base64
import io
import json
import wave
from pathlib import Path

import pytest

from tests.hostile import Answer, error, hang_up, hostile, reply
from zhipu_async import AsyncZhipuAI, Timeout
from zhipu_async.errors import (
    APIResponseError,
    APIStatusError,
    BadRequestError,
    InvalidArgument,
    StreamClosed,
    StreamDamaged,
    StreamFailed,
    StreamInterrupted,
)
from zhipu_async.flows.speech import SpeechStream
from zhipu_async.flows.upload import Named
from zhipu_async.simulator import Cut, Simulator, Stall
from zhipu_async.types.audio import Speech, Transcription

HELLO = "你好，朋友。"
QUICK = Timeout(connect=2, first=0.1, idle=0.1, total=5)
WAV = "audio/wav"
EVENTS = "text/event-stream"


def client(base_url: str) -> AsyncZhipuAI:
    zhipu = AsyncZhipuAI("a.b", base_url=base_url, timeout=QUICK)
    zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]  # no pauses
    return zhipu


def played(content: bytes) -> bytes:
    """The samples of a WAV file, after a look at its header."""
    with wave.open(io.BytesIO(content)) as recording:
        assert (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) == (1, 2, 24000)
        samples: bytes = recording.readframes(recording.getnframes())
        return samples


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def hear(stream: SpeechStream, into: bytearray) -> None:
    async for piece in stream:
        into += piece


def events(*payloads: object, done: bool = True) -> bytes:
    texts = [json.dumps(payload) for payload in payloads] + ["[DONE]"] * done
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def spoken(content: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"role": "assistant", "content": content}}]}


END: dict[str, object] = {"choices": [{"index": 1, "finish_reason": "stop"}]}

# ── speech ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_text_is_spoken_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    speech = await zhipu.audio.speech.create(
        model="glm-tts",
        input=HELLO,
        voice="kazi",
        speed=1.5,
        volume=2,
        response_format="wav",
        watermark_enabled=False,
        sensitive_word_check={"type": "ALL", "status": "DISABLE"},
        request_id="req-tts-0001",
        user_id="user-0001",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/audio/speech")
    assert request.body == {
        "model": "glm-tts",
        "input": HELLO,
        "voice": "kazi",
        "speed": 1.5,
        "volume": 2,
        "response_format": "wav",
        "watermark_enabled": False,
        "sensitive_word_check": {"type": "ALL", "status": "DISABLE"},
        "request_id": "req-tts-0001",
        "user_id": "user-0001",
    }
    assert request.unknown_fields == ()
    assert speech.content == speech.wav()
    assert speech.meta.headers["content-type"] == WAV
    assert played((await speech.save(tmp_path / "hello.wav")).read_bytes())


async def test_bare_samples_are_saved_as_a_file_that_plays_or_as_they_are(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    speech = await zhipu.audio.speech.create(input=HELLO)
    assert zhipu_simulator.requests[-1].body == {"model": "glm-tts", "input": HELLO, "voice": "tongtong"}
    assert speech.content[:4] != b"RIFF"
    assert played((await speech.save(tmp_path / "hello.WAV")).read_bytes()) == speech.content
    assert (await speech.save(tmp_path / "hello.pcm")).read_bytes() == speech.content
    with pytest.raises(InvalidArgument, match="not mp3"):
        await speech.save(tmp_path / "hello.mp3")
    assert repr(speech) == f"Speech({len(speech.content)} bytes)"


async def test_speech_that_cannot_be_made_is_an_error(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.audio.speech.create(input=HELLO, voice="nobody")
    assert (caught.value.code, caught.value.endpoint) == ("1214", "audio.speech.create")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply({"error": {"code": "1214", "message": "bad"}}), APIStatusError),
        (reply({"code": 1214, "msg": "bad"}), APIStatusError),
        (reply({"id": "1"}), APIResponseError),
        (reply(b"<html>", kind="text/html"), APIResponseError),
        (reply(b"", kind=WAV), APIResponseError),
    ],
)
async def test_a_200_without_sound_is_an_error(answer: Answer, expected: type[Exception]) -> None:
    async with hostile(answer) as server, client(server.base_url) as zhipu:
        with pytest.raises(expected):
            await zhipu.audio.speech.create(input=HELLO)


async def test_sound_that_was_cut_off_is_asked_for_once_more() -> None:
    async with hostile(hang_up, reply(b"\1\0\2\0", kind="audio/pcm")) as server:
        async with client(server.base_url) as zhipu:
            speech = await zhipu.audio.speech.create(input=HELLO)
    assert speech == Speech(content=b"\1\0\2\0")
    assert (speech.meta.attempts, speech.raw) == (2, {"content": "AQACAA=="})


async def test_a_sample_lends_its_voice_to_one_text(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    speech = await zhipu.audio.customization(
        model="glm-tts",
        input=HELLO,
        voice_text="hi",
        voice_data=("me.wav", b"RIFF"),
        response_format="wav",
        watermark_enabled=False,
        sensitive_word_check={"type": "ALL", "status": "DISABLE"},
        request_id="req-tts-0002",
        user_id="user-0001",
    )
    request = zhipu_simulator.requests[-1]
    assert request.path == "/api/paas/v4/audio/customization"
    assert request.body == {
        "model": "glm-tts",
        "input": HELLO,
        "voice_text": "hi",
        "response_format": "wav",
        "watermark_enabled": "false",
        "sensitive_word_check": '{"type":"ALL","status":"DISABLE"}',
        "request_id": "req-tts-0002",
        "user_id": "user-0001",
    }
    assert [(part.field, part.filename) for part in request.files] == [("voice_data", "me.wav")]
    assert speech.meta.request_id == "req-tts-0002"
    assert played(speech.content)
    with pytest.raises(BadRequestError):
        await zhipu.audio.customization(
            model="glm-tts", input="", voice_text="hi", voice_data=("me.wav", b"RIFF")
        )


# ── streamed speech ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["base64", "hex", None])
async def test_streamed_speech_is_the_same_sound_in_pieces(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, encoding: str | None
) -> None:
    whole = await zhipu.audio.speech.create(input=HELLO)
    async with zhipu.audio.speech.stream(input=HELLO, encode_format=encoding) as stream:
        pieces = [piece async for piece in stream]
    assert b"".join(pieces) == whole.content
    assert len(pieces) > 1
    assert stream.rate == 24000
    body = zhipu_simulator.requests[-1].body
    assert (body["stream"], body.get("encode_format")) == (True, encoding)


async def test_speech_is_streamed_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    stream = zhipu.audio.speech.stream(
        model="glm-tts",
        input=HELLO,
        voice="jam",
        speed=2,
        volume=0.5,
        encode_format="hex",
        watermark_enabled=True,
        sensitive_word_check={"type": "ALL", "status": "ENABLE"},
        request_id="req-tts-0003",
        user_id="user-0001",
    )
    assert zhipu_simulator.requests == []
    await stream.collect()
    assert zhipu_simulator.requests[-1].body == {
        "model": "glm-tts",
        "input": HELLO,
        "voice": "jam",
        "stream": True,
        "speed": 2,
        "volume": 0.5,
        "encode_format": "hex",
        "watermark_enabled": True,
        "sensitive_word_check": {"type": "ALL", "status": "ENABLE"},
        "request_id": "req-tts-0003",
        "user_id": "user-0001",
    }


async def test_a_stream_is_saved_as_a_file_that_plays_or_as_bare_samples(
    zhipu: AsyncZhipuAI, tmp_path: Path
) -> None:
    whole = await zhipu.audio.speech.create(input=HELLO)
    saved = await zhipu.audio.speech.stream(input=HELLO).save(tmp_path / "hello.wav")
    bare = await zhipu.audio.speech.stream(input=HELLO).save(tmp_path / "hello.pcm")
    assert saved.read_bytes() == whole.wav()
    assert bare.read_bytes() == whole.content
    with pytest.raises(InvalidArgument, match="not mp3"):
        await zhipu.audio.speech.stream(input=HELLO).save(tmp_path / "hello.mp3")
    assert names_in(tmp_path) == ["hello.pcm", "hello.wav"]


async def test_a_stream_that_breaks_leaves_no_file(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    zhipu_simulator.script(fault=Cut(after_events=1))
    with pytest.raises(StreamInterrupted):
        await zhipu.audio.speech.stream(input=HELLO).save(tmp_path / "hello.wav")
    assert names_in(tmp_path) == []


async def test_leaving_a_stream_closes_its_connection(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(fault=Stall(after_events=1))
    stream = zhipu.audio.speech.stream(input=HELLO)
    async for _ in stream:
        break
    with pytest.raises(StreamClosed):
        await stream.collect()


async def test_a_refused_stream_raises_when_it_is_opened(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError, match="voice"):
        await zhipu.audio.speech.stream(input=HELLO, voice="nobody").open()


async def test_an_error_with_status_200_instead_of_a_stream_raises_when_it_is_opened() -> None:
    refusal = reply({"error": {"code": "1214", "message": "bad"}})
    async with hostile(refusal) as server, client(server.base_url) as zhipu:
        with pytest.raises(BadRequestError, match="bad"):
            await zhipu.audio.speech.stream(input=HELLO).open()
        with pytest.raises(BadRequestError, match="bad"):
            await zhipu.audio.transcriptions.stream(file_base64="AAAA").open()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (events(spoken("AAAA"), done=False), StreamInterrupted),
        (events(spoken("AAAA"), {"error": {"code": "1234", "message": "broken"}}), StreamFailed),
        (events(spoken("AAAA"), spoken("not base64")), StreamDamaged),
    ],
)
async def test_a_stream_that_ends_wrong_gives_what_came_and_raises(
    body: bytes, expected: type[Exception]
) -> None:
    async with hostile(reply(body, kind=EVENTS)) as server, client(server.base_url) as zhipu:
        heard = bytearray()
        with pytest.raises(expected):
            await hear(zhipu.audio.speech.stream(input=HELLO), heard)
    assert heard == b"\0\0"


async def test_samples_are_whole_though_pieces_are_not() -> None:
    body = events(spoken("AQID"), spoken("BA=="), spoken(""), END, done=False)
    async with hostile(reply(body, kind=EVENTS)) as server, client(server.base_url) as zhipu:
        assert await zhipu.audio.speech.stream(input=HELLO).collect() == [b"\1\2", b"\3\4"]


# ── transcripts ────────────────────────────────────────────────────────────────────────────────────


async def recorded(zhipu: AsyncZhipuAI) -> bytes:
    return (await zhipu.audio.speech.create(input=HELLO, response_format="wav")).content


async def test_a_recording_is_written_down_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "hello.wav"
    path.write_bytes(await recorded(zhipu))
    seen: list[tuple[int, int | None]] = []
    heard = await zhipu.audio.transcriptions.create(
        model="glm-asr-2512",
        file=path,
        prompt="earlier words",
        hotwords=["Ada", "Grace"],
        temperature=0.5,
        request_id="req-asr-0001",
        user_id="user-0001",
        on_progress=lambda done, total: seen.append((done, total)),
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/audio/transcriptions")
    assert request.body == {
        "model": "glm-asr-2512",
        "prompt": "earlier words",
        "hotwords": ["Ada", "Grace"],
        "temperature": "0.5",
        "request_id": "req-asr-0001",
        "user_id": "user-0001",
    }
    assert [(part.field, part.filename, part.content_type) for part in request.files] == [
        ("file", "hello.wav", WAV)
    ]
    assert (heard.text, heard.model, heard.request_id) == (HELLO, "glm-asr-2512", "req-asr-0001")
    assert heard.meta.request_id == "req-asr-0001"
    assert seen[-1][0] == seen[-1][1]


async def test_bytes_are_named_after_what_they_are(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    heard = await zhipu.audio.transcriptions.create(file=await recorded(zhipu))
    request = zhipu_simulator.requests[-1]
    assert heard.text == HELLO
    assert request.files[0].filename == "file.wav"
    assert request.body["request_id"] == heard.meta.request_id


async def test_a_recording_may_come_as_text(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    encoded = base64.b64encode(await recorded(zhipu)).decode()
    heard = await zhipu.audio.transcriptions.create(file_base64=encoded)
    assert heard.text == HELLO
    assert zhipu_simulator.requests[-1].body["file_base64"] == encoded


async def test_segments_of_older_models_are_read() -> None:
    answer = {"text": "a b", "segments": [{"id": 1, "start": 0.5, "end": 2, "text": "a b"}]}
    async with hostile(reply(answer)) as server, client(server.base_url) as zhipu:
        heard = await zhipu.audio.transcriptions.create(file_base64="AAAA")
    assert (heard.segments[0].start, heard.segments[0].end, heard.segments[0].text) == (0.5, 2.0, "a b")


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (None, "recording"),
        (io.BytesIO(b"RIFF"), "extension"),
        (("a.wav", b""), "empty"),
        (("a.wav", bytes(25 * 1024 * 1024 + 1)), "takes"),
    ],
)
async def test_what_is_no_recording_is_refused_before_anything_is_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, file: Named | None, why: str
) -> None:
    with pytest.raises(InvalidArgument, match=why):
        await zhipu.audio.transcriptions.create(file=file)
    assert zhipu_simulator.requests == []


async def test_a_recording_that_cannot_be_heard_is_an_error(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.audio.transcriptions.create(file=("a.wav", b"no wav"))
    assert (caught.value.code, caught.value.endpoint) == ("1210", "audio.transcriptions.create")


async def test_a_lost_transcript_is_asked_for_once_more_with_the_whole_recording() -> None:
    async with hostile(hang_up, reply({"text": "a"})) as server, client(server.base_url) as zhipu:
        heard = await zhipu.audio.transcriptions.create(file=("a.mp3", io.BytesIO(b"sound")))
    assert heard.text == "a"
    first, second = (seen.body.replace(b"\r\n", b"\n") for seen in server.requests)
    assert b"\nsound\n" in first
    assert b"\nsound\n" in second


async def test_a_busy_platform_is_asked_again() -> None:
    async with hostile(error("1302", 429), reply({"text": "a"})) as server:
        async with client(server.base_url) as zhipu:
            assert (await zhipu.audio.transcriptions.create(file=("a.mp3", b"sound"))).text == "a"
    assert len(server.requests) == 2


async def test_a_streamed_transcript_is_text_in_pieces_and_whole_at_the_end(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    sound = await recorded(zhipu)
    async with zhipu.audio.transcriptions.stream(
        model="glm-asr-2512",
        file=("a.wav", sound),
        prompt="earlier words",
        hotwords=["Ada"],
        temperature=0,
        request_id="req-asr-0002",
        user_id="user-0001",
        on_progress=lambda done, total: None,
    ) as stream:
        pieces = [piece async for piece in stream.text()]
    assert zhipu_simulator.requests[-1].body == {
        "model": "glm-asr-2512",
        "stream": "true",
        "prompt": "earlier words",
        "hotwords": "Ada",
        "temperature": "0",
        "request_id": "req-asr-0002",
        "user_id": "user-0001",
    }
    assert "".join(pieces) == stream.result.text == HELLO
    assert stream.result.model == "glm-asr-2512"


async def test_a_streamed_transcript_may_come_from_text(zhipu: AsyncZhipuAI) -> None:
    encoded = base64.b64encode(await recorded(zhipu)).decode()
    heard = await zhipu.audio.transcriptions.stream(file_base64=encoded).finish()
    assert heard.text == HELLO


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("last", [{}, {"text": "Hello there"}, {"text": None}])
async def test_a_transcript_ends_with_its_done_event(last: dict[str, object], done: bool) -> None:
    deltas = [{"id": "a1", "type": "transcript.text.delta", "delta": delta} for delta in ("Hello", " there")]
    body = events(*deltas, {"id": "a1", "type": "transcript.text.done", **last}, done=done)
    async with hostile(reply(body, kind=EVENTS)) as server, client(server.base_url) as zhipu:
        heard = await zhipu.audio.transcriptions.stream(file_base64="AAAA").finish()
    assert heard == Transcription(id="a1", text="Hello there")


async def test_a_transcript_that_is_cut_off_raises_with_what_came() -> None:
    body = events({"type": "transcript.text.delta", "delta": "Hello"}, done=False)
    async with hostile(reply(body, kind=EVENTS)) as server, client(server.base_url) as zhipu:
        with pytest.raises(StreamInterrupted) as caught:
            await zhipu.audio.transcriptions.stream(file_base64="AAAA").finish()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hello"
