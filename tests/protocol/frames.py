"""Frames of chat streams as the platform writes them, and the ways to cut and feed them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from zhipu_async.protocol.chat_reader import ChatReader
from zhipu_async.types.chat import ChatCompletionChunk

DONE = b"data: [DONE]\n\n"


def frame(delta: Mapping[str, object] | None = None, **more: object) -> dict[str, object]:
    """One chunk; `choice` and `finish_reason` go into its choice, anything else beside the choices."""
    said: dict[str, object] = {"index": more.pop("choice", 0), "delta": delta or {}}
    if "finish_reason" in more:
        said["finish_reason"] = more.pop("finish_reason")
    whole: dict[str, object] = {"id": "t1", "created": 1788220800, "model": "glm-5.3", "choices": [said]}
    return {**whole, **more}


def text(content: str, **more: object) -> dict[str, object]:
    """A chunk of text."""
    return frame({"role": "assistant", "content": content}, **more)


def event(value: object, *, before: str = "data: ", after: str = "\n\n", ascii_only: bool = False) -> bytes:
    """A frame on the wire."""
    return f"{before}{json.dumps(value, ensure_ascii=ascii_only)}{after}".encode()


def stream(*frames: object) -> bytes:
    """A whole stream on the wire."""
    return b"".join(map(event, frames)) + DONE


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The bytes cut into pieces of one size."""
    return (data[start : start + size] for start in range(0, len(data), size))


def read(parts: Iterable[bytes], *, resync: bool = True) -> tuple[ChatReader, list[ChatCompletionChunk]]:
    """What a reader makes of a body that comes in these parts."""
    reader = ChatReader(resync=resync)
    chunks = [chunk for part in parts for chunk in reader.feed(part)]
    return reader, chunks + reader.end()


def said(chunks: Iterable[ChatCompletionChunk]) -> str:
    """All the text of the chunks."""
    return "".join(chunk.text for chunk in chunks)
