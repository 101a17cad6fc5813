"""Streams of speech: samples whatever the cut, and what is wrong with the rest."""

from __future__ import annotations

import base64
import json

import pytest

from zhipu_async.errors import StreamDamaged, StreamFailed, StreamInterrupted
from zhipu_async.protocol.speech import SpeechReader, transcript_reader
from zhipu_async.types.audio import Transcription

SAMPLES = bytes(range(200))


def frame(payload: object) -> bytes:
    return f"data: {json.dumps(payload)}\n\n".encode()


def spoken(pcm: bytes, *, in_hex: bool = False, rate: int = 24000) -> bytes:
    content = pcm.hex() if in_hex else base64.b64encode(pcm).decode()
    delta = {"role": "assistant", "content": content, "return_sample_rate": rate, "return_format": "pcm"}
    return frame({"id": "s1", "choices": [{"index": 0, "delta": delta}]})


END = frame({"id": "s1", "choices": [{"index": 9, "finish_reason": "stop"}]})
DONE = b"data: [DONE]\n\n"


def read(reader: SpeechReader, body: bytes, step: int) -> bytes:
    pieces: list[bytes] = []
    for start in range(0, len(body), step):
        if not reader.over:
            pieces += reader.feed(body[start : start + step])
    if not reader.over:
        pieces += reader.end()
    assert all(len(piece) % 2 == 0 for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize("encoding", ["base64", "hex"])
@pytest.mark.parametrize("ending", [END, END + DONE, DONE])
def test_sound_is_the_same_in_any_split(step: int, encoding: str, ending: bytes) -> None:
    reader = SpeechReader(encoding)
    cuts = (SAMPLES[:51], b"", SAMPLES[51:60], SAMPLES[60:])
    body = b"".join(spoken(cut, in_hex=encoding == "hex") for cut in cuts) + ending
    assert read(reader, body, step) == SAMPLES
    assert reader.verdict() is None
    assert reader.rate == 24000
    assert reader.usage is None
    assert reader.partial("id") is None


def test_the_rate_is_what_the_stream_says() -> None:
    reader = SpeechReader()
    reader.feed(spoken(SAMPLES, rate=16000))
    assert reader.rate == 16000
    assert not reader.over


def test_a_stream_is_over_when_it_says_so() -> None:
    reader = SpeechReader()
    reader.feed(spoken(SAMPLES) + END + DONE)
    assert reader.over


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", StreamInterrupted),
        (spoken(SAMPLES), StreamInterrupted),
        (spoken(SAMPLES) + frame({"error": {"code": "1234", "message": "broken"}}), StreamFailed),
        (spoken(SAMPLES) + frame({"choices": [{"delta": {"content": "?"}}]}) + END, StreamDamaged),
        (spoken(SAMPLES) + frame({"choices": "?"}) + END, StreamDamaged),
    ],
)
def test_what_came_before_the_fault_is_kept(body: bytes, expected: type[Exception]) -> None:
    reader = SpeechReader()
    assert read(reader, body, 10_000) == (SAMPLES if body else b"")
    assert isinstance(reader.verdict(), expected)
    assert reader.over is (expected is not StreamInterrupted)


def test_hex_that_is_none_is_damage() -> None:
    reader = SpeechReader("hex")
    assert reader.feed(spoken(b"\x01\x02")) == []
    assert isinstance(reader.verdict(), StreamDamaged)


def delta(text: str) -> bytes:
    return frame({"id": "a1", "created": 7, "model": "m", "type": "transcript.text.delta", "delta": text})


def done(**more: object) -> bytes:
    return frame({"id": "a1", "created": 7, "model": "m", "type": "transcript.text.done", **more})


@pytest.mark.parametrize("last", [done(), done(text="Hello there"), done(text="") + DONE])
def test_a_transcript_adds_up(last: bytes) -> None:
    reader = transcript_reader()
    events = reader.feed(delta("Hello") + delta(" there") + last)
    gathering = reader.gathering
    assert [gathering.text_of(event) for event in events] == ["Hello", " there", ""]
    assert gathering.reply() == Transcription(id="a1", created=7, model="m", text="Hello there")
    assert reader.over
    assert reader.verdict() is None


def test_a_transcript_without_its_end_is_cut_off() -> None:
    reader = transcript_reader()
    reader.feed(delta("Hello"))
    reader.end()
    assert isinstance(reader.verdict(), StreamInterrupted)
    partial = reader.partial("id")
    assert partial is not None
    assert partial.text == "Hello"
