"""Replies whose values are of the wrong kind and still say what they mean."""

from __future__ import annotations

import json

import msgspec
import pytest

from zhipu_async.protocol.decoding import Undecodable, decode
from zhipu_async.protocol.mending import MOST_MENDS, mended
from zhipu_async.types.base import Part, Reply


class Item(Part):
    count: int = 7
    name: str = "unnamed"
    share: float = 0.5


class Sloppy(Reply):
    count: int = 7
    name: str = "unnamed"
    share: float = 0.5
    either: int | str = 7
    numbers: list[int] = msgspec.field(default_factory=list[int])
    items: list[Item] = msgspec.field(default_factory=list[Item])
    counts: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    by_name: dict[str, Item] = msgspec.field(default_factory=dict[str, Item])


def read(**fields: object) -> Sloppy:
    return decode(json.dumps(fields).encode(), Sloppy)


@pytest.mark.parametrize("count", [12.6, "12.6", "13", 13, 13.0, "1.3e1"])
def test_a_count_is_a_whole_number_however_it_is_written(count: object) -> None:
    assert read(count=count).count == 13


@pytest.mark.parametrize("empty", ["", [], {}, None])
def test_an_empty_value_of_the_wrong_kind_is_none(empty: object) -> None:
    assert read(count=empty, share=empty) == Sloppy()
    assert read(items=[{"count": empty, "share": empty}]).items == [Item()]
    assert read(numbers=empty, counts=empty) == Sloppy()


def test_an_empty_value_of_the_right_kind_stays() -> None:
    first, second = read(items=[{"name": "", "count": 1.5}, {"name": 5, "count": ""}]).items
    assert (first.name, first.count) == ("", 2)
    assert (second.name, second.count) == ("5", 7)


@pytest.mark.parametrize(("name", "text"), [(5, "5"), (5.5, "5.5"), (True, "true")])
def test_a_number_may_stand_where_a_text_is_due(name: object, text: str) -> None:
    assert read(name=name).name == text


def test_every_item_is_mended() -> None:
    assert read(numbers=[1, 2.4, "2.6"]).numbers == [1, 2, 3]
    assert read(counts={"a": 1.4, "b": ""}).counts == {"a": 1}
    assert read(by_name={"a": {"count": "1.2"}, "b": {"share": ""}}).by_name == {
        "a": Item(count=1),
        "b": Item(),
    }


def test_a_fraction_is_read_where_numbers_and_texts_are_both_at_home() -> None:
    assert read(either=1.4).either == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"count": "many"},
        {"count": [1]},
        {"count": True},
        {"name": ["a"]},
        {"numbers": [1, ""]},
        {"items": ["a"]},
        {"items": "none"},
        {"items": [{"count": "many"}, {"count": 1.5}]},
    ],
)
def test_what_says_something_else_is_refused_with_its_place(fields: dict[str, object]) -> None:
    with pytest.raises(Undecodable, match=next(iter(fields))):
        read(**fields)


def test_numbers_beyond_counting_are_refused() -> None:
    with pytest.raises(Undecodable):
        decode(b'{"count": Infinity}', Sloppy)


def test_what_is_no_object_at_all_is_refused() -> None:
    with pytest.raises(Undecodable):
        decode(b"[1]", Sloppy)


def test_more_places_than_a_slip_explains_are_refused() -> None:
    names = [f"count{number}" for number in range(MOST_MENDS + 1)]
    counts = msgspec.defstruct("Counts", [(name, int) for name in names])
    with pytest.raises(Undecodable):
        decode(json.dumps(dict.fromkeys(names, 1.5)).encode(), counts)


def test_a_place_that_is_not_there_is_not_mended() -> None:
    for place in ("$.b", "$.a.b"):
        assert mended({"a": 1}, f"Expected `int`, got `float` - at `{place}`") == {"a": 1}
