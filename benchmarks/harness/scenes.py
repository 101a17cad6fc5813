"""What the server answers, made once before anything is measured. A scene's name stands first in the path."""

from __future__ import annotations

import json
import zlib
from functools import cache

BLOCK_BYTES = 16 * 1024  # what proxies and TLS records make of a fast stream
VECTORS, DIMENSIONS = 64, 2048
WORDS = ("你好", "，世界", " streaming", "。\n", "的", "天气", "\"quoted\"", "🙂 ok", " and", "我们")  # fmt: skip
HEAD = b"HTTP/1.1 200 OK\r\nX-LOG-ID: 20260711100000abcdef\r\nContent-Type: "
EVENTS = HEAD + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
TASK_POLLS = 4  # a task has ended at its fourth poll


def pieces(count: int) -> list[str]:
    """The texts of a stream, in their order."""
    return [WORDS[number % len(WORDS)] for number in range(count - 1)]


def frames(count: int) -> list[bytes]:
    """The JSON of a stream's events: as GLM sends them, about 190 bytes each; the last one ends it."""
    made = [_frame({"role": "assistant", "content": text}) for text in pieces(count)]
    usage = {"prompt_tokens": 9, "completion_tokens": count, "total_tokens": count + 9}
    return [*made, _frame({"role": "assistant", "content": ""}, finish_reason="stop", usage=usage)]


def _frame(delta: dict[str, str], usage: object = None, **choice: str) -> bytes:
    chunk = {
        "id": "20260711100000a1b2c3d4e5f60718",
        "created": 1783735200,
        "object": "chat.completion.chunk",
        "model": "glm-4.7",
        "choices": [{"index": 0, "delta": delta, **choice}],
    }
    if usage:
        chunk["usage"] = usage
    return json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def events(count: int) -> list[bytes]:
    """The same as server-sent events, [DONE] last."""
    return [b"data: %b\n\n" % frame for frame in frames(count)] + [b"data: [DONE]\n\n"]


def checksum(count: int) -> int:
    """What the text of a stream has to add up to."""
    return zlib.crc32("".join(pieces(count)).encode())


def chunk(body: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(body), body)


@cache
def burst(count: int) -> bytes:
    """A stream that is there at once, one HTTP chunk per event."""
    return EVENTS + b"".join(map(chunk, events(count))) + LAST


@cache
def blocks(count: int) -> bytes:
    """A stream that is there at once, in large HTTP chunks that end anywhere."""
    body = b"".join(events(count))
    cut = [body[at : at + BLOCK_BYTES] for at in range(0, len(body), BLOCK_BYTES)]
    return EVENTS + b"".join(map(chunk, cut)) + LAST


@cache
def burst_for_mistral(count: int) -> bytes:
    """The same with a null that mistralai's client insists on, and the platform does not send."""
    *told, last, done = events(count)
    told = [event.replace(b'"index":0,', b'"index":0,"finish_reason":null,') for event in told]
    return EVENTS + b"".join(map(chunk, [*told, last, done])) + LAST


def whole(body: bytes) -> bytes:
    """A plain answer."""
    return HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@cache
def completion() -> bytes:
    """A small chat completion."""
    reply = {
        "id": "20260711100000a1b2c3d4e5f60718",
        "request_id": "8f1c",
        "created": 1783735200,
        "model": "glm-4.7",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "你好！有什么可以帮你？"},
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17},
    }
    return whole(json.dumps(reply, ensure_ascii=False).encode())


@cache
def vectors_body() -> bytes:
    """64 vectors of 2048 numbers, as the platform writes them: some 1.5 MB."""
    vector = [round(((number * 7919) % 20011 - 10005) / 1e5, 8) for number in range(DIMENSIONS)]
    items = [{"index": index, "object": "embedding", "embedding": vector} for index in range(VECTORS)]
    usage = {"prompt_tokens": 640, "completion_tokens": 0, "total_tokens": 640}
    return json.dumps({"model": "embedding-3", "data": items, "object": "list", "usage": usage}).encode()


@cache
def vectors() -> bytes:
    """The same with its header."""
    return whole(vectors_body())


@cache
def task(ended: bool) -> bytes:
    """What a poll of a task is told."""
    reply: dict[str, object] = {"id": "1", "model": "glm-4.7", "request_id": "1"}
    reply["task_status"] = "SUCCESS" if ended else "PROCESSING"
    if ended:
        reply["choices"] = [{"index": 0, "message": {"role": "assistant", "content": "done"}}]
    return whole(json.dumps(reply).encode())


@cache
def conversation() -> list[dict[str, str]]:
    """200 messages, some 89 kB on the wire."""
    roles = ("user", "assistant")
    return [
        {"role": roles[number % 2], "content": f"第{number}条。" + "请继续讲这个关于海边小城的故事。" * 8}
        for number in range(199)
    ] + [{"role": "user", "content": "最后一条。" * 10}]
