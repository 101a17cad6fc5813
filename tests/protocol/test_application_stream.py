"""Answers of applications, whole and in events: texts, materials, steps, and failures inside."""

from __future__ import annotations

import json

import pytest

from tests.protocol.frames import pieces
from tests.protocol.gathered import feed, feed_parts
from zhipu_async.errors import StreamFailed, StreamInterrupted
from zhipu_async.protocol.application_stream import application_reader
from zhipu_async.protocol.endpoint import Envelope
from zhipu_async.protocol.replies import Fault, read_reply
from zhipu_async.types.applications import ApplicationReply

HEAD: dict[str, object] = {"request_id": "r1", "conversation_id": "31", "app_id": "1"}
USAGE = [
    {"model": "glm-4", "nodeName": "n1", "inputTokenCount": 3, "outputTokenCount": 1, "totalTokenCount": 4},
    {"model": "glm-4", "nodeName": "n2", "inputTokenCount": 1, "outputTokenCount": 1, "totalTokenCount": 2},
]


def told(**delta: object) -> dict[str, object]:
    return {**HEAD, "choices": [{"index": 0, "delta": delta}]}


def text(words: str) -> dict[str, object]:
    return told(content={"type": "text", "msg": words})


def step(kind: str, notes: object) -> dict[str, object]:
    calls = {"type": kind, "tool_calls_data": notes}
    return told(event={"node_id": "n1", "node_name": "N", "type": "tool_finish", "tool_calls": calls})


LAST = {**HEAD, "choices": [{"index": 0, "finish_reason": "stop"}]}
EVENTS = [
    step("function", {"action_key": "f", "params": "{}", "output": "{}"}),
    step("retrieval", {"slice_info": "[]"}),
    step(
        "web_search",
        [{"input": "cats"}, {"refer": "1", "title": "t", "link": "l", "media": "m", "icon": "i"}],
    ),
    text("Hel"),
    told(content={"type": "image", "msg": {"url": "https://example.com/a.png"}}),
    told(
        content={"type": "video", "url": "https://example.com/a.mp4", "coverUrl": "https://example.com/c.png"}
    ),
    told(content={"type": "all_tools", "msg": {"code": "1+1", "file": "https://example.com/f", "text": "2"}}),
    text("lo"),
    {**LAST, "usage": USAGE},
]


@pytest.mark.parametrize("size", [1, 11, 10_000])
def test_events_add_up_to_the_reply(size: int) -> None:
    reader = application_reader()
    wire = "".join(f"data:{json.dumps(each)}\n\n" for each in EVENTS) + "data:[DONE]\n\n"
    found, fault = feed_parts(reader, pieces(wire.encode(), size))
    assert fault is None
    assert [reader.gathering.text_of(each) for each in found if each.text] == ["Hel", "lo"]
    reply = reader.gathering.reply()
    assert (reply.text, reply.finish_reason) == ("Hello", "stop")
    assert (reply.request_id, reply.conversation_id, reply.app_id) == ("r1", "31", "1")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (4, 2, 6)
    assert reply.links == [
        "https://example.com/a.png",
        "https://example.com/a.mp4",
        "https://example.com/f",
    ]
    clip, tools = (each.material for each in reply.choices[0].messages.materials[1:])
    assert clip.cover_url == "https://example.com/c.png"
    assert (tools.code, tools.text) == ("1+1", "2")
    notes = [each.tool_calls.tool_calls_data for each in reply.events]
    assert [len(each) for each in notes] == [1, 1, 2]
    assert notes[2][1].link == "l"


def test_a_stream_ends_with_a_finish_reason_or_done() -> None:
    assert feed(application_reader(), text("a"), LAST)[1] is None
    assert isinstance(feed(application_reader(), text("a"))[1], StreamInterrupted)


@pytest.mark.parametrize("name", ["msg", "message"])
def test_a_failed_choice_is_a_failure(name: str) -> None:
    failed = {"index": 0, "finish_reason": "error", "error_msg": {"code": 1200, name: "node broke"}}
    _, fault = feed(application_reader(), text("a"), {**HEAD, "choices": [failed]})
    assert isinstance(fault, StreamFailed)
    assert (fault.code, fault.message) == ("1200", "node broke")
    whole = read_reply(json.dumps({**HEAD, "choices": [failed]}).encode(), ApplicationReply, Envelope.BARE)
    assert whole == Fault("1200", "node broke")


@pytest.mark.parametrize("choice", [7, {"error_msg": None}, {"error_msg": {"code": 0, "msg": "fine"}}])
def test_a_choice_without_an_error_is_none(choice: object) -> None:
    body = json.dumps({**HEAD, "choices": [choice], "code": 200}).encode()
    assert not isinstance(read_reply(body, dict[str, object], Envelope.BARE), Fault)


def test_a_refusal_with_null_in_place_of_its_content_is_one() -> None:
    body = b'{"data": null, "code": 10013, "message": "no such application", "timestamp": 1}'
    assert read_reply(body, ApplicationReply, Envelope.BARE) == Fault("10013", "no such application")


@pytest.mark.parametrize("at_the_top", [True, False])
@pytest.mark.parametrize("name", ["request_id", "req_id"])
def test_a_whole_answer_has_its_usage_and_id_in_two_places(at_the_top: bool, name: str) -> None:
    said = {"content": {"type": "text", "msg": "Hello"}, "event": [{"node_id": "n1"}]}
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "messages": said,
        **({} if at_the_top else {"usage": USAGE}),
    }
    body = {name: "r1", "choices": [choice], **({"usage": USAGE} if at_the_top else {})}
    reply = read_reply(json.dumps(body).encode(), ApplicationReply, Envelope.BARE)
    assert isinstance(reply, ApplicationReply)
    assert (reply.text, reply.request_id, reply.usage.total_tokens) == ("Hello", "r1", 6)
    assert (reply.node_usage[1].node_name, reply.events[0].node_id) == ("n2", "n1")
