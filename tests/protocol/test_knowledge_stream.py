"""The knowledge agent's events: text by kind, steps with tools, a last event with everything."""

from __future__ import annotations

import pytest

from tests.protocol.frames import event, pieces
from tests.protocol.gathered import feed, feed_parts
from zhipu_async.errors import StreamFailed, StreamInterrupted
from zhipu_async.protocol.knowledge_stream import knowledge_reader


def told(kind: str, content: object, **more: object) -> dict[str, object]:
    return {"type": kind, "sessionId": "s-1", "data": content, **more}


CALL = {"callId": "c-1", "toolName": "search", "arguments": {"query": "leave"}}
RESULT = {"callId": "c-1", "toolName": "search", "result": ["a", 1], "status": "success", "durationMs": 42}
USAGE = {"prompt_tokens": 90, "completion_tokens": 3, "total_tokens": 93, "total_calls": 1}
EVENTS = [
    told("session_created", "s-1"),
    told("reasoning", "Let me "),
    told("reasoning", "see."),
    told("thought", "Searching."),
    told("tool_call", CALL),
    told("tool_result", RESULT),
    told("answer", "Ten "),
    told("answer", "days."),
    told("done", "Ten days.", messageId="m-1", usage=USAGE),
]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_add_up_to_the_answer(size: int) -> None:
    reader = knowledge_reader()
    found, fault = feed_parts(reader, pieces(b"".join(map(event, EVENTS)), size))
    assert fault is None
    assert "".join(reader.gathering.text_of(each) for each in found) == "Ten days."
    answer = reader.gathering.reply()
    assert (answer.text, answer.reasoning, answer.thoughts) == ("Ten days.", "Let me see.", "Searching.")
    assert (answer.session_id, answer.message_id) == ("s-1", "m-1")
    assert [(step.call_id, step.tool_name) for step in answer.steps] == [("c-1", "search")] * 2
    assert answer.steps[0].arguments == {"query": "leave"}
    assert (answer.steps[1].result, answer.steps[1].duration_ms) == (["a", 1], 42)
    assert (answer.usage.total_tokens, answer.usage.total_calls) == (93, 1)
    assert reader.usage is not None


def test_an_event_holds_text_or_a_step() -> None:
    found, _ = feed(knowledge_reader(), EVENTS[1], EVENTS[4])
    assert (found[0].text, found[0].step) == ("Let me ", None)
    assert found[1].text == ""
    assert found[1].step is not None


def test_the_last_event_may_hold_no_text_and_new_kinds_pass() -> None:
    reader = knowledge_reader()
    found, fault = feed(reader, told("answer", "Ten"), told("new", "x"), told("done", ""))
    assert fault is None
    assert len(found) == 3
    assert reader.gathering.reply().text == "Ten"


def test_a_stream_without_its_last_event_was_cut_off() -> None:
    reader = knowledge_reader()
    _, fault = feed(reader, told("answer", "Ten"))
    assert isinstance(fault, StreamInterrupted)
    partial = reader.partial("")
    assert partial is not None
    assert partial.text == "Ten"


@pytest.mark.parametrize(
    "failure", [told("error", {"message": "lost"}), {"code": 500, "message": "lost", "timestamp": 1}]
)
def test_an_error_event_is_the_failure(failure: object) -> None:
    _, fault = feed(knowledge_reader(), told("answer", "Ten"), failure)
    assert isinstance(fault, StreamFailed)
    assert "lost" in str(fault)
