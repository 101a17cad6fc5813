"""Chunks in OpenAI's shape."""

from __future__ import annotations

import json

import msgspec

from tests.protocol.frames import frame, text
from zhipu_async.protocol.relay import error_frame
from zhipu_async.protocol.relay import frame as relayed
from zhipu_async.types.chat import ChatCompletionChunk


def shaped(value: dict[str, object]) -> dict[str, object]:
    wire = relayed(msgspec.convert(value, ChatCompletionChunk))
    assert wire.startswith(b"data: ")
    assert wire.endswith(b"\n\n")
    parsed: dict[str, object] = json.loads(wire[6:])
    return parsed


def test_what_openais_clients_expect_is_there() -> None:
    assert shaped(text("你好")) == {
        "id": "t1",
        "object": "chat.completion.chunk",
        "created": 1788220800,
        "model": "glm-5.3",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": "你好"}, "finish_reason": None}],
    }


def test_usage_has_its_zeros() -> None:
    usage = shaped(text("", finish_reason="stop", usage={"prompt_tokens": 1, "total_tokens": 1}))["usage"]
    assert usage == {
        "prompt_tokens": 1,
        "completion_tokens": 0,
        "total_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def test_a_block_of_the_safety_review_has_openais_name() -> None:
    choices = shaped(text("", finish_reason="sensitive"))["choices"]
    assert choices == [
        {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "content_filter"}
    ]


def test_every_tool_call_has_an_index() -> None:
    calls = [{"id": "a", "function": {"name": "f"}}, {"index": 7, "id": "b"}]
    choices = shaped(frame({"tool_calls": calls}))["choices"]
    assert choices == [
        {
            "index": 0,
            "delta": {
                "tool_calls": [{"index": 0, "id": "a", "function": {"name": "f"}}, {"index": 7, "id": "b"}]
            },
            "finish_reason": None,
        }
    ]


def test_an_error_is_an_event_without_an_end() -> None:
    assert error_frame("it broke", "StreamInterrupted", "") == (
        b'data: {"error":{"message":"it broke","type":"StreamInterrupted","param":null,"code":null}}\n\n'
    )
