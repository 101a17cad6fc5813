"""The one encoder: what goes out is what was meant."""

from __future__ import annotations

import json

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.flows.request import encode


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


@pytest.mark.parametrize("fields", [{"prompt": b"a cat"}, {"input": ["a", b"b"]}, {"input": bytearray(b"x")}])
def test_bytes_in_the_place_of_text_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidType, match="is bytes"):
        encode(fields)
