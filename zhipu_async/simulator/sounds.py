"""Recordings that play: 24 kHz mono speech as PCM or WAV, and the words that are hidden in it. No I/O here."""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING

from .realtime_voice import RATE, speak

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = b"\xa7words:"
"""Stands before the spoken text, which is written into the lowest bits of the samples: nobody hears it, and whatever
file the samples end up in can be transcribed again."""
COUNT_BYTES = 4
"""How many bytes the number of the text's bytes takes."""
BITS = [bytes(byte >> place & 1 for place in range(8)) for byte in range(256)]
EVEN = bytes(byte & 0xFE for byte in range(256))
MARK_HZ = 880
MARK_S = 0.15
"""The audible watermark that the platform puts in front unless told otherwise."""
LOUDEST, QUIETEST = 32_767, -32_768


def speech(text: str, voice: str, *, speed: float = 1, volume: float = 1, marked: bool = True) -> bytes:
    """Speak the text: PCM, 16 bit, little-endian."""
    samples = array("h", b"".join(speak(text, voice)))
    if speed != 1:
        samples = array("h", [samples[int(at * speed)] for at in range(int(len(samples) / speed))])
    if volume != 1:
        samples = array("h", (max(QUIETEST, min(LOUDEST, int(sample * volume))) for sample in samples))
    return with_words((mark() if marked else b"") + samples.tobytes(), text)


def mark() -> bytes:
    """A short tone: a square wave, kept quiet."""
    half = RATE // MARK_HZ // 2
    return (struct.pack("<h", 2000) * half + struct.pack("<h", -2000) * half) * int(MARK_S * MARK_HZ)


def with_words(pcm: bytes, text: str) -> bytes:
    """Hide the text in the samples, one bit in each; in too few samples nothing is hidden."""
    written = text.encode("utf-8", "replace")
    message = WORDS + len(written).to_bytes(COUNT_BYTES, "little") + written
    if len(message) * 16 > len(pcm):
        return pcm
    bits = b"".join(map(BITS.__getitem__, message))
    loud, end = bytearray(pcm), 2 * len(bits)
    low = int.from_bytes(loud[:end:2].translate(EVEN)) | int.from_bytes(bits)
    loud[:end:2] = low.to_bytes(len(bits))
    return bytes(loud)


def hidden(pcm: bytes, start: int, count: int) -> bytes:
    """Read so many hidden bytes."""
    low = pcm[start * 16 : (start + count) * 16 : 2]
    return bytes(
        sum((low[at + place] & 1) << place for place in range(8)) for at in range(0, len(low) - 7, 8)
    )


def wav(pcm: bytes) -> bytes:
    """Put a header in front of the samples."""
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    body = b"WAVE" + head + b"data" + struct.pack("<I", len(pcm)) + pcm
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunks(wav_file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk through the chunks of a WAV file."""
    position = 12
    while position + 8 <= len(wav_file):
        name, size = struct.unpack_from("<4sI", wav_file, position)
        yield name, wav_file[position + 8 : position + 8 + size]
        position += 8 + size + size % 2


def is_wav(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WAVE"


def seconds_of(wav_file: bytes) -> float:
    """How long a WAV file plays; 0 when its header does not say."""
    bytes_a_second = 0
    for name, content in chunks(wav_file):
        if name == b"fmt " and len(content) >= 16:
            bytes_a_second = int.from_bytes(content[8:12], "little")
        elif name == b"data":
            return len(content) / bytes_a_second if bytes_a_second else 0
    return 0


def spoken_in(wav_file: bytes) -> str:
    """What was spoken when the simulator spoke it, or nothing."""
    for name, content in chunks(wav_file):
        if name == b"data" and hidden(content, 0, len(WORDS)) == WORDS:
            size = int.from_bytes(hidden(content, len(WORDS), COUNT_BYTES), "little")
            written = hidden(content, len(WORDS) + COUNT_BYTES, size)
            return written.decode("utf-8", "replace") if len(written) == size else ""
    return ""
