"""Recordings that play: 24 kHz mono speech as PCM or WAV, and what a WAV file says of itself. No I/O here."""

from __future__ import annotations

import struct
from array import array
from typing import TYPE_CHECKING

from .realtime_voice import RATE, speak

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMENT = b"LIST"
"""The chunk that carries the spoken text, so that speech can be transcribed again."""
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
    return (mark() if marked else b"") + samples.tobytes()


def mark() -> bytes:
    """A short tone: a square wave, kept quiet."""
    half = RATE // MARK_HZ // 2
    return (struct.pack("<h", 2000) * half + struct.pack("<h", -2000) * half) * int(MARK_S * MARK_HZ)


def wav(pcm: bytes, text: str = "") -> bytes:
    """Put a header in front of the samples, and behind them a comment that says what is spoken."""
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    body = b"WAVE" + head + b"data" + struct.pack("<I", len(pcm)) + pcm
    if text:
        body += comment(text)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def comment(text: str) -> bytes:
    written = text.encode() + b"\0"
    padded = written + bytes(len(written) % 2)
    inside = b"INFOICMT" + struct.pack("<I", len(written)) + padded
    return COMMENT + struct.pack("<I", len(inside)) + inside


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
    """What the comment says that is spoken, or nothing."""
    for name, content in chunks(wav_file):
        if name == COMMENT and content[:8] == b"INFOICMT":
            size = int.from_bytes(content[8:12], "little")
            return content[12 : 12 + size].rstrip(b"\0").decode("utf-8", "replace")
    return ""
