"""Sound as files: raw samples get the header that players ask for. No I/O here."""

from __future__ import annotations

import os
import struct
from pathlib import PurePath

from zhipu_async.errors import InvalidArgument

VOICE_RATE = 44_100  # what GLM-4-Voice's bare samples are played at, one channel of 16 bits
SPEECH_RATE = 24_000  # what GLM-TTS's bare samples are played at
SAMPLE_BYTES = 2
COMPRESSED = frozenset({".aac", ".flac", ".m4a", ".mp3", ".ogg", ".opus"})  # of these the platform makes none


def check_name(path: str | os.PathLike[str], sound: bytes = b"") -> None:
    """Raise for a name that promises what samples and WAV are not: no player would open the file."""
    suffix = PurePath(path).suffix.lower()
    if suffix in COMPRESSED and not sound.startswith((b"ID3", b"\xff\xfb", b"OggS", b"fLaC")):
        raise InvalidArgument(
            f"the sound is not {suffix[1:]}: it is samples of 16 bits.",
            hint="Give the file a name that ends in .wav.",
        )


def playable(sound: bytes, rate: int = VOICE_RATE) -> bytes:
    """The sound as a WAV file; one that is a file already (RIFF, MP3's ID3) stays as it is."""
    return sound if sound[:4] == b"RIFF" or sound[:3] == b"ID3" else wav(sound, rate)


def wav(samples: bytes, rate: int) -> bytes:
    """Samples of 16 bits behind a WAV header; a trailing half sample is cut off."""
    whole = samples[: len(samples) - len(samples) % SAMPLE_BYTES]
    return wav_header(len(whole), rate) + whole


def wav_header(size: int, rate: int) -> bytes:
    """What makes a WAV file of `size` bytes of samples, one channel of 16 bits."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + size, b"WAVE",
        b"fmt ", 16, 1, 1, rate, rate * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES,
        b"data", size,
    )  # fmt: skip
