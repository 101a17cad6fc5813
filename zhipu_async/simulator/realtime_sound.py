"""What the microphone sent: base64 WAV or bare PCM into mono 16-bit samples. No I/O here."""

from __future__ import annotations

import base64
import binascii
import math
import struct
import sys
from array import array
from typing import NamedTuple

from .realtime_events import Invalid

DEFAULT_RATE = 16_000  # "pcm" without a number
MIN_RATE, MAX_RATE = 8_000, 48_000  # telephone to studio; anything else is a wrong header
WAVE_PCM, WAVE_EXTENSIBLE = 1, 0xFFFE
FULL_SCALE = 32_768.0


class Sound(NamedTuple):
    """Mono 16-bit samples and their rate."""

    samples: array[int]
    rate: int

    @property
    def milliseconds(self) -> float:
        return len(self.samples) * 1000 / self.rate


def decode(audio: str, input_format: str) -> Sound:
    """Read one append. In WAV mode every append carries a header of its own."""
    raw = decode_base64(audio, "audio")
    if input_format.startswith("wav"):
        return read_wav(raw)
    return Sound(_samples(raw), pcm_rate(input_format))


def decode_base64(text: str, field: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"The '{field}' field is not valid base64.") from None
    if not raw:
        raise Invalid(f"The '{field}' field is empty.")
    return raw


def pcm_rate(input_format: str) -> int:
    """The number behind "pcm" is the sample rate in kHz, not the bit depth."""
    number = input_format.removeprefix("pcm")
    return int(number) * 1000 if number else DEFAULT_RATE


def read_wav(raw: bytes) -> Sound:
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise Invalid(
            "The audio is not a WAV file: with input_audio_format wav each append needs a RIFF header."
        )
    rate, position = 0, 12
    while position + 8 <= len(raw):
        name, size = raw[position : position + 4], int.from_bytes(raw[position + 4 : position + 8], "little")
        body = raw[position + 8 : position + 8 + size]  # a streaming header may promise more than is there
        if name == b"fmt ":
            rate = _wav_rate(body)
        elif name == b"data":
            return _wav_sound(body, rate)
        position += 8 + size + size % 2
    raise Invalid("The WAV file has no data chunk.")


def _wav_rate(body: bytes) -> int:
    if len(body) < 16:
        raise Invalid("The WAV file's fmt chunk is too short.")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag not in (WAVE_PCM, WAVE_EXTENSIBLE) or channels != 1 or bits != 16:
        raise Invalid(f"Only mono 16 bit PCM is supported, got {channels} channels of {bits} bit.")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise Invalid(f"Unsupported sample rate {rate}.")
    return int(rate)


def _wav_sound(body: bytes, rate: int) -> Sound:
    if not rate:
        raise Invalid("The WAV file has no fmt chunk before its data.")
    return Sound(_samples(body[: len(body) & ~1]), rate)


def _samples(raw: bytes) -> array[int]:
    if len(raw) % 2:
        raise Invalid("The PCM has an odd number of bytes: samples are 16 bit.")
    samples = array("h")
    samples.frombytes(raw)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def loudness(samples: array[int]) -> float:
    """Root mean square, 0 to 32768. hypot runs in C and is the cheapest sum of squares there is."""
    return math.hypot(*samples) / math.sqrt(len(samples)) if samples else 0.0
