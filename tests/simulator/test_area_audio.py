"""Speech, transcriptions and voices in the simulator: recordings that play and can be understood again."""

from __future__ import annotations

import base64
import io
import wave

import aiohttp
import pytest

from zhipu_async.simulator import Simulator
from zhipu_async.simulator.shapes import number_of, object_of, objects_of, text_of
from zhipu_async.simulator.sounds import speech, wav

from .asking import payloads, post_form, upload
from .conftest import Caller, Reply

HELLO = {"model": "glm-tts", "input": "你好，朋友。", "voice": "tongtong"}


def played(content: bytes) -> tuple[int, int, int, float]:
    """Channels, bytes a sample, samples a second, and seconds."""
    with wave.open(io.BytesIO(content)) as recording:
        rate, frames = recording.getframerate(), recording.getnframes()
        assert len(recording.readframes(frames)) == 2 * frames
        return recording.getnchannels(), recording.getsampwidth(), rate, frames / rate


async def hear(caller: Caller, content: bytes, name: str = "a.wav", **texts: str) -> Reply:
    parts = {"model": "glm-asr-2512", **texts}
    return await post_form(caller, "/audio/transcriptions", {"file": (name, content)}, **parts)


async def test_speech_is_pcm_unless_wav_is_wanted(caller: Caller) -> None:
    pcm = await caller.post("/audio/speech", **HELLO)
    recording = await caller.post("/audio/speech", **HELLO, response_format="wav")

    assert (pcm.content_type, recording.content_type) == ("audio/pcm", "audio/wav")
    channels, width, rate, seconds = played(recording.content)
    assert (channels, width, rate) == (1, 2, 24000)
    assert seconds == len(pcm.content) / 2 / 24000
    assert pcm.content in recording.content


async def test_speed_volume_and_watermark_are_heard(caller: Caller) -> None:
    plain = await caller.post("/audio/speech", **HELLO, watermark_enabled=False)
    fast = await caller.post("/audio/speech", **HELLO, watermark_enabled=False, speed=2)
    loud = await caller.post("/audio/speech", **HELLO, watermark_enabled=False, volume=10)
    marked = await caller.post("/audio/speech", **HELLO)

    assert len(fast.content) == len(plain.content) // 2
    assert loud.content != plain.content
    assert len(marked.content) > len(plain.content)
    assert marked.content[-10_000:] == plain.content[-10_000:]  # the first samples hide the words


@pytest.mark.parametrize("encoding", ["base64", "hex"])
@pytest.mark.parametrize(("seed", "done"), [(0, False), (1, True)])
async def test_streamed_speech_is_the_same_in_numbered_chunks(
    session: aiohttp.ClientSession, encoding: str, seed: int, done: bool
) -> None:
    async with Simulator(seed=seed) as sim:
        caller = Caller(sim, session)
        whole = await caller.post("/audio/speech", **HELLO)
        reply = await caller.post("/audio/speech", **HELLO, stream=True, encode_format=encoding)

    choices = [objects_of(chunk, "choices")[0] for chunk in payloads(reply)]
    texts = [text_of(object_of(choice, "delta"), "content") for choice in choices[:-1]]
    decode = bytes.fromhex if encoding == "hex" else base64.b64decode
    assert reply.content_type == "text/event-stream"
    assert b"".join(map(decode, texts)) == whole.content
    assert [number_of(choice, "index") for choice in choices] == list(range(len(choices)))
    assert choices[-1] == {"index": len(choices) - 1, "finish_reason": "stop"}
    assert reply.text.endswith("data: [DONE]\n\n") is done


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"voice": None}, "1213"),
        ({"voice": "nobody"}, "1214"),
        ({"input": "x" * 1025}, "1214"),
        ({"speed": 2.5}, "1214"),
        ({"volume": 0}, "1214"),
        ({"response_format": "mp3"}, "1214"),
        ({"response_format": "wav", "stream": True}, "1214"),
        ({"model": "glm-tts-2"}, "1211"),
        ({"input": "[unsafe]"}, "1301"),
    ],
)
async def test_speech_that_cannot_be_made_is_refused(
    caller: Caller, changed: dict[str, object], code: str
) -> None:
    reply = await caller.post("/audio/speech", **{**HELLO, **changed})

    assert (reply.code, reply.content_type) == (code, "application/json")


async def test_a_sample_lends_its_voice_to_one_request(caller: Caller) -> None:
    reply = await post_form(
        caller,
        "/audio/customization",
        {"voice_data": ("me.wav", b"RIFF")},
        model="glm-tts",
        input="hello",
        voice_text="hi",
    )

    assert reply.content_type == "audio/wav"
    assert played(reply.content)[3] > 0


async def test_spoken_words_are_written_down_again(caller: Caller) -> None:
    recording = (await caller.post("/audio/speech", **HELLO, response_format="wav")).content

    reply = (await hear(caller, recording, request_id="req-asr-0001")).json

    assert (reply["text"], reply["model"]) == (HELLO["input"], "glm-asr-2512")
    assert reply["request_id"] == "req-asr-0001"


async def test_samples_that_were_saved_with_a_header_are_written_down_too(caller: Caller) -> None:
    spoken = {**HELLO, "input": "你好，世界 😀", "speed": 2, "volume": 10, "watermark_enabled": False}
    samples = (await caller.post("/audio/speech", **spoken)).content

    assert (await hear(caller, wav(samples))).json["text"] == spoken["input"]
    assert (await hear(caller, wav(samples[:1000]))).json["text"] == "你好，世界 😀"
    assert (await hear(caller, wav(samples[:200]))).json["text"] == "这是一段0秒的录音。"


@pytest.mark.parametrize(("seed", "repeated"), [(2, False), (1, True)])
async def test_a_streamed_transcript_comes_in_pieces(
    session: aiohttp.ClientSession, seed: int, repeated: bool
) -> None:
    async with Simulator(seed=seed) as sim:
        reply = await hear(Caller(sim, session), wav(speech("hello there", "")), stream="true")

    *deltas, done = reply.events
    assert {event["type"] for event in deltas} == {"transcript.text.delta"}
    assert "".join(text_of(event, "delta") for event in deltas) == "hello there"
    assert done["type"] == "transcript.text.done"
    assert done.get("text") == ("hello there" if repeated else None)


async def test_a_transcript_can_be_scripted(sim: Simulator, caller: Caller) -> None:
    sim.script("what I say")

    assert (await hear(caller, b"\xff\xfb", "a.mp3")).json["text"] == "what I say"


async def test_a_transcript_can_be_cut_by_the_script(sim: Simulator, caller: Caller) -> None:
    sim.script(pieces=["what ", "I say"])

    *deltas, _ = (await hear(caller, b"\xff\xfb", "a.mp3", stream="true")).events
    assert [event["delta"] for event in deltas] == ["what ", "I say"]


async def test_a_recording_may_come_as_base64(caller: Caller) -> None:
    encoded = base64.b64encode(wav(speech("hello", ""))).decode()
    reply = await post_form(caller, "/audio/transcriptions", model="glm-asr-2512", file_base64=encoded)

    assert reply.json["text"] == "hello"


async def test_a_recording_without_words_is_described(caller: Caller) -> None:
    assert (await hear(caller, wav(bytes(48000)))).json["text"] == "这是一段1秒的录音。"
    assert (await hear(caller, b"\xff\xfb", "a.mp3")).json["text"] == "这是一段录音。"
    assert (await hear(caller, b"RIFF\x04\0\0\0WAVE")).json["text"] == "这是一段录音。"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.ogg", b"OggS", "1214"),
        ("a.wav", b"no wav", "1210"),
        ("a.mp3", b"", "1214"),
        ("a.wav", wav(bytes(48000 * 31)), "1214"),
    ],
)
async def test_a_recording_that_cannot_be_heard_is_refused(
    caller: Caller, name: str, content: bytes, code: str
) -> None:
    assert (await hear(caller, content, name)).code == code


async def test_the_older_model_listens_longer(caller: Caller) -> None:
    content = wav(bytes(48000 * 31))
    reply = await post_form(caller, "/audio/transcriptions", {"file": ("a.wav", content)}, model="glm-asr")

    assert reply.status == 200


async def test_transcriptions_need_a_recording_and_few_hotwords(caller: Caller) -> None:
    words = tuple(f"word{number}" for number in range(101))
    bare = await post_form(caller, "/audio/transcriptions", model="glm-asr-2512")
    broken = await post_form(caller, "/audio/transcriptions", model="glm-asr-2512", file_base64="***")
    many = await post_form(
        caller, "/audio/transcriptions", {"file": ("a.mp3", b"1")}, model="glm-asr-2512", hotwords=words
    )

    assert [bare.code, broken.code, many.code] == ["1213", "1214", "1214"]


async def clone(caller: Caller, name: str = "my voice") -> Reply:
    file_id = await upload(caller, "me.wav", wav(bytes(48000)), "voice-clone-input")
    return await caller.post(
        "/voice/clone", model="glm-tts-clone", voice_name=name, input="hello", file_id=file_id
    )


async def voices(caller: Caller, query: str = "") -> list[str]:
    listed = (await caller.get("/voice/list" + query)).json
    return [text_of(voice, "voice") for voice in objects_of(listed, "voice_list")]


async def test_a_cloned_voice_is_listed_speaks_and_can_be_deleted(caller: Caller) -> None:
    cloned = (await clone(caller)).json
    voice = text_of(cloned, "voice")
    listed = objects_of((await caller.get("/voice/list?voiceType=PRIVATE")).json, "voice_list")
    preview = await caller.send("GET", text_of(listed[0], "download_url"), auth=False)
    spoken = await caller.post("/audio/speech", **{**HELLO, "voice": voice})
    deleted = (await caller.post("/voice/delete", voice=voice)).json

    assert cloned["file_purpose"] == "voice-clone-output"
    assert (listed[0]["voice"], listed[0]["voice_name"]) == (voice, "my voice")
    assert played(preview.content)[3] > 0
    assert spoken.status == 200
    assert deleted["voice"] == voice
    assert await voices(caller, "?voiceType=PRIVATE") == []


async def test_voices_are_found_by_type_and_name(caller: Caller) -> None:
    await clone(caller)

    assert len(await voices(caller)) == 8
    assert len(await voices(caller, "?voiceType=OFFICIAL")) == 7
    assert await voices(caller, "?voiceName=彤") == ["tongtong"]
    assert (await caller.get("/voice/list?voiceType=FRIENDLY")).code == "1214"


async def test_the_platforms_own_voices_can_be_heard(caller: Caller) -> None:
    listed = objects_of((await caller.get("/voice/list?voiceType=OFFICIAL")).json, "voice_list")
    preview = await caller.send("GET", text_of(listed[0], "download_url"), auth=False)

    assert played(preview.content)[2] == 24000


async def test_voices_that_cannot_be_cloned_or_deleted_are_refused(caller: Caller) -> None:
    await clone(caller)
    other = await upload(caller, "a.pdf", b"1", "agent")
    wrong = await caller.post(
        "/voice/clone", model="glm-tts-clone", voice_name="b", input="hello", file_id=other
    )

    assert (await clone(caller)).code == "1214"
    assert wrong.code == "1214"
    assert (await caller.post("/voice/delete", voice="tongtong")).code == "1220"
    assert (await caller.post("/voice/delete", voice="nobody")).code == "1214"
