"""Streams of agents: deltas in three forms, slides with phases, errors inside."""

from __future__ import annotations

import pytest

from tests.protocol.frames import DONE, event, pieces
from tests.protocol.gathered import feed, feed_parts
from zhipu_async.errors import StreamFailed, StreamInterrupted
from zhipu_async.protocol.agent_stream import agent_reader

HEAD: dict[str, object] = {"id": "r-1", "agent_id": "general_translation", "conversation_id": "c-1"}


def delta(content: object, **more: object) -> dict[str, object]:
    choice = {"index": 0, "delta": {"role": "assistant", "content": content}, **more}
    return {**HEAD, "choices": [choice]}


def slide(index: int, phase: str, *contents: dict[str, object], role: str = "assistant") -> dict[str, object]:
    message = {"role": role, "phase": phase, "content": contents}
    return {"id": "r-2", "agent_id": "slides_glm_agent", "choices": [{"index": index, "messages": [message]}]}


USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
TRANSLATION = [
    delta({"type": "text", "text": "Good "}),
    {**delta([{"type": "text", "text": "morning"}], finish_reason="stop"), "usage": USAGE},
]


@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_deltas_add_up_to_the_reply(size: int) -> None:
    reader = agent_reader()
    found, fault = feed_parts(reader, pieces(b"".join(map(event, TRANSLATION)) + DONE, size))
    assert fault is None
    assert [reader.gathering.text_of(each) for each in found] == ["Good ", "morning"]
    reply = reader.gathering.reply()
    assert (reply.id, reply.agent_id, reply.conversation_id) == ("r-1", "general_translation", "c-1")
    assert (reply.text, reply.finish_reason, reply.usage.total_tokens) == ("Good morning", "stop", 11)
    assert len(reply.parts) == 1
    assert reader.usage == reply.usage


def test_the_end_is_the_finish_reason_or_done() -> None:
    assert feed(agent_reader(), *TRANSLATION)[1] is None
    assert isinstance(feed(agent_reader(), TRANSLATION[0])[1], StreamInterrupted)


def test_strings_and_links_stay_what_they_are() -> None:
    reader = agent_reader()
    link = {"type": "image_url", "image_url": "https://example.com/a.png"}
    feed(reader, delta("a"), delta("b"), delta([link, {"type": "text", "text": "c"}]), delta(None), DONE)
    reply = reader.gathering.reply()
    assert [part.type for part in reply.parts] == ["text", "image_url", "text"]
    assert (reply.text, reply.links) == ("abc", ["https://example.com/a.png"])


def test_slides_tell_thoughts_and_steps_beside_the_answer() -> None:
    reader = agent_reader()
    step = {"tool_name": "insert_page", "input": "p1", "output": "<h1>1</h1>", "position": [1], "title": "t"}
    found, fault = feed(
        reader,
        slide(0, "thinking", {"type": "text", "text": "hm"}),
        slide(1, "tool", {"type": "object", "object": step}, role="tool"),
        slide(2, "answer", {"type": "text", "text": "do"}),
        slide(3, "answer", {"type": "text", "text": "ne"}),
        {**HEAD, "choices": [{"index": 4, "finish_reason": "stop"}], "usage": USAGE},
    )
    assert fault is None
    assert [each.text for each in found] == ["", "", "do", "ne", ""]
    reply = reader.gathering.reply()
    assert [(each.role, each.phase) for each in reply.messages] == [
        ("assistant", "thinking"),
        ("tool", "tool"),
        ("assistant", "answer"),
    ]
    assert reply.text == "done"
    taken = reply.parts[1].step
    assert (taken.tool_name, taken.input, taken.output, taken.position) == (
        "insert_page",
        "p1",
        "<h1>1</h1>",
        [1.0],
    )


def test_an_error_inside_a_chunk_ends_the_stream_and_keeps_what_had_come() -> None:
    reader = agent_reader()
    refused = {"agent_id": "x", "error": {"code": "1301", "message": "unsafe"}}
    found, fault = feed(reader, TRANSLATION[0], refused, TRANSLATION[1])
    assert isinstance(fault, StreamFailed)
    assert fault.code == "1301"
    assert len(found) == 1
    partial = reader.partial("id-1")
    assert partial is not None
    assert (partial.text, partial.request_id) == ("Good ", "id-1")


def test_nothing_said_is_nothing_partial() -> None:
    reader = agent_reader()
    feed(reader)
    assert reader.partial("id-1") is None
    assert reader.gathering.reply().choices == []
