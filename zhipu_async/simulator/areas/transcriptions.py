"""Text from speech: whole and streamed. No I/O here."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from ..fields import anything, flag, number, text
from ..operation import Answer, Ask, Events, Operation, Upload, Whole, sse
from ..papers import suffix
from ..refusals import Refusal, illegal, missing
from ..saying import quirk, say_in_pieces
from ..shapes import Body, flag_of, is_array, is_object, text_of
from ..sounds import is_wav, seconds_of, spoken_in

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSCRIPTION = frozenset({"glm-asr-2512", "glm-asr"})
LONGEST_SECONDS = {"glm-asr-2512": 30, "glm-asr": 60}
LARGEST_FILE = 25 * 2**20
MOST_HOTWORDS = 100
SECONDS = 1.5
SECONDS_PER_PIECE = 0.05


def transcribe(ask: Ask) -> Answer:
    heard = listen(ask, sound_of(ask))
    check_hotwords(ask.body.get("hotwords", ask.body.get("hotwords[]")))
    pieces = say_in_pieces(ask, heard)
    head: Body = {"id": ask.platform.new_id(), "created": ask.platform.now(), "model": ask.model}
    if flag_of(ask.body, "stream"):
        return Events(events(ask, head, pieces), seconds=SECONDS, interval=SECONDS_PER_PIECE)
    return Whole({**head, "request_id": ask.request_id, "text": "".join(pieces)}, seconds=SECONDS)


def sound_of(ask: Ask) -> bytes:
    """Give the recording: the file, which wins, or the base64."""
    for upload in ask.files:
        if upload.field == "file":
            return checked(upload)
    encoded = text_of(ask.body, "file_base64")
    if not encoded:
        raise missing("file")
    try:
        return base64.b64decode(encoded.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise illegal("file_base64", "base64 expected") from None


def checked(upload: Upload) -> bytes:
    kind = suffix(upload.filename)
    if kind not in ("wav", "mp3"):
        raise illegal("file", "a name that ends in wav or mp3 expected")
    if kind == "wav" and not is_wav(upload.content):
        raise Refusal("1210", "The file could not be parsed")
    return upload.content


def listen(ask: Ask, sound: bytes) -> str:
    """Say what is spoken: our own speech says so itself, other recordings are described."""
    if not sound or len(sound) > LARGEST_FILE:
        raise illegal("file", "a recording of at most 25 MB expected")
    seconds = seconds_of(sound) if is_wav(sound) else 0
    longest = LONGEST_SECONDS.get(ask.model.lower(), 30)
    if seconds > longest:
        raise illegal("file", f"at most {longest} seconds expected")
    spoken = spoken_in(sound) if is_wav(sound) else ""
    return spoken or f"这是一段{seconds:.0f}秒的录音。" if seconds else "这是一段录音。"


def check_hotwords(given: object) -> None:
    count = len(given) if is_array(given) else 1
    if count > MOST_HOTWORDS or is_object(given):
        raise illegal("hotwords", f"at most {MOST_HOTWORDS} expected")


def events(ask: Ask, head: Body, pieces: list[str]) -> Iterator[bytes]:
    """The last event repeats the text with every other seed: the platform's documents disagree."""
    for piece in pieces:
        yield sse({**head, "type": "transcript.text.delta", "delta": piece})
    done: Body = {**head, "type": "transcript.text.done"}
    yield sse({**done, "text": "".join(pieces)} if quirk(ask) else done)
    yield sse("[DONE]")


TRANSCRIBE = {
    "model": text().needed,
    "file_base64": text(),
    "prompt": text(),
    "hotwords": anything(),
    "hotwords[]": anything(),
    "stream": flag(),
    "temperature": number(0, 1),
    "sensitive_word_check": anything(),
}

OPERATIONS = (
    Operation(
        "POST", "/paas/v4/audio/transcriptions", transcribe, TRANSCRIBE, body="form", models=TRANSCRIPTION
    ),
)
