"""Videos that start: MP4 files with real H.264, one colour a second. No I/O here."""

from __future__ import annotations

import struct
from functools import lru_cache

MACROBLOCK = 16
PCM_LUMA, PCM_CHROMA = 256, 64
BASELINE, LEVEL_5_2 = 66, 52
TIMESCALE = 600
"""Units of time in a second; 30 and 60 frames a second come out even."""
COLOURS = ((110, 90, 200), (150, 60, 110), (90, 200, 100), (180, 110, 150), (60, 150, 120), (130, 128, 70))
"""Luma and both chromas, one triple a second, starting at a place that depends on the subject."""
IDENTITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
NO_DATES = bytes(8)


class Bits:
    """Writes the variable-length codes of H.264."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def fixed(self, value: int, width: int) -> Bits:
        self._bits.append(f"{value:0{width}b}")
        return self

    def unsigned(self, *values: int) -> Bits:
        for value in values:
            code = f"{value + 1:b}"
            self._bits.append("0" * (len(code) - 1) + code)
        return self

    def repeated(self, bits: str, count: int) -> Bits:
        self._bits.append(bits * count)
        return self

    def aligned(self) -> Bits:
        used = sum(map(len, self._bits))
        self._bits.append("0" * (-used % 8))
        return self

    def then(self, content: bytes) -> Bits:
        """Append whole bytes; the writer must be aligned."""
        self._bits.append("".join(f"{byte:08b}" for byte in content))
        return self

    def unit(self, header: int) -> bytes:
        """End with the stop bit, and put the emulation prevention bytes where three zeros would meet."""
        text = "".join(self._bits) + "1"
        text += "0" * (-len(text) % 8)
        raw = int(text, 2).to_bytes(len(text) // 8, "big")
        safe, zeros = bytearray(), 0
        for byte in raw:
            if zeros >= 2 and byte <= 3:
                safe.append(3)
                zeros = 0
            safe.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes([header]) + bytes(safe)


def sequence_parameters(width: int, height: int) -> bytes:
    columns, rows = blocks(width), blocks(height)
    bits = Bits().fixed(BASELINE, 8).fixed(0b11000000, 8).fixed(LEVEL_5_2, 8)
    bits.unsigned(0, 0, 2, 1).fixed(0, 1)  # frame_num of 4 bits; the order of output is that of decoding
    bits.unsigned(columns - 1, rows - 1).fixed(1, 1).fixed(1, 1)  # frames only, direct 8x8
    right, bottom = columns * MACROBLOCK - width, rows * MACROBLOCK - height
    bits.fixed(int(bool(right or bottom)), 1)
    if right or bottom:
        bits.unsigned(0, right // 2, 0, bottom // 2)
    return bits.fixed(0, 1).unit(0x67)


def picture_parameters() -> bytes:
    bits = Bits().unsigned(0, 0).fixed(0, 2).unsigned(0, 0, 0).fixed(0, 3)
    bits.unsigned(0, 0, 0)  # quantisers at their defaults
    return bits.fixed(0b100, 3).unit(0x68)  # the slices say that the edges are not smoothed


def key_frame(width: int, height: int, colour: tuple[int, int, int], number: int) -> bytes:
    """One colour: the first macroblock spells it out, all others are predicted from their neighbours."""
    columns, rows = blocks(width), blocks(height)
    bits = Bits().unsigned(0, 7, 0).fixed(0, 4).unsigned(number % 2).fixed(0, 2)  # an I slice, frame_num 0
    bits.unsigned(0, 1)  # quantiser delta; no deblocking
    luma, blue, red = colour
    bits.unsigned(25).aligned()
    bits.then(bytes([luma]) * PCM_LUMA + bytes([blue]) * PCM_CHROMA + bytes([red]) * PCM_CHROMA)
    predicted = "00100" + "1" + "1"  # Intra 16x16 by the mean, chroma by the mean, quantiser as before
    nothing, nothing_beside_pcm = "1", "000011"  # no coefficients; the code depends on the neighbours'
    bits.repeated(predicted + nothing_beside_pcm, 1)
    bits.repeated(predicted + nothing, columns - 2)
    bits.repeated(predicted + nothing_beside_pcm, 1)
    return bits.repeated(predicted + nothing, (rows - 1) * columns - 1).unit(0x65)


def still_frame(width: int, height: int, frame_number: int) -> bytes:
    """The same as the frame before: every macroblock is skipped."""
    bits = Bits().unsigned(0, 5, 0).fixed(frame_number % 16, 4).fixed(0, 3)
    return bits.unsigned(0, 1, blocks(width) * blocks(height)).unit(0x41)


def blocks(length: int) -> int:
    return -(-length // MACROBLOCK)


@lru_cache(maxsize=32)
def mp4(width: int, height: int, frames_a_second: int, seconds: int, number: int) -> bytes:
    """Make a clip; the number chooses where its row of colours starts."""
    samples: list[bytes] = []
    for second in range(seconds):
        colour = COLOURS[(number + second) % len(COLOURS)]
        samples.append(sample(key_frame(width, height, colour, second)))
        samples += [sample(still_frame(width, height, at)) for at in range(1, frames_a_second)]
    kind = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
    # The description stands in front of the pictures, so that a player can start while it loads.
    length = len(description(width, height, frames_a_second, samples, 0))
    described = description(width, height, frames_a_second, samples, len(kind) + length + 8)
    return kind + described + box(b"mdat", *samples)


def sample(unit: bytes) -> bytes:
    return struct.pack(">I", len(unit)) + unit


def description(width: int, height: int, rate: int, samples: list[bytes], offset: int) -> bytes:
    """The `moov` box: one video track whose samples lie behind each other from the offset on."""
    duration = len(samples) * TIMESCALE // rate
    times = struct.pack(">II", TIMESCALE, duration)
    fixed_rate = struct.pack(">IH10x", 0x10000, 0x100) + IDENTITY
    movie = full(b"mvhd", NO_DATES + times + fixed_rate + bytes(24) + struct.pack(">I", 2))
    place = struct.pack(">II", 0, duration) + bytes(16)
    size = struct.pack(">II", width << 16, height << 16)
    head = full(b"tkhd", NO_DATES + struct.pack(">I", 1) + place + IDENTITY + size, flags=3)
    media = box(
        b"mdia",
        full(b"mdhd", NO_DATES + times + struct.pack(">HH", 0x55C4, 0)),
        full(b"hdlr", bytes(4) + b"vide" + bytes(12) + b"pictures\0"),
        box(
            b"minf",
            full(b"vmhd", bytes(8), flags=1),
            box(b"dinf", full(b"dref", struct.pack(">I", 1) + full(b"url ", b"", flags=1))),
            sample_table(width, height, rate, samples, offset),
        ),
    )
    return box(b"moov", movie, box(b"trak", head, media))


def sample_table(width: int, height: int, rate: int, samples: list[bytes], offset: int) -> bytes:
    count = len(samples)
    keys = range(1, count + 1, rate)
    return box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1) + codec(width, height)),
        full(b"stts", struct.pack(">III", 1, count, TIMESCALE // rate)),
        full(b"stss", struct.pack(f">I{len(keys)}I", len(keys), *keys)),
        full(b"stsc", struct.pack(">IIII", 1, 1, count, 1)),
        full(b"stsz", struct.pack(f">II{count}I", 0, count, *map(len, samples))),
        full(b"stco", struct.pack(">II", 1, offset)),
    )


def codec(width: int, height: int) -> bytes:
    sequence, picture = sequence_parameters(width, height), picture_parameters()
    record = bytes([1, *sequence[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sequence)) + sequence
    record += b"\1" + struct.pack(">H", len(picture)) + picture
    entry = struct.pack(">6xH16xHHII4xH32xHh", 1, width, height, 0x480000, 0x480000, 1, 24, -1)
    return box(b"avc1", entry, box(b"avcC", record))


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", len(content) + 8) + name + content


def full(name: bytes, content: bytes, *, flags: int = 0) -> bytes:
    """A box with version 0 and flags."""
    return box(name, struct.pack(">I", flags) + content)
