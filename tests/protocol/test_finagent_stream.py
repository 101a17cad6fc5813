"""FinAgent's events, of which only the last is documented, and that one without its nesting."""

from __future__ import annotations

import json

import pytest

from tests.protocol.frames import DONE, event, pieces
from tests.protocol.gathered import feed, feed_parts
from zhipu_async.errors import StreamFailed, StreamInterrupted
from zhipu_async.protocol.finagent_stream import FinagentReader

HEAD: dict[str, object] = {"session_id": "s-1", "step_id": "st-9", "created": 1760000000000}
RESULT = {"output": "# Report", "svg": "<svg/>"}
USAGE = {"total_tokens": 30, "prompt_tokens": 10, "completion_tokens": 20, "max_token": "128000"}
NAMED = {**HEAD, "event": "workflow_finished"}
STARTED = {**HEAD, "event": "node_started", "data": {"title": "search"}}


def named(value: object, name: str = "workflow_finished") -> bytes:
    return f"event: {name}\n".encode() + event(value)


@pytest.mark.parametrize(
    "last",
    [
        {**NAMED, "data": {"text": [RESULT], "usage": USAGE}},
        {**NAMED, "data": {"text": RESULT, "usage": USAGE}},
        {**NAMED, "data": {"text": [{**RESULT, "usage": USAGE}]}},
        {**NAMED, "data": {**RESULT, "text": [], "usage": USAGE}},
        {**NAMED, "data": {"text": "# Report", "svg": "<svg/>"}, "usage": USAGE},
        {**NAMED, "data": {"text": ["# Report"], "svg": "<svg/>"}, "usage": USAGE},
        {**NAMED, **RESULT, "usage": USAGE},
        {**NAMED, "text": [RESULT], "usage": USAGE},
        {
            **NAMED,
            "event": "message_finished",
            "data": None,
            **RESULT,
            "usage": {**USAGE, "max_token": 128000},
        },
        named({**HEAD, "data": {"text": [RESULT], "usage": USAGE}}),
        named({**HEAD, "data": {"text": [RESULT], "usage": USAGE}}, "message_finished"),
        named({**NAMED, "data": {"text": [RESULT], "usage": USAGE}}, "message"),
        named({**HEAD, "event": "message", "data": {"text": [RESULT], "usage": USAGE}}),
        {"code": 0, "message": "ok", **HEAD, "data": {"result": "# Report", "svg": "<svg/>", "usage": USAGE}},
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_the_result_is_found_wherever_it_stands(last: object, size: int) -> None:
    reader = FinagentReader()
    wire = event(STARTED) + (last if isinstance(last, bytes) else event(last))
    found, fault = feed_parts(reader, pieces(wire, size))
    assert fault is None
    assert len(found) == 2
    result = reader.gathering.reply()
    assert (result.text, result.svg, result.session_id, result.step_id, result.created) == (
        "# Report",
        "<svg/>",
        "s-1",
        "st-9",
        1760000000000,
    )
    assert (result.usage.total_tokens, result.usage.max_token) == (30, "128000")
    assert reader.usage is not None


def test_the_text_is_the_result_of_the_last_event() -> None:
    reader = FinagentReader()
    piece = {**HEAD, "event": "message", "data": {"text": [{"output": "# Re"}]}}
    found, _ = feed(reader, STARTED, piece, {**NAMED, "data": {"text": [RESULT]}})
    assert [reader.gathering.text_of(each) for each in found] == ["", "", "# Report"]
    assert (found[0].event, found[0].data, found[0].raw) == ("node_started", {"title": "search"}, STARTED)
    assert found[1].output == "# Re"


def test_nothing_is_read_behind_the_last_event() -> None:
    reader = FinagentReader()
    assert reader.feed(event({**NAMED, "data": {"text": [RESULT]}}) + b"data: rubbish\n\n")
    assert reader.over
    assert reader.verdict() is None


@pytest.mark.parametrize("tail", [[DONE], []])
def test_done_or_the_end_of_the_body_will_do_once_there_is_a_result(tail: list[bytes]) -> None:
    assert feed(FinagentReader(), {**HEAD, "event": "message", "data": {"text": [RESULT]}}, *tail)[1] is None


def test_the_end_of_the_body_without_a_result_was_too_early() -> None:
    assert isinstance(feed(FinagentReader(), STARTED)[1], StreamInterrupted)


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        ({"code": 1006, "message": "model failed"}, "1006", "model failed"),
        ({"code": 1006}, "1006", "model"),
        ({"code": 1007, "message": "broke", "data": {}}, "1007", "broke"),
        ({"code": 4711, "data": {}}, "4711", "reported an error"),
        ({"event": "error", "code": 1010, "message": "x"}, "1010", "x"),
        ({"error": {"code": "1302", "message": "slow down"}}, "1302", "slow down"),
    ],
)
def test_errors_inside_the_stream_have_codes_of_their_own(
    failure: dict[str, object], code: str, said: str
) -> None:
    reader = FinagentReader()
    _, fault = feed(reader, STARTED, {**HEAD, "event": "message", "data": {"text": [RESULT]}}, failure)
    assert isinstance(fault, StreamFailed)
    assert fault.code == code
    assert said in fault.message
    partial = reader.partial("")
    assert partial is not None
    assert partial.text == "# Report"


def test_a_code_beside_an_event_is_no_failure() -> None:
    found, fault = feed(FinagentReader(), json.dumps({**NAMED, "code": 7, **RESULT}).encode())
    assert fault is None
    assert found[0].output == "# Report"
