"""Streams of the other endpoints: their ends, their errors, and their events as Structs."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.protocol.frames import DONE, event, pieces
from zhipu_async.errors import StreamDamaged, StreamError, StreamFailed, StreamInterrupted
from zhipu_async.protocol.endpoint import Envelope, StreamEnd
from zhipu_async.protocol.event_reader import EventReader
from zhipu_async.types.base import Reply


class Happening(Reply):
    """An event as one endpoint or another has it."""

    event: str = ""
    type: str = ""
    delta: str = ""
    count: int = 0


class Plain(msgspec.Struct):
    """Another, which keeps nothing beside its fields."""

    type: str = ""


def heard(
    wire: bytes, ends: StreamEnd = StreamEnd.DONE, *, last: tuple[str, ...] = (), size: int = 10_000
) -> tuple[list[Happening], StreamError | None]:
    reader = EventReader(Happening, ends, last=last)
    found: list[Happening] = []
    for part in pieces(wire, size):
        if not reader.over:
            found += reader.feed(part)
    if not reader.over:
        found += reader.end()
    assert reader.partial("") is None
    return found, reader.verdict()


HI = {"type": "transcript.text.delta", "delta": "Hi"}


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_come_as_structs_with_what_the_platform_sent(size: int) -> None:
    found, fault = heard(event({**HI, "surprise": [1]}) + b": ping\n\ndata:\n\n" + DONE, size=size)
    assert fault is None
    assert found == [Happening(type="transcript.text.delta", delta="Hi")]
    assert found[0].raw == {**HI, "surprise": [1]}


def test_the_name_of_an_event_is_a_member_where_none_is() -> None:
    found, _ = heard(b"event: message\n" + event({"delta": "a"}) + b"event: x\n" + event({"event": "own"}))
    assert [each.event for each in found] == ["message", "own"]


END = event({"type": "done", "delta": "."})


@pytest.mark.parametrize(
    ("wire", "ends", "whole"),
    [
        (event(HI) + DONE, StreamEnd.DONE, True),
        (event(HI), StreamEnd.DONE, False),
        (event({**HI, "choices": [{"finish_reason": "stop"}]}), StreamEnd.DONE, True),
        (event({**HI, "choices": [{"finish_reason": None}, 1]}), StreamEnd.DONE, False),
        (event(HI) + END, StreamEnd.EVENT, True),
        (event(HI) + b"event: done\n" + event({}), StreamEnd.EVENT, True),
        (event(HI) + event({"event": "done"}), StreamEnd.EVENT, True),
        (event(HI) + DONE, StreamEnd.EVENT, True),
        (event({**HI, "choices": [{"finish_reason": "stop"}]}), StreamEnd.EVENT, False),
        (event(HI), StreamEnd.EVENT, False),
        (event(HI), StreamEnd.EOF, True),
        (event(HI) + END, StreamEnd.EOF, True),
    ],
)
def test_every_endpoint_ends_in_its_way(wire: bytes, ends: StreamEnd, whole: bool) -> None:
    found, fault = heard(wire, ends, last=("done",))
    assert found[0].delta == "Hi"
    assert (fault is None) is whole
    assert fault is None or isinstance(fault, StreamInterrupted)


def test_nothing_is_read_behind_the_end() -> None:
    reader = EventReader(Happening, StreamEnd.EVENT, last=("done",))
    assert len(reader.feed(event(HI) + END + event(HI) + b"data: rubbish\n\n")) == 2
    assert reader.over
    assert reader.verdict() is None


def test_usage_is_kept_where_it_counts_tokens() -> None:
    reader = EventReader(Happening)
    reader.feed(
        event({"usage": {"total_tokens": 7, "total_calls": 1}}) + event({"usage": [{"inputTokenCount": 1}]})
    )
    reader.feed(event({"usage": {"total_tokens": "many"}}) + event({"usage": {"max": 1}}) + DONE)
    assert reader.usage is not None
    assert reader.usage.total_tokens == 7


@pytest.mark.parametrize(
    ("wire", "code", "message"),
    [
        (event({"error": {"code": "1301", "message": "no"}, "agent_id": "a"}), "1301", "no"),
        (event({"type": "error", "sessionId": "s", "data": {"message": "lost"}}), "", "lost"),
        (event({"type": "error"}), "", "reported an error"),
        (b"event: error\n" + event({"code": 500, "msg": "m"}), "500", "m"),
        (event({"code": 1006, "message": "model failed"}), "1006", "model failed"),
        (event({"status": "failed", "last_error": {"code": "1", "message": "m"}}), "1", "m"),
        (event({"choices": [{"finish_reason": "network_error"}]}), "network_error", "reported an error"),
        (event({"choices": [{"finish_reason": "error", "error_msg": {"code": 9, "msg": "m"}}]}), "9", "m"),
        (json.dumps({"error": {"code": "1113", "message": "arrears"}}, indent=1).encode(), "1113", "arrears"),
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_errors_are_told_in_many_ways(wire: bytes, code: str, message: str, size: int) -> None:
    found, fault = heard(event(HI) + wire, size=size)
    assert isinstance(fault, StreamFailed)
    assert fault.code == code
    assert message in str(fault)
    assert len(found) == 1


@pytest.mark.parametrize(
    "wire", [b"data: ping\n\n", b"data: 3\n\n", event({"count": "many"}), b"x" * 2**24 + b"x"]
)
def test_what_cannot_be_read_is_damage(wire: bytes) -> None:
    found, fault = heard(event(HI) + wire, size=2**22)
    assert isinstance(fault, StreamDamaged)
    assert len(found) == 1


@pytest.mark.parametrize("odd", [[], {}, [1], {"a": 1}])
def test_a_reason_or_a_name_that_is_no_text_breaks_nothing(odd: object) -> None:
    reader = EventReader(Reply, StreamEnd.EOF, last=("done",))
    wire = event({"choices": [{"finish_reason": odd}]}) + event({"type": odd, "event": odd})
    assert len(reader.feed(wire) + reader.end()) == 2
    assert reader.verdict() is None


def test_half_an_event_at_the_end_was_cut_off() -> None:
    wire = event({**HI, "choices": [{"index": 0}]}).rstrip()
    for length in range(10, len(wire)):
        _, fault = heard(event(HI) + wire[:length], StreamEnd.EVENT)
        assert isinstance(fault, StreamInterrupted), length


def test_an_envelope_may_stand_around_events_too() -> None:
    reader = EventReader(Plain, StreamEnd.EOF, envelope=Envelope.FINAGENT)
    assert reader.feed(event({"type": "node", "code": 0})) == [Plain(type="node")]
    assert reader.verdict() is None
