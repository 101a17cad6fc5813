"""Content parts: what a source is, whether the platform takes it, and its form in a message. No I/O here."""

from __future__ import annotations

import struct
from binascii import b2a_base64
from collections.abc import Iterator
from enum import Enum
from os import PathLike, fspath
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeGuard

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.types.chat_request import (
    AudioPart,
    FilePart,
    FileSource,
    FileUrlPart,
    ImagePart,
    MediaKind,
    MediaPart,
    PlainPart,
    VideoPart,
)

Source: TypeAlias = str | PathLike[str] | bytes | bytearray

MEGABYTE = 1024 * 1024

# The most that the platform takes, in bytes before base64.
LARGEST: dict[MediaKind, int] = {
    "image": 5 * MEGABYTE,
    "video": 200 * MEGABYTE,
    "file": 50 * MEGABYTE,
    "audio": 256 * MEGABYTE,  # ours: the platform's limit is ten minutes, and none take more than this
}
IMAGE_PIXELS = 6000  # along one edge
AUDIO_SECONDS = 600

BASE64_PIECE = 3 * 2**18  # encoded in one go: the interpreter is not free for other threads meanwhile
LONGEST_PATH = 4096  # PATH_MAX of Linux; a longer text is no path but most likely base64


class Kind(Enum):
    """A format, told by the first bytes and never by the file's name."""

    PNG = "png"
    JPEG = "jpeg"
    GIF = "gif"
    WEBP = "webp"
    BMP = "bmp"
    MP4 = "mp4"
    MOV = "mov"
    MKV = "mkv"
    AVI = "avi"
    WAV = "wav"
    MP3 = "mp3"
    OGG = "ogg"
    FLAC = "flac"
    PDF = "pdf"
    UNKNOWN = "unknown"


TAKEN: dict[MediaKind, frozenset[Kind]] = {
    "image": frozenset({Kind.PNG, Kind.JPEG}),
    "video": frozenset({Kind.MP4, Kind.MOV, Kind.MKV}),
    "audio": frozenset({Kind.WAV, Kind.MP3}),
}

_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (0, b"\xff\xd8\xff", Kind.JPEG),
    (0, b"GIF8", Kind.GIF),
    (8, b"WEBP", Kind.WEBP),
    (0, b"BM", Kind.BMP),
    (4, b"ftypqt  ", Kind.MOV),
    (4, b"ftyp", Kind.MP4),
    (4, b"moov", Kind.MOV),
    (4, b"mdat", Kind.MOV),
    (4, b"wide", Kind.MOV),
    (0, b"\x1aE\xdf\xa3", Kind.MKV),
    (8, b"AVI ", Kind.AVI),
    (8, b"WAVE", Kind.WAV),
    (0, b"ID3", Kind.MP3),
    (0, b"OggS", Kind.OGG),
    (0, b"fLaC", Kind.FLAC),
    (0, b"%PDF-", Kind.PDF),
)

# The documents that the platform reads. Its own table: the standard library's reads files of the system.
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".txt": "text/plain",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Url(NamedTuple):
    """A source that the platform fetches, or that holds its own content (`data:`)."""

    text: str


# ── what a source is ───────────────────────────────────────────────────────────────────────────────


def classify(source: object) -> Url | Path | bytes:
    """Tell URLs from paths and content; a text that is neither is refused."""
    if isinstance(source, bytes | bytearray):
        return bytes(source)
    if isinstance(source, str):
        return _classify_text(source)
    if _is_path_like(source):
        return Path(source)
    raise InvalidType(f"a content part comes from a path, a URL or bytes, not from {type(source).__name__}")


def unreadable(path: Path, error: OSError) -> InvalidArgument:
    """The error for a file of the caller's that does not open, or stops half way."""
    return InvalidArgument(f"cannot read {fspath(path)!r}: {error.strerror}")


def _is_path_like(source: object) -> TypeGuard[PathLike[str]]:
    return isinstance(getattr(source, "__fspath__", bytes)(), str)


def _classify_text(source: str) -> Url | Path:
    if source.startswith(("http://", "https://", "data:")):
        return Url(source)
    if not source:
        raise InvalidArgument("a content part cannot come from an empty string")
    if "://" in source:
        raise InvalidArgument("a content part takes http and https URLs only")
    if len(source) > LONGEST_PATH:
        raise InvalidArgument(
            "a text this long is no path.", hint="Give the bytes themselves instead of their base64."
        )
    return Path(source)


def from_url(kind: MediaKind, url: str, filename: str = "") -> PlainPart:
    """A part by URL; a document without name goes as `file_url`, which older and newer models take."""
    if kind == "image":
        return ImagePart(type="image_url", image_url={"url": url})
    if kind == "video":
        return VideoPart(type="video_url", video_url={"url": url})
    if kind == "audio":
        raise InvalidArgument("the platform takes no URL for audio.", hint="Give the bytes or a path.")
    if url.startswith("data:"):
        return FilePart(type="file", file=_named({"file_data": url}, filename))
    if filename:
        return FilePart(type="file", file={"file_url": url, "filename": filename})
    return FileUrlPart(type="file_url", file_url={"url": url})


def from_id(file_id: str, filename: str = "") -> PlainPart:
    """A document that was uploaded with `purpose="user_data"`."""
    return FilePart(type="file", file=_named({"file_id": file_id}, filename))


# ── whether the platform takes it ──────────────────────────────────────────────────────────────────


def check_size(kind: MediaKind, size: int, name: str) -> None:
    """Refuse what is empty or larger than the platform takes."""
    if not size:
        raise InvalidArgument(f"{name} is empty")
    if size > LARGEST[kind]:
        limit = LARGEST[kind] // MEGABYTE
        raise InvalidArgument(f"{name} has {size:,} bytes; the limit for one {kind} is {limit} MB")


def check_content(kind: MediaKind, content: bytes, name: str) -> Kind:
    """Return the format; refuse what the platform does not take."""
    check_size(kind, len(content), name)
    found = sniff(content)
    taken = TAKEN.get(kind)
    if taken is not None and found not in taken:
        known = "of an unknown format" if found is Kind.UNKNOWN else found.value
        names = ", ".join(sorted(each.value for each in taken))
        raise InvalidArgument(f"{name} is {known}; the platform takes {names} as {kind}")
    _check_extent(found, content, name)
    return found


def _check_extent(found: Kind, content: bytes, name: str) -> None:
    if found in TAKEN["image"]:
        width, height = png_size(content) if found is Kind.PNG else jpeg_size(content)
        if max(width, height) > IMAGE_PIXELS:
            raise InvalidArgument(
                f"{name} has {width} x {height} pixels; the limit is {IMAGE_PIXELS} x {IMAGE_PIXELS}"
            )
    elif found is Kind.WAV and wav_seconds(content) > AUDIO_SECONDS:
        raise InvalidArgument(f"{name} is longer than {AUDIO_SECONDS // 60} minutes")


def sniff(content: bytes) -> Kind:
    """The format that the first bytes tell."""
    for offset, magic, kind in _MAGIC:
        if content.startswith(magic, offset):
            return kind
    # Eleven set bits begin a frame of MPEG audio; the layer must not be the reserved one (00).
    frame = content[:2]
    if len(frame) == 2 and frame[0] == 0xFF and frame[1] & 0xE0 == 0xE0 and frame[1] & 0x06:
        return Kind.MP3
    return Kind.UNKNOWN


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height from the header chunk, which comes first; (0, 0) when it is cut off."""
    if len(content) < 24:
        return 0, 0
    width, height = struct.unpack_from(">II", content, 16)
    return width, height


def jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height from the frame header; (0, 0) when there is none."""
    for marker, start in _jpeg_segments(content):
        # C0 to CF begin a frame, without C4 (Huffman tables), C8 (reserved), CC (arithmetic coding).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and start + 7 <= len(content):
            height, width = struct.unpack_from(">HH", content, start + 3)
            return width, height
    return 0, 0


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Marker and offset of the length field of each segment before the picture's data."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        yield marker, at + 2
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def wav_seconds(content: bytes) -> float:
    """The length of the recording by its header; 0 when the header is cut off."""
    if len(content) < 32 or content[12:16] != b"fmt ":
        return 0.0
    (bytes_per_second,) = struct.unpack_from("<I", content, 28)
    return len(content) / bytes_per_second if bytes_per_second else 0.0


# ── its form in a message ──────────────────────────────────────────────────────────────────────────


def build(part: MediaPart, content: bytes) -> PlainPart:
    """The part with its content in base64. Images go without `data:` prefix, the form every model takes."""
    found = check_content(part.kind, content, name_of(part))
    encoded = base64(content)
    if part.kind == "image":
        return ImagePart(type="image_url", image_url={"url": encoded})
    if part.kind == "video":
        return VideoPart(type="video_url", video_url={"url": encoded})
    if part.kind == "audio":
        return AudioPart(type="input_audio", input_audio={"data": encoded, "format": found.value})
    url = f"data:{media_type(part.filename, found)};base64,{encoded}"
    return FilePart(type="file", file=_named({"file_data": url}, part.filename))


def name_of(part: MediaPart) -> str:
    """What messages call the part."""
    return part.filename or f"the {part.kind}"


def media_type(filename: str, found: Kind) -> str:
    """The MIME type by the name, or by the content where the name says nothing."""
    by_content = "application/pdf" if found is Kind.PDF else "application/octet-stream"
    return MEDIA_TYPES.get(Path(filename).suffix.lower(), by_content)


def base64(content: bytes) -> str:
    """The content in base64, encoded piece by piece so that a thread doing it does not hold up others."""
    view = memoryview(content)
    pieces = (
        b2a_base64(view[at : at + BASE64_PIECE], newline=False) for at in range(0, len(view), BASE64_PIECE)
    )
    return b"".join(pieces).decode("ascii")


def _named(source: FileSource, filename: str) -> FileSource:
    return {**source, "filename": filename} if filename else source
