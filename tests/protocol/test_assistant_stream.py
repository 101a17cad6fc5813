"""Streams of assistants: text, tools whose input and output come apart, ends without [DONE]."""

from __future__ import annotations

import pytest

from tests.protocol.frames import DONE, event, pieces
from tests.protocol.gathered import feed, feed_parts
from zhipu_async.errors import StreamFailed, StreamInterrupted
from zhipu_async.protocol.assistant_stream import AssistantReader

HEAD: dict[str, object] = {
    "id": "q1",
    "assistant_id": "a1",
    "conversation_id": "c1",
    "created": 1760000000000,
}


def told(delta: object, **more: object) -> dict[str, object]:
    return {**HEAD, "status": "in_process", "choices": [{"index": 0, "delta": delta}], **more}


def tool(kind: str, **use: object) -> dict[str, object]:
    return told({"role": "tool", "tool_calls": [{"index": 0, "type": kind, kind: use}], "metadata": {}})


USAGE = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
LAST: dict[str, object] = {
    **told(None, status="completed", usage=USAGE),
    "choices": [{"index": 0, "finish_reason": "stop", "delta": {"role": "assistant"}}],
}
TEXT = [told({"role": "assistant", "content": piece, "metadata": {"n": 1}}) for piece in ("Hel", "lo")]


@pytest.mark.parametrize("size", [1, 9, 10_000])
def test_events_add_up_to_the_reply(size: int) -> None:
    reader = AssistantReader()
    found, fault = feed_parts(reader, pieces(b"".join(map(event, [*TEXT, LAST])), size))
    assert fault is None
    assert [reader.gathering.text_of(each) for each in found] == ["Hel", "lo", ""]
    reply = reader.gathering.reply()
    assert (reply.text, reply.status, reply.finish_reason) == ("Hello", "completed", "stop")
    assert (reply.id, reply.assistant_id, reply.conversation_id, reply.created) == (
        "q1",
        "a1",
        "c1",
        1760000000000,
    )
    assert reply.usage.total_tokens == 6


@pytest.mark.parametrize(
    ("ending", "whole"),
    [
        ([LAST], True),
        ([told({}, status="completed")], True),
        ([DONE], True),
        ([told({}, status="in_progress")], False),
        ([], False),
    ],
)
def test_the_end_is_told_in_three_ways(ending: list[object], whole: bool) -> None:
    _, fault = feed(AssistantReader(), *TEXT, *ending)
    assert (fault is None) is whole
    assert whole or isinstance(fault, StreamInterrupted)


def test_tools_tell_their_input_and_their_outputs_apart() -> None:
    reader = AssistantReader()
    feed(
        reader,
        tool("web_browser", input="cats"),
        tool("web_browser", outputs=[{"title": "t", "link": "l", "content": "c"}]),
        tool("code_interpreter", outputs=[{"type": "logs", "logs": "42", "error_msg": "none"}]),
        tool("drawing_tool", outputs=[{"image": "https://example.com/a.png"}]),
        tool("retrieval", outputs=[{"text": "x", "document": "d"}]),
        tool("function", name="f", arguments={"a": 1}),
        tool("function", name="g", arguments='{"a": 2}', outputs=[{"content": "done"}]),
        tool("brand_new", input="?"),
        LAST,
    )
    calls = reader.gathering.reply().tool_calls
    assert [call.type for call in calls][-2:] == ["function", "brand_new"]
    assert (calls[0].use.input, calls[1].use.outputs[0].link) == ("cats", "l")
    assert calls[2].use.outputs[0].logs == "42"
    assert calls[3].use.outputs[0].image
    assert calls[4].use.outputs[0].document == "d"
    assert (calls[5].use.arguments, calls[6].use.arguments) == ('{"a":1}', '{"a": 2}')
    assert calls[7].use.input == ""
    assert reader.gathering.reply().text == ""


def test_a_failed_status_is_a_failure() -> None:
    _, fault = feed(
        AssistantReader(), *TEXT, told({}, status="failed", last_error={"code": "1301", "message": "no"})
    )
    assert isinstance(fault, StreamFailed)
    assert fault.code == "1301"


def test_a_whole_answer_instead_of_events_is_read_too() -> None:
    reader = AssistantReader()
    message = {"role": "assistant", "content": "Hello"}
    feed(reader, {"id": "q1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    assert reader.gathering.reply().text == "Hello"
