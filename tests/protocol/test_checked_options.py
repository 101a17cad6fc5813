"""Options that cannot work are refused before anything is sent."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType, UsageError
from zhipu_async.protocol.checked_options import check_names, check_options
from zhipu_async.protocol.options import CallOptions

HALF = "\ud83d"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("retries", 3, InvalidType),
        ("max_retries", -1, InvalidArgument),
        ("max_retries", True, InvalidType),
        ("max_retries", "3", InvalidType),
        ("overload_patience", -1, InvalidArgument),
        ("overload_patience", float("nan"), InvalidArgument),
        ("overload_patience", "long", InvalidType),
        ("overload_patience", True, InvalidType),
        ("extra_headers", None, InvalidType),
        ("extra_headers", [("X", "1")], InvalidType),
        ("extra_headers", {"X": 1}, InvalidType),
        ("extra_headers", {1: "X"}, InvalidType),
        ("extra_headers", {"": "1"}, InvalidArgument),
        ("extra_headers", {"X\r\nY": "1"}, InvalidArgument),
        ("extra_headers", {"X": "a\nb"}, InvalidArgument),
        ("extra_headers", {"X": "a\0b"}, InvalidArgument),
        ("extra_headers", {"X": HALF}, InvalidArgument),
        ("extra_headers", {"Content-Length": "2"}, InvalidArgument),
        ("extra_headers", {"transfer-encoding": "chunked"}, InvalidArgument),
        ("extra_query", {"a": None}, InvalidType),
        ("extra_query", {"a": True}, InvalidType),
        ("extra_query", {"a": HALF}, InvalidArgument),
        ("extra_body", None, InvalidType),
        ("extra_body", [1], InvalidType),
        ("extra_body", {"a": b"bytes"}, InvalidType),
        ("extra_body", {"a": [{"b": bytearray(b"bytes")}]}, InvalidType),
        ("extra_body", {"a": float("nan")}, InvalidArgument),
    ],
)
def test_what_cannot_work_is_refused_by_name(name: str, value: object, kind: type[UsageError]) -> None:
    with pytest.raises(kind, match=name):
        check_options({name: value})  # type: ignore[misc]  # pyright: ignore


@pytest.mark.parametrize(
    "options",
    [
        CallOptions(),
        CallOptions(max_retries=0, overload_patience=300),
        CallOptions(extra_headers={"X-Some_Thing": "a\tb 中文"}, extra_query={"a": "中"}),
        CallOptions(extra_body=MappingProxyType({"a": [None, 1, {"b": "中"}]})),
    ],
)
def test_what_can_work_is_let_through(options: CallOptions) -> None:
    check_options(options)


def test_the_value_of_a_header_is_not_shown() -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_options({"extra_headers": {"X-Token": "secret\n"}})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "fields", "hint"),
    [
        ("time_out", (), "Did you mean 'timeout'?"),
        ("sise", ("prompt", "size"), "Did you mean 'size'?"),
        ("colour", ("size",), "extra_body={'colour': ...}"),
    ],
)
def test_a_misspelt_keyword_is_answered_with_what_was_meant(
    name: str, fields: tuple[str, ...], hint: str
) -> None:
    with pytest.raises(InvalidType, match=f"unexpected keyword argument {name!r}") as caught:
        check_names({name: 1}, fields)  # type: ignore[misc]  # pyright: ignore
    assert hint in caught.value.hint
