"""Content parts for messages, from paths, bytes and URLs.

    messages=[{"role": "user", "content": [parts.image("cat.png"), parts.text("What is this?")]}]

A path is read, checked and encoded when the request is sent, in a thread. What the platform refuses by
size or kind raises `InvalidArgument` before anything is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhipu_async.errors import InvalidArgument
from zhipu_async.protocol import parts as rules
from zhipu_async.types.chat_request import MediaPart, TextPart

if TYPE_CHECKING:
    from zhipu_async.protocol.parts import Source
    from zhipu_async.types.chat_request import ContentPart, MediaKind, PlainPart

__all__ = ["audio", "file", "image", "read", "text", "video"]


def text(text: str) -> TextPart:
    """Give a piece of text as a part."""
    return TextPart(type="text", text=text)


def image(source: Source) -> ContentPart:
    """Give an image: jpg or png, at most 5 MB and 6000 x 6000 pixels, by path, URL or bytes."""
    return _part("image", source)


def video(source: Source) -> ContentPart:
    """Give a video: mp4, mkv or mov, at most 200 MB, by path, URL or bytes; `glm-4v-plus` wants it first."""
    return _part("video", source)


def audio(source: Source) -> ContentPart:
    """Give a recording for `glm-4-voice`: wav or mp3, at most ten minutes, by path or bytes."""
    return _part("audio", source)


def file(source: Source | None = None, *, file_id: str = "", filename: str = "") -> ContentPart:
    """Give a document by path, URL, bytes (at most 50 MB), or by the id of one uploaded as `user_data`.

    `filename` tells the platform what bytes are; a path brings its own name.
    """
    if (source is None) is not bool(file_id):
        raise InvalidArgument("parts.file takes either a source or a file_id")
    if source is None:
        return rules.from_id(file_id, filename)
    return _part("file", source, filename)


async def read(part: ContentPart) -> PlainPart:
    """Return a part as the plain dict that is sent; cancelling it abandons the read."""
    if not isinstance(part, MediaPart):
        return part
    from zhipu_async.flows import parts as reading

    return await reading.read(part)


def _part(kind: MediaKind, source: Source, filename: str = "") -> ContentPart:
    found = rules.classify(source)
    if isinstance(found, rules.Url):
        return rules.from_url(kind, found.text, filename)
    if isinstance(found, bytes):
        rules.check_content(kind, found, filename or f"the {kind}")
        return MediaPart(kind, found, filename)
    return MediaPart(kind, found, filename or found.name)
