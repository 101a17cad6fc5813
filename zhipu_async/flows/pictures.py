"""Reading the pictures that a video begins with, off the loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.threads import in_thread
from zhipu_async.protocol.parts import Url, base64, classify, sniff
from zhipu_async.protocol.sendable import as_list


async def with_pictures(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields with the pictures as they are sent; cancelling leaves a thread to finish its read alone.

    Links go as they are, files and bytes as data URIs, the one form that every model takes.
    """
    given = fields.get("image_url")
    if given is None or isinstance(given, str):
        return dict(fields)
    return {**fields, "image_url": await in_thread(_filled, given)}


def _filled(given: object) -> str | list[str]:
    if as_list(given):
        return [_sendable(picture) for picture in given]
    return _sendable(given)


def _sendable(picture: object) -> str:
    if isinstance(picture, str):  # a link, a data URI or base64, which may look like a path
        return picture
    source = classify(picture)
    assert not isinstance(source, Url)
    content = source if isinstance(source, bytes) else _read(source)
    return f"data:image/{sniff(content).value};base64,{base64(content)}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise InvalidArgument(f"cannot read {path}: {exc.strerror}") from exc
