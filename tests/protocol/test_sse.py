"""The event-stream rules of the standard, case by case, for every split of the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhipu_async.protocol.sse import Dialect, Event, EventParser

Expected = list[tuple[str, str]]

# What the standard's own examples and the test suites of browsers and of other clients agree on.
CASES: dict[str, tuple[bytes, Expected]] = {
    "one line of data": (b"data: hello\n\n", [("", "hello")]),
    "several lines of data are joined": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("", "YHOO\n+2\n10")]),
    "a comment is nothing": (b": test stream\n\ndata: first\n\n", [("", "first")]),
    "a comment between data lines is nothing": (b"data: a\n: note\ndata: b\n\n", [("", "a\nb")]),
    "a colon alone is a comment": (b":\n\ndata: x\n\n", [("", "x")]),
    "a field without a colon has an empty value": (b"data\n\ndata\ndata\n\n", [("", ""), ("", "\n")]),
    "an unfinished event is dropped": (b"data: kept\n\ndata: lost\n", [("", "kept")]),
    "one space after the colon belongs to it": (b"data:test\n\ndata: test\n\n", [("", "test")] * 2),
    "a second space is data": (b"data:  two\n\n", [("", " two")]),
    "a tab is data": (b"data:\ttab\n\n", [("", "\ttab")]),
    "trailing space is data": (b"data: x  \n\n", [("", "x  ")]),
    "an event has a name": (b"event: add\ndata: 73857293\n\n", [("add", "73857293")]),
    "a name without data is no event": (b"event: add\n\ndata: x\n\n", [("", "x")]),
    "the last name counts": (b"event: a\nevent: b\ndata: x\n\n", [("b", "x")]),
    "an empty name is none": (b"event: a\nevent:\ndata: x\n\n", [("", "x")]),
    "a name may follow the data": (b"data: x\nevent: late\n\n", [("late", "x")]),
    "a name does not outlive its event": (b"event: a\ndata: x\n\ndata: y\n\n", [("a", "x"), ("", "y")]),
    "unknown fields are ignored": (b"foo: bar\ndata: x\n:c\nbaz\n\n", [("", "x")]),
    "field names are case-sensitive": (b"Data: no\nDATA: no\ndata: yes\n\n", [("", "yes")]),
    "a space before a field name makes another field": (b" data: no\ndata: yes\n\n", [("", "yes")]),
    "a space before the colon makes another field": (b"data : no\ndata: yes\n\n", [("", "yes")]),
    "a colon in the value is data": (b"data: a:b: c\n\n", [("", "a:b: c")]),
    "a value may be empty": (b"data:\n\n", [("", "")]),
    "CR LF ends a line": (b"data: a\r\ndata: b\r\n\r\n", [("", "a\nb")]),
    "CR ends a line": (b"data: a\rdata: b\r\r", [("", "a\nb")]),
    "the three ends may be mixed": (b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\n", [("", "a\nb\nc"), ("", "d")]),
    "CR LF is one end, not two": (b"data: a\r\ndata: b\r\n\n", [("", "a\nb")]),
    "LF CR is two ends": (b"data: a\n\rdata: b\n\n", [("", "a"), ("", "b")]),
    "blank lines in a row dispatch once": (b"data: a\n\n\n\n\ndata: b\n\n", [("", "a"), ("", "b")]),
    "blank lines before everything are nothing": (b"\n\r\n\rdata: a\n\n", [("", "a")]),
    "a byte order mark is skipped": (b"\xef\xbb\xbfdata: a\n\n", [("", "a")]),
    "a second byte order mark is not": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("", "b")]),
    "a byte order mark later is not": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("", "a")]),
    "a byte order mark in data is data": (b"data: \xef\xbb\xbfa\n\n", [("", "\ufeffa")]),
    "U+2028 ends no line": ("data: a\u2028b\n\n".encode(), [("", "a\u2028b")]),
    "U+2029 and U+0085 end no line": ("data: a\u2029b\u0085c\n\n".encode(), [("", "a\u2029b\u0085c")]),
    "form feed and vertical tab end no line": (b"data: a\x0cb\x0bc\n\n", [("", "a\x0cb\x0bc")]),
    "NUL in data is data": (b"data: a\0b\n\n", [("", "a\0b")]),
    "UTF-8 is read": ("data: 你好 😀\n\n".encode(), [("", "你好 😀")]),
    "what is not UTF-8 is replaced": (b"data: a\xffb\xe4\xbd\n\n", [("", "a\ufffdb\ufffd")]),
    "a name in UTF-8": ("event: événement\ndata: x\n\n".encode(), [("événement", "x")]),
    "retry makes no event": (b"retry: 3000\n\ndata: x\n\n", [("", "x")]),
    "the platform's layout means nothing": (b'data: {"a":1}\ndata: {"b":2}\n\n', [("", '{"a":1}\n{"b":2}')]),
    "JSON without a field name is no data": (b'{"a":1}\n\ndata: x\n\n', [("", "x")]),
    "[DONE] is data like any other": (b"data: [DONE]\n\ndata: more\n\n", [("", "[DONE]"), ("", "more")]),
}  # fmt: skip


def heard(parts: list[bytes], dialect: Dialect = Dialect.STRICT) -> Expected:
    parser = EventParser(dialect)
    events = [event for part in parts for event in parser.feed(part)] + parser.end()
    return [(event.name, event.text) for event in events]


@pytest.mark.parametrize("name", CASES)
def test_the_standard_holds(name: str) -> None:
    wire, expected = CASES[name]
    assert heard([wire]) == expected


@pytest.mark.parametrize("name", CASES)
def test_it_holds_for_every_split_in_two(name: str) -> None:
    wire, expected = CASES[name]
    for cut in range(len(wire) + 1):
        assert heard([wire[:cut], wire[cut:]]) == expected, cut


@pytest.mark.parametrize("name", CASES)
def test_it_holds_byte_by_byte_with_empty_reads_between(name: str) -> None:
    wire, expected = CASES[name]
    assert heard([part for byte in wire for part in (bytes([byte]), b"")]) == expected


LINES = st.sampled_from(
    ["data", "data:", "data: x", "data:你", "event: e", "event", "id: 1", "id:\0", "retry: 5", ":", "x: y", ""]
)  # fmt: skip


@given(
    st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r", "\r\n"]))),
    st.lists(st.integers(1, 7), min_size=1),
    st.sampled_from(Dialect),
)
@settings(max_examples=300)
def test_no_split_of_any_stream_changes_what_is_heard(
    lines: list[tuple[str, str]], sizes: list[int], dialect: Dialect
) -> None:
    wire = "".join(line + end for line, end in lines).encode()
    parts: list[bytes] = []
    while sum(map(len, parts)) < len(wire):
        start = sum(map(len, parts))
        parts.append(wire[start : start + sizes[len(parts) % len(sizes)]])
    assert heard(parts, dialect) == heard([wire], dialect)


def test_the_last_id_stays_and_may_be_cleared() -> None:
    parser = EventParser()
    events = parser.feed(b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: 7\nid: 8\0\ndata: d\n\n")
    assert [event.id for event in events] == ["1", "1", "", "7"]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [(b"retry: 3000\n", 3000), (b"retry: 3s\n", None), (b"retry: -1\n", None), (b"retry:\n", None), (b"retry: 7\n", 7)],
)  # fmt: skip
def test_retry_takes_digits_only(wire: bytes, expected: int | None) -> None:
    parser = EventParser()
    parser.feed(wire)
    assert parser.retry_ms == expected


def test_an_endless_retry_is_bounded() -> None:
    parser = EventParser()
    parser.feed(b"retry: " + b"9" * 100_000 + b"\n")
    assert parser.retry_ms == 10**18 - 1


@pytest.mark.parametrize(
    "wire",
    [b"x" * 101, b"data: " + b"x" * 101, b"data: \n" * 50, b"data: abc\n" * 50, b":" + b"c" * 101],
)
def test_what_never_ends_is_given_up(wire: bytes) -> None:
    parser = EventParser(limit=100)
    for byte in wire:
        parser.feed(bytes([byte]))
    assert parser.too_long
    assert parser.feed(b"\n\ndata: more\n\n") == parser.end() == []


def test_many_events_are_no_long_event() -> None:
    parser = EventParser(limit=100)
    assert len(parser.feed(b"data: abc\n\n" * 1000)) == 1000
    assert not parser.too_long


def test_a_hundred_thousand_events_in_one_read() -> None:
    assert len(EventParser().feed(b"data: x\n\n" * 100_000)) == 100_000


def test_a_mebibyte_in_tiny_reads_is_put_together() -> None:
    parser = EventParser()
    wire = b"data: " + b"x" * 2**20 + b"\n\n"
    events = [event for start in range(0, len(wire), 64) for event in parser.feed(wire[start : start + 64])]
    assert [len(event.data) for event in events] == [2**20]


def test_it_is_idle_only_between_events() -> None:
    parser = EventParser()
    assert parser.idle
    states: list[bool] = []
    for part in (b"da", b"ta: x", b"\n", b"\n", b"event: e\n", b"\n", b"data: x\n\r", b"", b"\n"):
        parser.feed(part)
        states.append(parser.idle)
    assert states == [False, False, False, True, False, True, False, False, True]


def test_between_events_it_gives_back_what_it_has_of_a_data_line() -> None:
    parser = EventParser()
    parser.feed(b"data: x\n\nda")
    assert parser.give_back(100) == b"da"
    assert parser.idle
    assert parser.give_back(100) == b""
    assert parser.feed(b"data: y\n\n") == [Event("", b"y")]


@pytest.mark.parametrize(
    "wire",
    [
        b"da",
        b"\n: note",
        b"\nevent: e\nda",
        b"\ndata: x\nda",
        b"data: x\n\ndata: longer than wanted",
        b"data: x\r\r",
    ],
)
def test_what_must_stay_together_is_not_given_back(wire: bytes) -> None:
    parser = EventParser()
    before = parser.feed(wire)
    assert parser.give_back(10) is None
    assert before + parser.feed(b"ta\n\n") == EventParser().feed(wire + b"ta\n\n")


# ── the platform's dialect ─────────────────────────────────────────────────────────────────────────

A, B = '{"a":1}', '{"b":2}'
LAYOUTS: dict[str, tuple[str, list[str]]] = {
    "frames without blank lines": (f"data: {A}\ndata: {B}\ndata: [DONE]\n", [A, B, "[DONE]"]),
    "bare JSON lines": (f"{A}\n{B}\n", [A, B]),
    "bare JSON lines with blank lines": (f"{A}\n\n\n{B}\n\n", [A, B]),
    "both kinds": (f"{A}\ndata: {B}\n{A}\n\n", [A, B, A]),
    "a last frame that nothing closes": (f"data: {A}\n\ndata: {B}", [A, B]),
    "a last bare line that nothing closes": (f"{A}\n{B}", [A, B]),
    "[DONE] that nothing closes": ("data: [DONE]", ["[DONE]"]),
    "[DONE] needs no blank line": ("data: [DONE]\n", ["[DONE]"]),
    "[DONE] without a space": (f"data:{A}\n\ndata:[DONE]\n\n", [A, "[DONE]"]),
    "JSON over several data lines": ('data: {"a":\ndata: 1}\n\n', ['{"a":\n1}']),
    "JSON over several bare lines": ('{\n  "a": 1\n}\n', ['{\n  "a": 1\n}']),
    "bare lines end where data begins": ('{\n "a": 1\n}\ndata: {"b":2}\n\n', ['{\n "a": 1\n}', B]),
    "a half frame at the end is dropped": (f'data: {A}\n\ndata: {{"b":', [A]),
    "half a [DONE] at the end is dropped": (f"data: {A}\n\ndata: [DON", [A]),
    "other data follows the standard": ("data: x\ndata: y\n\n", ["x\ny"]),
    "comments and other fields are ignored": (f": hi\n\nretry: 1\nid: 4\ndata: {A}\n\n", [A]),
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_platforms_layouts_are_read_for_every_split(name: str, end: str) -> None:
    layout, expected = LAYOUTS[name]
    wire = layout.replace("\n", end).encode()
    for cut in range(len(wire) + 1):
        events = heard([wire[:cut], wire[cut:]], Dialect.BIGMODEL)
        assert [data for _, data in events] == expected, cut


def test_a_frame_is_given_as_soon_as_the_next_one_begins() -> None:
    parser = EventParser(Dialect.BIGMODEL)
    assert parser.feed(b'data: {"a":1}\n') == []
    assert parser.feed(b"data: {") == []
    assert parser.feed(b'"b":2}\n') == [Event("", b'{"a":1}')]
    assert parser.feed(b"data: [DONE]\n") == [Event("", b'{"b":2}'), Event("", b"[DONE]")]
    assert parser.idle


def test_a_bare_line_is_given_at_once() -> None:
    parser = EventParser(Dialect.BIGMODEL)
    assert parser.feed(b'{"a":1}\n') == [Event("", b'{"a":1}')]


def test_nothing_is_given_behind_what_never_ends() -> None:
    parser = EventParser(Dialect.BIGMODEL, limit=10)
    assert parser.feed(b'{"a":' + b" " * 20) == []
    assert parser.end() == []
