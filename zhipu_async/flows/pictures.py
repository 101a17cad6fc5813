"""Reading the pictures that a video begins with, off the loop."""

from __future__ import annotations

from collections.abc import Mapping

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.inline import content_of
from zhipu_async.flows.threads import in_thread
from zhipu_async.protocol.parts import MEGABYTE, base64, sniff
from zhipu_async.protocol.sendable import as_list

LARGEST = 50 * MEGABYTE  # what the Vidu models take, the most of all; CogVideoX takes 5 MB


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
    content, name = content_of(picture)
    if len(content) > LARGEST:
        raise InvalidArgument(f"{name or 'the picture'} is larger than {LARGEST // MEGABYTE} MB")
    return f"data:image/{sniff(content).value};base64,{base64(content)}"
