"""What every reply has: its fields as plain values, and the answer as it came."""

from __future__ import annotations

import re
from functools import reduce

import msgspec
import pytest

from zhipu_async.protocol.decoding import decode
from zhipu_async.types.base import FROM_PYDANTIC, Meta, Part, Reply, attach
from zhipu_async.types.chat import ChatCompletion
from zhipu_async.types.embeddings import EmbeddingList
from zhipu_async.types.layout import ParsedLayout


class Inner(Part):
    name: str = ""
    deeper: Deeper = msgspec.field(default_factory=lambda: Deeper())


class Deeper(Part):
    count: int = 0


class Outer(Reply):
    inner: Inner = msgspec.field(default_factory=Inner)
    items: list[Inner] = []  # noqa: RUF012  Structs copy it
    free: dict[str, object] = {}  # noqa: RUF012


def test_objects_of_which_nothing_is_set_are_left_out() -> None:
    assert Outer().to_dict() == {}
    assert Outer(inner=Inner(deeper=Deeper(count=1))).to_dict() == {"inner": {"deeper": {"count": 1}}}
    assert Outer(items=[Inner(), Inner(name="a")]).to_dict() == {"items": [{}, {"name": "a"}]}
    assert Outer(free={"empty": {}}).to_dict() == {"free": {"empty": {}}}


def test_json_says_the_same() -> None:
    reply = decode(b'{"choices": [{"message": {"role": "assistant", "content": "hi"}}]}', ChatCompletion)
    assert reply.to_dict() == {"choices": [{"message": {"role": "assistant", "content": "hi"}}]}
    assert decode(reply.to_json().encode(), ChatCompletion) == reply


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(rb'{"choices": [{"message": {"content": "a\ud83d"}}]}', id="half a character"),
        pytest.param(b'\xef\xbb\xbf{"choices": [{"message": {"content": "a"}}]}', id="byte order mark"),
        pytest.param('{"choices": [{"message": {"content": "a"}}]}'.encode("utf-16"), id="UTF-16"),
    ],
)
def test_an_odd_body_can_be_looked_at_written_out_and_put_back(body: bytes) -> None:
    reply = decode(body, ChatCompletion)
    attach(reply, Meta(), body)
    assert list(reply.raw) == ["choices"]
    assert reply.text in ("a", "a\N{REPLACEMENT CHARACTER}")
    assert reply.text in reply.to_json()
    msgspec.json.encode(reply.to_param())


def test_the_halves_of_a_character_are_put_together() -> None:
    reply = decode(
        rb'{"choices": [{"message": {"content": "\ud83d\ude00\ud83d"}}], "id": null}', ChatCompletion
    )
    assert reply.text == "\N{GRINNING FACE}\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("name", FROM_PYDANTIC)
def test_what_is_typed_from_habit_is_answered_with_the_name_here(name: str) -> None:
    here = FROM_PYDANTIC[name]
    with pytest.raises(AttributeError, match=re.escape(f"no attribute {name!r}; here that is `.{here}`")):
        getattr(Outer(), name)
    assert reduce(getattr, here.removesuffix("()").split("."), Outer())


def test_a_name_that_nobody_has_is_a_plain_error_and_knows_its_neighbours() -> None:
    with pytest.raises(AttributeError, match=r"'Outer' object has no attribute 'itms'$") as caught:
        getattr(Outer(), "itms")  # noqa: B009  a typo, which a type checker would find
    assert isinstance(caught.value.obj, Outer)


def test_a_reply_is_shown_with_what_it_says_and_nothing_else() -> None:
    assert (
        repr(Outer(items=[Inner(name="a")]))
        == "Outer(inner=Inner(deeper=Deeper()), items=[Inner(name='a', deeper=Deeper())])"
    )


def test_fields_that_nobody_knows_yet_are_reachable_in_long_replies_and_vectors_are_not_kept_twice() -> None:
    long = b'{"md_results": "%b", "new": 1}' % (b"a" * 1_000_000)
    page = decode(long, ParsedLayout)
    attach(page, Meta(), long)
    assert page.raw["new"] == 1
    numbers = b'{"data": [{"embedding": [%b0.5]}], "new": 1}' % (b"0.5, " * 100_000)
    vectors = decode(numbers, EmbeddingList[list[float]])
    attach(vectors, Meta(), numbers)
    assert list(vectors.raw) == ["data"]
