"""Reading the files that messages name, off the loop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zhipu_async.flows.threads import in_thread
from zhipu_async.protocol import parts as rules
from zhipu_async.protocol.chat_request import normalised
from zhipu_async.protocol.sendable import as_list, as_object
from zhipu_async.types.chat_request import MediaPart

if TYPE_CHECKING:
    from pathlib import Path

    from zhipu_async.protocol.chat_request import Prepared
    from zhipu_async.types.chat_request import Messages, PlainPart


async def with_files(prepared: Prepared) -> dict[str, object]:
    """Return the body with every file read and encoded; cancelling leaves a thread to finish its read alone.

    One thread reads all of them in turn: encoding holds the interpreter, so more threads gain nothing.
    """
    if not prepared.unread:
        return prepared.body
    messages = prepared.body["messages"]
    assert as_list(messages)
    return {**prepared.body, "messages": await _in_thread(messages)}


async def history(messages: Messages) -> list[dict[str, object]]:
    """Return messages as a list to add to, checked, and with every file read once for all rounds."""
    listed, unread = normalised(messages)
    return await _in_thread(listed) if unread else listed


async def read(part: MediaPart) -> PlainPart:
    """Return the part as it is sent; cancelling leaves a thread to finish its read alone."""
    return await in_thread(_read_now, part)


async def _in_thread(messages: Sequence[object]) -> list[dict[str, object]]:
    return await in_thread(_filled, messages)


def _filled(messages: Sequence[object]) -> list[dict[str, object]]:
    return [_filled_message(message) for message in messages if as_object(message)]


def _filled_message(message: Mapping[str, object]) -> dict[str, object]:
    content = message.get("content")
    if not as_list(content):
        return dict(message)
    filled = [_read_now(part) if isinstance(part, MediaPart) else part for part in content]
    return {**message, "content": filled}


def _read_now(part: MediaPart) -> PlainPart:
    content = part.source
    return rules.build(part, content if isinstance(content, bytes) else _read_file(part, content))


def _read_file(part: MediaPart, path: Path) -> bytes:
    limit = rules.LARGEST[part.kind]
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                rules.check_size(part.kind, size, rules.name_of(part))
            return file.read(limit + 1)  # a pipe or a device has no size to look at
    except OSError as exc:
        raise rules.unreadable(path, exc) from exc
