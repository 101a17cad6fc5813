"""Pictures that open: PNG files with a gradient whose colours depend on the subject. No I/O here."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOUR = 2
FILTER_SUB, FILTER_UP = 1, 2
"""A row written as differences to the pixel on its left, and to the row above it."""
STEPS_OF_THE_GRADIENT = 128
"""How far a colour changes from edge to edge, in 256 levels."""


@lru_cache(maxsize=32)  # a load test fetches the same few pictures over and over
def png(width: int, height: int, number: int) -> bytes:
    """Draw a picture of this size; the number chooses its colours."""
    header = struct.pack(">IIBBBBB", width, height, 8, TRUECOLOUR, 0, 0, 0)
    rows = zlib.compress(gradient(width, height, number), 1)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def gradient(width: int, height: int, number: int) -> bytes:
    """Rows of differences: nearly all zeros, so that a large picture is a small file and quickly made."""
    corner = bytes((number >> shift & 0xFF) // 2 for shift in (0, 8, 16))
    first = bytearray(bytes([FILTER_SUB]) + corner + bytes(3 * (width - 1)))
    for x in steps(width):
        first[1 + 3 * x] = 1  # a little more red
    plain = bytes([FILTER_UP]) + bytes(3 * width)
    brighter = bytes([FILTER_UP]) + bytes((0, 1, 0)) * width
    rows = [bytes(first), *([plain] * (height - 1))]
    for y in steps(height):
        rows[y] = brighter
    return b"".join(rows)


def steps(length: int) -> range:
    """The places along an edge where the colour changes."""
    return range(max(length // STEPS_OF_THE_GRADIENT, 1), length, max(length // STEPS_OF_THE_GRADIENT, 1))


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
