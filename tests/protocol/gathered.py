"""Feeding the readers of streams that add up to a reply."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tests.protocol.frames import event
from zhipu_async.errors import StreamError
from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.types.base import Reply

T = TypeVar("T")
R = TypeVar("R", bound=Reply)


def feed(reader: GatheringReader[T, R], *frames: object) -> tuple[list[T], StreamError | None]:
    """Feed frames, as JSON or as the bytes that they are, to the end of the body."""
    return feed_parts(reader, (each if isinstance(each, bytes) else event(each) for each in frames))


def feed_parts(reader: GatheringReader[T, R], parts: Iterable[bytes]) -> tuple[list[T], StreamError | None]:
    """Feed a body that comes in these parts."""
    found: list[T] = []
    for part in parts:
        if not reader.over:
            found += reader.feed(part)
    if not reader.over:
        found += reader.end()
    return found, reader.verdict()
