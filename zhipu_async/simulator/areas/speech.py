"""Speech from text: whole and streamed. No I/O here."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ..fields import an_object, choice, flag, number, text
from ..operation import Answer, Ask, Events, Operation, Raw, sse
from ..realtime_voice import CHUNK_MS, RATE, cut
from ..refusals import illegal
from ..safety import refuse_unsafe
from ..saying import quirk
from ..shapes import flag_of, number_of, text_of
from ..sounds import speech, wav
from . import voices

if TYPE_CHECKING:
    from collections.abc import Iterator

SPEECH = frozenset({"glm-tts", "cogtts"})
LONGEST_INPUT = {"glm-tts": 1024, "cogtts": 4096}
SECONDS_TO_FIRST_SOUND = 0.5
REAL_TIME_FACTOR = 0.2
"""Speech is made five times faster than it plays."""


def speak(ask: Ask) -> Answer:
    written = text_of(ask.body, "input")
    longest = LONGEST_INPUT.get(ask.model.lower(), 1024)
    ask.refuse_unless(len(written) <= longest, "input", f"at most {longest} characters expected")
    ask.refuse_unless(number_of(ask.body, "volume", 1) > 0, "volume", "more than 0 expected")
    refuse_unsafe(written)
    streamed = flag_of(ask.body, "stream")
    if streamed and text_of(ask.body, "response_format") == "wav":
        raise illegal("response_format", "a stream can only be pcm")
    pcm = speech(
        written,
        voices.spoken_with(ask),
        speed=number_of(ask.body, "speed", 1),
        volume=number_of(ask.body, "volume", 1),
        marked=flag_of(ask.body, "watermark_enabled", True),
    )
    if streamed:
        return Events(chunks(ask, pcm), SECONDS_TO_FIRST_SOUND, CHUNK_MS / 1000 * REAL_TIME_FACTOR)
    return whole(pcm, text_of(ask.body, "response_format", "pcm"))


def whole(pcm: bytes, response_format: str) -> Raw:
    seconds = SECONDS_TO_FIRST_SOUND + len(pcm) / 2 / RATE * REAL_TIME_FACTOR
    if response_format == "wav":
        return Raw(wav(pcm), "audio/wav", seconds)
    return Raw(pcm, "audio/pcm", seconds)


def chunks(ask: Ask, pcm: bytes) -> Iterator[bytes]:
    """Every chunk has an index of its own; the last one has no delta. `[DONE]` comes with every other seed."""
    head = {"id": ask.platform.new_id(), "created": ask.platform.now(), "model": ask.model}
    in_hex = text_of(ask.body, "encode_format") == "hex"
    index = 0
    for index, piece in enumerate(cut(pcm), 1):
        delta = {
            "role": "assistant",
            "content": piece.hex() if in_hex else base64.b64encode(piece).decode(),
            "return_sample_rate": RATE,
            "return_format": "pcm",
        }
        yield sse({**head, "choices": [{"index": index - 1, "delta": delta}]})
    yield sse({**head, "choices": [{"index": index, "finish_reason": "stop"}]})
    if quirk(ask):
        yield sse("[DONE]")


def customize(ask: Ask) -> Answer:
    """Speak in the voice of a sample that comes with the request."""
    ask.file("voice_data")
    written = text_of(ask.body, "input")
    refuse_unsafe(written)
    pcm = speech(written, "", marked=flag_of(ask.body, "watermark_enabled", True))
    return whole(pcm, text_of(ask.body, "response_format", "wav"))


SPEAK = {
    "model": text().needed,
    "input": text(1).needed,
    "voice": text(1).needed,
    "speed": number(0.5, 2),
    "volume": number(0, 10),
    "response_format": choice("wav", "pcm"),
    "stream": flag(),
    "encode_format": choice("base64", "hex"),
    "watermark_enabled": flag(),
    "sensitive_word_check": an_object(),
}
CUSTOMIZE = {
    "model": text().needed,
    "input": text(1).needed,
    "voice_text": text().needed,
    "response_format": choice("wav", "pcm"),
    "watermark_enabled": flag(),
}

OPERATIONS = (
    Operation("POST", "/paas/v4/audio/speech", speak, SPEAK, models=SPEECH),
    Operation("POST", "/paas/v4/audio/customization", customize, CUSTOMIZE, body="form"),
)
