"""Sound on its way to and from the platform: reading WAV, cutting frames, keeping the pace. No I/O here.

Everything is mono, 16 bit, little-endian. What comes in any pieces goes out in frames of 100 ms, at a pace
that the platform does not silently thin out.
"""

from __future__ import annotations

import base64
import binascii
import struct
from pathlib import PurePath
from typing import NamedTuple

from zhipu_async.errors import InvalidArgument
from zhipu_async.types.sound import COMPRESSED, wav_header

SAMPLE_BYTES = 2
PCM_RATE = 16_000  # what `pcm` without a number means
OUTPUT_RATE = 24_000  # the platform's speech
FRAME_MS = 100  # the platform's own advice for live audio
APPENDS_PER_SECOND = (
    45  # the platform drops what exceeds 50 a second, silently; the rest is room for bunching
)
CLIP_MS = 30_000  # longest turn under client VAD
MESSAGE_BYTES = 250_000  # servers were seen to close at 256 KiB a message
WAV_HEAD_BYTES = 64 * 1024  # chunks before the sound; a cover picture does not belong in a voice message
LOWEST_RATE, HIGHEST_RATE = (
    8_000,
    48_000,
)  # telephone to studio; beyond, it is no rate of samples

_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_OPEN_ENDED = frozenset((0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000))  # sizes that writers to a pipe put down
_COMPRESSED = {
    b"ID3\x03": "MP3",
    b"ID3\x04": "MP3",
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b"\x1aE\xdf\xa3": "WebM",
}
_PCM_TAGS = frozenset((1, 0xFFFE))


class Frame(NamedTuple):
    """Whole samples of one rate, 100 ms or the rest of a clip."""

    rate: int
    pcm: bytes

    @property
    def milliseconds(self) -> float:
        """Return how long it sounds."""
        return duration_ms(len(self.pcm), self.rate)


def duration_ms(size: int, rate: int) -> float:
    """Return how long that many bytes sound."""
    return size * 1000 / (rate * SAMPLE_BYTES)


def convert_hint(rate: int | None) -> str:
    """Say how to make a file that fits."""
    return f"Convert it first: ffmpeg -i IN -ac 1 -ar {rate or PCM_RATE} -c:a pcm_s16le out.wav"


def check_name(name: str) -> None:
    """Raise for a file whose name says that it holds no samples: they would be heard as noise."""
    suffix = PurePath(name).suffix.lower()
    if suffix in COMPRESSED:
        raise compressed(suffix[1:])


def compressed(form: str) -> InvalidArgument:
    """Return the error for sound that has to be unpacked first."""
    return InvalidArgument(
        f"The sound is {form}, which is compressed; a session takes WAV or bare samples.",
        hint=convert_hint(None),
    )


def input_rate(audio_format: str) -> int | None:
    """Return the samples a second that an input format means; None for `wav`, whose header says it."""
    if audio_format == "wav":
        return None
    number = audio_format.removeprefix("pcm")
    rate = int(number) * 1000 if number.isdecimal() else PCM_RATE
    if audio_format == number or (number and not number.isdecimal()) or not _possible(rate):
        raise InvalidArgument(
            f"input_audio_format {audio_format!r} is unknown.",
            hint="Use 'wav', 'pcm' (16 kHz), or 'pcmN' with N in kHz, such as 'pcm16' or 'pcm24'.",
        )
    return rate


def check_rate(rate: int, wanted: int | None) -> None:
    """Refuse sound that the session would play at the wrong speed."""
    if not _possible(rate):
        raise InvalidArgument(f"{rate} samples a second is not a rate of speech.", hint=convert_hint(wanted))
    if wanted is not None and rate != wanted:
        raise InvalidArgument(
            f"The sound has {rate} samples a second, this session takes {wanted}.", hint=convert_hint(wanted)
        )


def _possible(rate: int) -> bool:
    return LOWEST_RATE <= rate <= HIGHEST_RATE


def wav(pcm: bytes, rate: int = OUTPUT_RATE) -> bytes:
    """Return samples as a WAV file."""
    return wav_header(len(pcm), rate) + pcm


class SoundReader:
    """Takes one sound in any pieces, WAV or bare PCM, and gives its samples with their rate.

    Several WAV files behind each other are one sound; chunks around the samples are skipped.
    """

    def __init__(self, bare_rate: int) -> None:
        self._bare_rate = bare_rate
        self._read = self._beginning
        self._held = bytearray()
        self._rate = bare_rate
        self._left: int | None = None  # of the data or skipped chunk; None until the end
        self._head = 0
        self._pad = 0

    @property
    def in_file(self) -> bool:
        """Whether what was read is a WAV, which has an end; bare samples may go on."""
        return self._read not in (self._beginning, self._bare)

    def feed(self, piece: bytes) -> list[Frame]:
        """Take a piece; return the samples it completes."""
        self._held += piece
        found: list[Frame] = []
        while self._read(found):
            pass
        return found

    def end(self) -> list[Frame]:
        """Say that nothing follows; return what was held back for a header that never came."""
        if self._read == self._chunk and self._rate == 0:
            raise InvalidArgument("The WAV ends before its sound begins.", hint=convert_hint(None))
        rest = bytes(self._held) if self._read == self._beginning else b""
        self._held.clear()
        return [Frame(self._bare_rate, rest)] if rest else []

    def _beginning(self, found: list[Frame]) -> bool:
        """Tell a WAV from bare samples by its first twelve bytes."""
        held = self._held
        if held[:4] != b"RIFF"[: len(held)] or (len(held) >= _RIFF.size and held[8:12] != b"WAVE"):
            for beginning, form in _COMPRESSED.items():
                if held.startswith(beginning):
                    raise compressed(form)
            self._read = self._bare
            return True
        if len(held) < _RIFF.size:
            return False
        del held[: _RIFF.size]
        self._read, self._rate, self._head = self._chunk, 0, 0
        return True

    def _bare(self, found: list[Frame]) -> bool:
        if self._held:
            found.append(Frame(self._bare_rate, bytes(self._held)))
            self._held.clear()
        return False

    def _chunk(self, found: list[Frame]) -> bool:
        """Read the head of the next chunk: a format, the samples, another file, or something to skip."""
        if len(self._held) < _CHUNK.size:
            return False
        name, size = _CHUNK.unpack_from(self._held)
        if name == b"RIFF" and self._rate:
            self._read = self._beginning
            return True
        if name == b"fmt ":
            return self._format(size)
        del self._held[: _CHUNK.size]
        if name == b"data":
            return self._begin_samples(size)
        self._count_head(size)
        self._left, self._read = size + size % 2, self._skip
        return True

    def _format(self, size: int) -> bool:
        if size < _FORMAT.size or size > WAV_HEAD_BYTES:
            raise InvalidArgument("The WAV's format chunk is damaged.", hint=convert_hint(None))
        end = _CHUNK.size + size + size % 2
        if len(self._held) < end:
            return False
        tag, channels, rate, _, _, bits = _FORMAT.unpack_from(self._held, _CHUNK.size)
        if tag not in _PCM_TAGS or channels != 1 or bits != SAMPLE_BYTES * 8:
            raise InvalidArgument(
                f"The WAV has {channels} channels of {bits} bits (format {tag}); it takes one of 16.",
                hint=convert_hint(rate if _possible(rate) else None),
            )
        self._rate = rate
        del self._held[:end]
        return True

    def _begin_samples(self, size: int) -> bool:
        if not self._rate:
            raise InvalidArgument("The WAV has no format chunk before its sound.", hint=convert_hint(None))
        self._left = None if size in _OPEN_ENDED else size
        self._pad = size % 2
        self._read = self._samples
        return True

    def _samples(self, found: list[Frame]) -> bool:
        taken = bytes(self._held if self._left is None else self._held[: self._left])
        del self._held[: len(taken)]
        if taken:
            found.append(Frame(self._rate, taken))
        if self._left is None:
            return False
        self._left -= len(taken)
        if self._left:
            return False
        self._left, self._read, self._head = self._pad, self._skip, 0
        return True

    def _skip(self, found: list[Frame]) -> bool:
        assert self._left is not None  # only samples may be open-ended
        gone = min(self._left, len(self._held))
        del self._held[:gone]
        self._left -= gone
        if self._left:
            return False
        self._read = self._chunk
        return True

    def _count_head(self, size: int) -> None:
        self._head += size
        if self._head > WAV_HEAD_BYTES:
            raise InvalidArgument(
                "The WAV carries more than 64 KiB beside its sound.", hint=convert_hint(None)
            )


class Framer:
    """Gathers samples into frames of 100 ms; an odd byte waits for its other half."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._rate = 0

    @property
    def held_ms(self) -> float:
        """Return how much sound waits for a frame to fill."""
        return duration_ms(len(self._held), self._rate) if self._rate else 0.0

    def add(self, piece: Frame) -> list[Frame]:
        """Take samples; return the frames they fill. Another rate closes the frame of the one before."""
        frames = self.flush() if piece.rate != self._rate else []
        self._rate = piece.rate
        self._held += piece.pcm
        size = piece.rate * FRAME_MS // 1000 * SAMPLE_BYTES
        whole = len(self._held) - len(self._held) % size
        frames += [Frame(self._rate, bytes(self._held[at : at + size])) for at in range(0, whole, size)]
        del self._held[:whole]
        return frames

    def flush(self) -> list[Frame]:
        """Return the rest as a short frame; half a sample is dropped."""
        whole = len(self._held) - len(self._held) % SAMPLE_BYTES
        rest = bytes(self._held[:whole])
        self._held.clear()
        return [Frame(self._rate, rest)] if rest else []


class Pacer:
    """Spaces appends evenly: no bursts, no drift from sleeping too long."""

    def __init__(self, per_second: float = APPENDS_PER_SECOND) -> None:
        self._interval = 1 / per_second
        self._next = 0.0

    def take(self, now: float) -> float:
        """Take the next place in line; return how long to wait for it."""
        at = max(now, self._next)
        self._next = at + self._interval
        return at - now


class Aligner:
    """Turns base64 deltas into whole samples; an odd byte goes over to the item's next delta."""

    def __init__(self) -> None:
        self._odd: dict[str, bytes] = {}

    def samples(self, item_id: str, delta: str) -> bytes:
        """Decode one delta. Raises ValueError for what is not base64."""
        try:
            pcm = self._odd.pop(item_id, b"") + base64.b64decode(delta, validate=True)
        except binascii.Error as exc:
            raise ValueError("speech that is not base64") from exc
        if len(pcm) % SAMPLE_BYTES:
            self._odd[item_id] = pcm[-1:]
            pcm = pcm[:-1]
        return pcm


def encode_frame(frame: Frame, *, as_wav: bool) -> str:
    """Return a frame as an append carries it; in WAV mode each one is a file of its own."""
    body = wav(frame.pcm, frame.rate) if as_wav else frame.pcm
    return base64.b64encode(body).decode("ascii")


def encode_picture(jpeg: bytes) -> str:
    """Return a JPEG as a video frame carries it; refuse what the platform would not take."""
    if jpeg[:2] != b"\xff\xd8":
        raise InvalidArgument("A video frame has to be a JPEG.", hint="Save it as JPEG first.")
    text = base64.b64encode(jpeg).decode("ascii")
    if len(text) > MESSAGE_BYTES:
        raise InvalidArgument(
            f"The picture has {len(jpeg):,} bytes, {MESSAGE_BYTES * 3 // 4:,} is the most for one message.",
            hint="Scale it to about 1120 x 1120, or save it at a lower quality.",
        )
    return text
