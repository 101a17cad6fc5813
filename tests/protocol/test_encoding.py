"""The one encoder: what goes out is what was meant."""

from __future__ import annotations

import json

import msgspec
import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.chat_request import prepare
from zhipu_async.protocol.sendable import encode


@pytest.mark.parametrize(
    "fields",
    [
        {"content": None, "stop": [None, None]},
        {"content": 'say {"a":null}, [null] and ,null'},
        {"content": "你好 🙂 \u2028", "big": 2**70, "nested": {"list": [1, {"a": [2]}]}},
    ],
)
def test_what_json_carries_arrives(fields: dict[str, object]) -> None:
    assert json.loads(encode(fields)) == fields


@pytest.mark.parametrize(
    "fields",
    [{"x": float("nan")}, {"x": [1, float("inf")]}, {"x": [float("nan")]}, {"x": {"y": float("-inf")}}],
)
def test_numbers_that_would_go_out_as_null_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument, match="JSON has no such number"):
        encode(fields)


def test_half_a_surrogate_pair_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidArgument, match=r"^messages\[0\]\.content holds half of a surrogate pair"):
        encode({"messages": [{"role": "user", "content": "\ud83d"}]})


def test_what_json_does_not_know_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidType, match=r"^meta\.user_info is of type object"):
        encode({"meta": {"user_info": object()}})


LONG = [{"role": "user", "content": "long " * 2000}]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"tools": [{"function": {"description": b"x"}}]}, r"tools\[0\]\.function\.description"),
        ({"thinking": {"type": bytearray(b"x")}}, r"thinking\.type"),
        ({"meta": {"user": {"name": memoryview(b"x")}}}, r"meta\.user\.name"),
        ({"stop": ("a", b"b")}, r"stop\[1\]"),
        ({"messages": [{"role": "user", "content": "x", "name": b"x"}]}, r"messages\[0\]\.name"),
    ],
)
@pytest.mark.parametrize("length", ["short", "long"])
def test_bytes_are_found_at_any_depth(fields: dict[str, object], place: str, length: str) -> None:
    with pytest.raises(InvalidType, match=f"^{place} is bytes"):
        encode({"messages": LONG if length == "long" else "", **fields})


@pytest.mark.parametrize(
    "fields", [{"meta": {"x": [0.5, float("nan")]}}, {"messages": [{"role": "user", "n": float("inf")}]}]
)
def test_numbers_that_json_does_not_have_are_found_in_long_bodies(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument, match="JSON has no such number"):
        encode({"messages": LONG, **fields})


def test_an_error_about_a_text_does_not_hold_the_text() -> None:
    with pytest.raises(InvalidArgument) as caught:
        encode({"prompt": "half \ud83d"})
    assert caught.value.__context__ is None


class Named(msgspec.Struct):
    name: object
    size: float = 1.0


@pytest.mark.parametrize(
    ("value", "place"), [(Named(b"x"), "x.name"), (Named("x", float("nan")), "x.size"), ({"a", b"b"}, r"x\[")]
)
def test_what_stands_in_structs_and_sets_is_found_too(value: object, place: str) -> None:
    with pytest.raises((InvalidType, InvalidArgument), match=f"^{place}"):
        encode({"x": value})


def test_structs_sets_and_keys_of_numbers_may_be_sent() -> None:
    fields = {"x": Named("a"), "y": {"b"}, "z": {1: 2, 1.5: 3}}
    assert json.loads(encode(fields)) == {
        "x": {"name": "a", "size": 1.0},
        "y": ["b"],
        "z": {"1": 2, "1.5": 3},
    }


def test_what_has_no_place_to_name_is_refused_too() -> None:
    with pytest.raises(InvalidArgument, match="cannot be written as JSON: TypeError"):
        encode({"x": {True: 1}})


@pytest.mark.parametrize("half", ["\ud83d", float("nan"), "a fine text"])
def test_keys_of_bytes_are_refused(half: object) -> None:
    with pytest.raises(InvalidType, match=r"^x has a key of type bytes"):
        encode({"x": {b"y": half}})
    with pytest.raises(InvalidType, match=r"^tools\[0\]\.function has a key of type bytes"):
        encode({"tools": [{"function": {"name": "a", b"description": half}}]})


@pytest.mark.parametrize("fields", [{"prompt": b"a cat"}, {"input": ["a", b"b"]}, {"input": bytearray(b"x")}])
def test_bytes_in_the_place_of_text_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidType, match="is bytes"):
        encode(fields)


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"role": "user", "content": "x", "name": b"x"}, r"messages\[1\]\.name is bytes"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"arguments": b"{}"}}]},
            r"messages\[1\]\.tool_calls\[0\]\.function\.arguments is bytes",
        ),
        ({"role": "user", "content": [{"type": "text", "text": "x", "n": float("nan")}]}, "JSON has no such"),
    ],
)
def test_an_unusual_message_of_a_conversation_is_looked_into(message: dict[str, object], place: str) -> None:
    prepared = prepare("m", [{"role": "user", "content": "plain"}, message], {})
    with pytest.raises((InvalidType, InvalidArgument), match=place):
        encode(prepared.body)
