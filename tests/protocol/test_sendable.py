"""What JSON cannot carry is refused with its place."""

from __future__ import annotations

from collections import UserDict
from datetime import date

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.sendable import refuse_unsendable

HALF = "\ud83d"  # of a surrogate pair


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        2**80,
        1.5,
        "",
        "abc",
        "你好 🙂",
        [1, [2]],
        (1, 2),
        {"a": {"b": [None]}},
        {1: 2},
        date(2026, 1, 1),
    ],
)
def test_what_json_carries_passes(value: object) -> None:
    refuse_unsendable({"field": value})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_does_not_have_are_refused(number: float) -> None:
    with pytest.raises(InvalidArgument, match=r"^a\.b\[1\] is (nan|inf|-inf): JSON has no such number$"):
        refuse_unsendable({"a": {"b": [1, number]}})


def test_half_of_a_surrogate_pair_is_refused_as_value_and_as_key() -> None:
    with pytest.raises(InvalidArgument, match=r"^messages\[0\]\.content holds half of a surrogate pair"):
        refuse_unsendable({"messages": [{"content": f"ab{HALF}"}]})
    with pytest.raises(InvalidArgument, match=r"^extra has a key that holds half"):
        refuse_unsendable({"extra": {HALF: 1}})


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), memoryview(b"x")])
def test_bytes_are_refused(value: object) -> None:
    with pytest.raises(InvalidType, match=r"^x is bytes; decode it"):
        refuse_unsendable({"x": value})


@pytest.mark.parametrize("value", [object(), UserDict({"a": 1}), test_bytes_are_refused])
def test_other_objects_are_refused_by_their_type(value: object) -> None:
    with pytest.raises(InvalidType, match=rf"^x is of type {type(value).__name__}, which JSON cannot carry$"):
        refuse_unsendable({"x": value})


def test_keys_are_texts_or_numbers() -> None:
    with pytest.raises(InvalidType, match=r"^the request has a key of type tuple"):
        refuse_unsendable({(1, 2): 3})


def test_what_holds_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(InvalidArgument, match="or holds itself"):
        refuse_unsendable(circle)


def test_a_bare_value_is_called_the_request() -> None:
    with pytest.raises(InvalidArgument, match=r"^the request is nan"):
        refuse_unsendable(float("nan"))
