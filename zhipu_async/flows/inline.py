"""Documents that travel in the JSON of a request, read off the loop."""

from __future__ import annotations

from pathlib import Path

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.threads import in_thread
from zhipu_async.protocol.parts import MEGABYTE, Kind, Source, Url, base64, classify, sniff, unreadable

# What the platform takes, and the most of each; base64 makes a third more of it.
LARGEST = {Kind.PDF: 50 * MEGABYTE, Kind.PNG: 10 * MEGABYTE, Kind.JPEG: 10 * MEGABYTE}
MEDIA_TYPES = {Kind.PDF: "application/pdf", Kind.PNG: "image/png", Kind.JPEG: "image/jpeg"}
READ_BYTES = max(LARGEST.values()) + 1  # enough to know that it is too large


async def inline(source: Source) -> str:
    """Return a document as it is sent: links and base64 as they are, files and bytes as a data URI.

    Cancelling leaves a thread to finish its read alone.
    """
    if isinstance(source, str) and not _is_path(source):
        return source
    return await in_thread(_data_uri, source)


def _is_path(text: str) -> bool:
    """Tell paths from base64, which knows no dot."""
    return "." in text and not text.startswith(("http://", "https://", "data:"))


def _data_uri(source: Source) -> str:
    content, name = content_of(source)
    return f"data:{_media_type(content, name or 'the document')};base64,{base64(content)}"


def content_of(source: object) -> tuple[bytes, str]:
    """Return what a file or bytes hold, little more than the platform takes of it, and the file's name."""
    found = classify(source)
    assert not isinstance(found, Url)  # links go as they are
    return (found, "") if isinstance(found, bytes) else (_read(found), found.name)


def _media_type(content: bytes, name: str) -> str:
    kind = sniff(content)
    if kind not in LARGEST:
        raise InvalidArgument(f"{name} is of another format; the platform takes PDF, PNG and JPEG here")
    if len(content) > LARGEST[kind]:
        raise InvalidArgument(
            f"{name} is larger than {LARGEST[kind] // MEGABYTE} MB, the most for {kind.value}"
        )
    return MEDIA_TYPES[kind]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(READ_BYTES)
    except OSError as exc:
        raise unreadable(path, exc) from exc
