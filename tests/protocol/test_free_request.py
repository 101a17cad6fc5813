"""What a request of the caller's own is made of."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import numpy
import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.endpoint import Replay
from zhipu_async.protocol.free_request import check_place, check_readable, endpoint_for


class Stranger:
    pass


class Tree(msgspec.Struct):
    name: str
    children: list[Tree] = []


class Holder(msgspec.Struct):
    trees: list[Tree]
    strangers: dict[str, Stranger] = {}


@dataclass
class Data:
    stranger: Stranger


class Typed(TypedDict):
    stranger: Stranger | None


@pytest.mark.parametrize(
    "into",
    [dict[str, object], object, int, list[Tree], Tree, array, numpy.ndarray, dict[str, Any], int | None],
)
def test_what_json_can_be_read_into_passes(into: type[object]) -> None:
    check_readable(into)


@pytest.mark.parametrize("into", [Stranger, list[Stranger], Holder, Data, Typed, Stranger | None])
def test_a_type_that_nobody_can_build_is_named(into: object) -> None:
    with pytest.raises(InvalidType, match=r"JSON cannot be read into Stranger\."):
        check_readable(into)


NOWHERE = list.__class_getitem__("Nowhere")  # as in annotations that name what is not there


@pytest.mark.parametrize(
    ("into", "sentence"),
    [("Tree", "its name"), (None, "None"), (5, "'5'"), (NOWHERE, "Nowhere"), (int | Stranger, "union")],
)
def test_what_is_no_type_is_refused(into: object, sentence: str) -> None:
    with pytest.raises(InvalidType, match=f"^into takes a type.*{sentence}"):
        check_readable(into)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        (None, "/x", InvalidType),
        ("GET", None, InvalidType),
        ("GET", "x", InvalidArgument),
        ("GET", "/x#y", InvalidArgument),
        ("GET", "/x\n", InvalidArgument),
        ("G T", "/x", InvalidArgument),
    ],
)
def test_a_place_that_cannot_be_asked_is_refused(method: object, path: object, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        check_place(method, path)


def test_only_reads_are_safe_to_repeat_unless_one_says_so() -> None:
    def replay(method: str, said: Replay = Replay.ONCE) -> Replay:
        return endpoint_for(method, "/a/{b}", dict, said).replay

    assert (replay("get"), replay("POST"), replay("POST", Replay.SAFE)) == (
        Replay.SAFE,
        Replay.ONCE,
        Replay.SAFE,
    )
    assert endpoint_for("get", "/a/{b}", dict, Replay.ONCE).path == "/a/{{b}}"


def test_a_replay_that_is_a_text_is_refused() -> None:
    with pytest.raises(InvalidType, match=r"replay takes a Replay"):
        endpoint_for("POST", "/x", dict, "safe")  # type: ignore[arg-type]  # pyright: ignore
