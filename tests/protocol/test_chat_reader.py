"""Chat streams as bytes: every split, every truncation, every layout, and what is broken in them."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.protocol.frames import DONE, event, frame, pieces, read, said, stream, text
from zhipu_async.errors import StreamDamaged, StreamError, StreamFailed, StreamInterrupted
from zhipu_async.protocol.chat_reader import ChatReader
from zhipu_async.protocol.decoding import decode
from zhipu_async.types.chat import ChatCompletion

USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
FRAMES = (
    frame({"role": "assistant", "reasoning_content": "想一想"}),
    text("你好"),
    text(" 😀\u2028\n\n data: [DONE] \\"),
    text("", finish_reason="stop", usage=USAGE),
)
TEXT = "你好 😀\u2028\n\n data: [DONE] \\"
WHOLE = stream(*FRAMES)


def check(reader: ChatReader, want: str = TEXT) -> ChatCompletion:
    assert reader.verdict() is None
    completion = reader.answer.completion()
    assert completion.text == want
    return completion


LAYOUTS = {
    "as documented": WHOLE,
    "escaped": b"".join(event(each, ascii_only=True) for each in FRAMES) + DONE,
    "no space": b"".join(event(each, before="data:") for each in FRAMES) + b"data:[DONE]\n\n",
    "CR LF": b"".join(event(each, after="\r\n\r\n") for each in FRAMES) + b"data: [DONE]\r\n\r\n",
    "CR": b"".join(event(each, after="\r\r") for each in FRAMES) + b"data: [DONE]\r\r",
    "no blank lines": b"".join(event(each, after="\n") for each in FRAMES) + b"data: [DONE]\n",
    "bare JSON lines": b"".join(event(each, before="", after="\n") for each in FRAMES),
    "nothing closes the last frame": b"".join(map(event, FRAMES)).rstrip(),
    "[DONE] unclosed": WHOLE.rstrip(),
    "a byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "comments, retry, ids and names": b": hi\n\nretry: 5\n\n"
    + b"".join(b"id: 4\nevent: message\n" + event(each) + b": ping\n\n" for each in FRAMES)
    + DONE,
    "empty data": b"data:\n\ndata: \n\n" + WHOLE.replace(b"\n\ndata:", b"\n\ndata:\n\ndata:", 2),
    "something after [DONE]": WHOLE + event(text("never")) + b"rubbish",
    "blank lines": b"\n\n" + WHOLE.replace(b"\n\ndata:", b"\n\n\n\ndata:"),
    "JSON over several lines": WHOLE.replace(b'"choices"', b'\ndata: "choices"'),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read_for_every_split(layout: str) -> None:
    wire = LAYOUTS[layout]
    whole = check(read([wire])[0])
    for cut in range(len(wire) + 1):
        assert check(read([wire[:cut], wire[cut:]])[0]) == whole, cut
    for size in (1, 2, 3, 7, 100):
        assert check(read(pieces(wire, size))[0]) == whole, size


def test_the_completion_is_what_a_plain_call_returns() -> None:
    completion = check(read([WHOLE])[0])
    plain = {
        "id": "t1",
        "created": 1788220800,
        "model": "glm-5.3",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": TEXT, "reasoning_content": "想一想"},
            }
        ],
        "usage": USAGE,
    }
    assert completion == decode(json.dumps(plain).encode(), ChatCompletion)


@pytest.mark.parametrize("layout", ["as documented", "no blank lines", "bare JSON lines", "CR LF"])
def test_truncated_at_every_byte_it_is_whole_or_interrupted(layout: str) -> None:
    wire = LAYOUTS[layout]
    seen: set[type[StreamError] | None] = set()
    for length in range(len(wire)):
        reader, chunks = read([wire[:length]])
        verdict = reader.verdict()
        seen.add(None if verdict is None else type(verdict))
        assert verdict is None or type(verdict) is StreamInterrupted, length
        assert TEXT.startswith(said(chunks))
        if verdict is None:
            assert reader.answer.completion().usage.total_tokens == 14
    assert seen == {None, StreamInterrupted}


@given(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=20), st.integers(1, 200))
@settings(max_examples=400)
def test_inserted_bytes_give_a_typed_error_or_an_answer(place: int, noise: bytes, size: int) -> None:
    reader, _ = read(pieces(WHOLE[:place] + noise + WHOLE[place:], size))
    verdict = reader.verdict()
    assert verdict is None or isinstance(verdict, StreamError)
    assert reader.partial("").choices is not None


@given(st.binary(max_size=300), st.integers(1, 50))
@example(b"{}", 1)
def test_noise_is_never_an_answer(noise: bytes, size: int) -> None:
    reader, chunks = read(pieces(noise, size))
    assert isinstance(reader.verdict(), StreamError)
    assert said(chunks) == ""


@given(
    st.lists(
        st.tuples(st.text(max_size=20), st.sampled_from(["\n\n", "\r\n\r\n", "\r\r", "\n", "\n: c\n\n"])),
        min_size=1,
    ),
    st.lists(st.integers(1, 300), min_size=1),
)
@settings(max_examples=200)
def test_long_streams_of_mixed_layouts_survive_any_split(
    parts: list[tuple[str, str]], sizes: list[int]
) -> None:
    wire = b"".join(event(text(content), after=after) for content, after in parts)
    wire += event(text("", finish_reason="stop")) + DONE
    cuts: list[bytes] = []
    start = 0
    while start < len(wire):
        cuts.append(wire[start : start + sizes[len(cuts) % len(sizes)]])
        start += len(cuts[-1])
    reader, chunks = read(cuts)
    assert said(chunks) == "".join(content for content, _ in parts)
    check(reader, said(chunks))


# ── sizes ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [4096, 64 * 1024, 2**22])
def test_an_event_of_a_mebibyte_arrives_whole(size: int) -> None:
    long = "x" * 2**20
    reader, chunks = read(pieces(stream(text(long), text("", finish_reason="stop")), size))
    assert said(chunks) == long
    check(reader, long)


def test_a_hundred_thousand_events_in_one_read() -> None:
    wire = event(text("a")) * 100_000 + event(text("", finish_reason="stop")) + DONE
    reader, chunks = read([wire])
    assert len(chunks) == 100_001
    check(reader, "a" * 100_000)


def test_a_line_that_never_ends_is_given_up() -> None:
    reader = ChatReader()
    while not reader.over:
        assert reader.feed(b"x" * 2**20) == []
    assert isinstance(reader.verdict(), StreamDamaged)
    assert reader.feed(b"\n\n" + WHOLE) == reader.end() == []


# ── other forms of a chunk ─────────────────────────────────────────────────────────────────────────

FORMS: dict[str, tuple[object, str]] = {
    "text parts": (frame({"content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}, 3]}), "hi"),
    "nulls everywhere": (
        {
            "id": None,
            "created": None,
            "model": None,
            "usage": None,
            "choices": [{"index": 0, "finish_reason": None, "delta": {"role": None, "content": "hi"}}],
        },
        "hi",
    ),
    "a null delta": ({"id": "t1", "choices": [{"index": 0, "delta": None}]}, ""),
    "no delta": ({"id": "t1", "choices": [{"index": 0}]}, ""),
    "no choices": ({"id": "t1", "usage": USAGE}, ""),
    "null choices": ({"id": "t1", "choices": None}, ""),
    "odd choices": ({"id": "t1", "choices": [None, 1]}, ""),
    "a frame of an unknown kind": ({"type": "ping"}, ""),
    "nulls inside the usage": (text("hi", usage={**USAGE, "prompt_tokens_details": None}), "hi"),
    "tokens as floats": (text("hi", usage={**USAGE, "total_tokens": 14.0}), "hi"),
    "a null error": (text("hi", error=None), "hi"),
    "a whole message": ({"id": "t1", "choices": [{"index": 0, "message": {"content": "hi"}}]}, "hi"),
    "unknown fields": (text("hi", object="chat.completion.chunk", surprise={"a": [1]}), "hi"),
    "duplicate keys": ('{"choices": [], "choices": [{"index":0,"delta":{"content":"no","content":"hi"}}]}', "hi"),
    "two values in one event": (json.dumps(text("h")) + json.dumps(text("i")), "hi"),
    "invalid UTF-8": (json.dumps(text("h?i")).encode().replace(b"?", b"\xff"), "h\ufffdi"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_chunk_in_another_form_is_translated(form: str) -> None:
    value, want = FORMS[form]
    raw = value if isinstance(value, (str, bytes)) else json.dumps(value)
    data = raw.encode() if isinstance(raw, str) else raw
    wire = b"data: " + data + b"\n\n" + event(text("", finish_reason="stop")) + DONE
    for size in (1, 10, len(wire)):
        check(read(pieces(wire, size))[0], want)


def test_a_server_that_ignores_the_stream_flag_is_understood() -> None:
    body = {
        "id": "1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "hi"}}],
        "usage": USAGE,
    }
    for indent in (None, 2):
        reader, _ = read(pieces(json.dumps(body, indent=indent).encode(), 7))
        assert check(reader, "hi").usage.total_tokens == 14


def test_arguments_that_came_as_an_object_become_text() -> None:
    calls = [
        {"index": 0, "id": "c", "function": {"name": "f", "arguments": {"城市": "北京"}}},
        {"index": 1},
        5,
    ]
    reader, _ = read([stream(frame({"tool_calls": calls[:2]}, finish_reason="tool_calls"))])
    assert reader.answer.completion().tool_calls[0].parse_arguments() == {"城市": "北京"}


def test_a_character_that_was_cut_in_two_is_put_together() -> None:
    halves = ("\ud83d", "\ude00!", "a\ud83d", "\ude01\ud83d", "\ude02")
    wire = b"".join(event(text(half), ascii_only=True) for half in halves)
    reader, _ = read([wire + event(text("", finish_reason="stop")) + DONE])
    check(reader, "😀!a😁😂")


def test_halves_belong_to_their_field_and_choice() -> None:
    def arguments(piece: str) -> dict[str, object]:
        return frame({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": piece}}]})

    frames = (
        frame({"reasoning_content": "\ud83d"}),
        text("\ud83d", choice=1),
        arguments('"\ud83d'),
        frame({"reasoning_content": "\ude00"}),
        text("\ude01", choice=1, finish_reason="stop"),
        arguments('\ude02"'),
        text("", finish_reason="stop"),
    )
    reader, _ = read([b"".join(event(each, ascii_only=True) for each in frames) + DONE])
    first, second = reader.answer.completion().choices
    assert first.message.reasoning_content == "😀"
    assert second.message.content == "😁"
    assert first.message.tool_calls[0].arguments == '"😂"'


def test_half_a_character_alone_is_replaced() -> None:
    wire = event(text("a\ude00b\ud83dc"), ascii_only=True) + event(text("\ud83d"), ascii_only=True)
    reader, _ = read(
        [wire, event(text("d")), event(text("\ude00", finish_reason="stop"), ascii_only=True), DONE]
    )
    check(reader, "a\ufffdb\ufffdcd\ufffd")
    assert reader.usage is None


def test_odd_tool_calls_with_half_characters_are_let_through() -> None:
    odd = frame({"content": "\ud83d", "tool_calls": None})
    odder = {"id": "t1", "choices": [{"index": 0, "delta": {"content": "\ude00"}}]}
    wire = event(odd, ascii_only=True) + event(odder, ascii_only=True)
    check(read([wire + stream(text("", finish_reason="stop"))])[0], "😀")


# ── errors inside the stream ───────────────────────────────────────────────────────────────────────

ERRORS: dict[str, tuple[bytes, str, str]] = {
    "an error object": (event({"error": {"code": "1234", "message": "net"}}), "1234", "net"),
    "a flat error": (event({"code": 500, "msg": "404 NOT_FOUND", "success": False}), "500", "404 NOT_FOUND"),
    "an error event": (b"event: error\n" + event({"error": {"code": "1302", "message": "busy"}}), "1302", "busy"),
    "an error event of text": (b"event: error\ndata: gone\n\n", "", "gone"),
    "an error without a word": (b"event: error\ndata: <html>\n\n", "", "reported an error"),
    "an error beside choices": (event(text("x", error={"code": "1301", "message": "no"})), "1301", "no"),
    "an error as a bare line": (b'{"error":{"code":"1113","message":"arrears"}}\n', "1113", "arrears"),
    "an error laid out over lines": (json.dumps({"error": {"code": "1", "message": "m"}}, indent=1).encode(), "1", "m"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("size", [1, 10, 10_000])
def test_an_error_in_the_stream_is_told_behind_what_came_before(kind: str, size: int) -> None:
    wire, code, message = ERRORS[kind]
    reader, chunks = read(pieces(event(text("so far")) + wire, size))
    fault = reader.verdict()
    assert isinstance(fault, StreamFailed)
    assert fault.code == code
    assert message in str(fault)
    assert said(chunks) == "so far"
    assert reader.over
    assert reader.feed(event(text("more"))) == []


@pytest.mark.parametrize("reason", ["network_error", "model_context_window_exceeded"])
@pytest.mark.parametrize("size", [1, 10_000])
def test_a_finish_that_is_a_failure_is_one(reason: str, size: int) -> None:
    reader, chunks = read(pieces(stream(text("a"), text("b", finish_reason=reason), text("c")), size))
    fault = reader.verdict()
    assert isinstance(fault, StreamFailed)
    assert fault.code == reason
    assert said(chunks).startswith("ab")


@pytest.mark.parametrize("reason", ["stop", "length", "sensitive", "tool_calls", "tomorrows_reason"])
def test_other_finishes_are_outcomes(reason: str) -> None:
    reader, _ = read([stream(text("a", finish_reason=reason))])
    assert check(reader, "a").finish_reason == reason


@pytest.mark.parametrize("wire", [b"", DONE, event(text("a")), event(text("a")) + DONE, b": ping\n\n" * 9])
def test_a_stream_without_a_finish_was_interrupted(wire: bytes) -> None:
    fault = read([wire])[0].verdict()
    assert isinstance(fault, StreamInterrupted)
    assert "without a finish reason" in str(fault)


def test_a_stream_is_whole_only_when_every_choice_is() -> None:
    both = (text("a", finish_reason="stop"), text("b", choice=1))
    assert isinstance(read([stream(*both)])[0].verdict(), StreamInterrupted)
    assert read([stream(*both, text("", choice=1, finish_reason="stop"))])[0].verdict() is None


# ── broken frames ──────────────────────────────────────────────────────────────────────────────────

GOOD = event(text("good"))
END = event(text("", finish_reason="stop")) + DONE
BROKEN = b'data: {"id":"t1","choi'


@pytest.mark.parametrize("size", [1, 30, 10_000])
@pytest.mark.parametrize(
    "splice",
    [
        BROKEN + GOOD,
        b'data: {"id":' + GOOD,
        b'data: {"id":"t2","cho' + BROKEN + GOOD,
        BROKEN + b"\n" + GOOD,
        BROKEN + GOOD[len("data: ") :].join((b"data:", b"")),
    ],
)
def test_a_frame_written_into_another_is_found_and_counted(splice: bytes, size: int) -> None:
    reader, _ = read(pieces(GOOD + splice + GOOD + END, size))
    check(reader, "good" * 3)
    assert reader.lost_frames == 1


STRANGE = event({**text("theirs"), "id": "t2"})
CALL = event(frame({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]}))


@pytest.mark.parametrize("size", [1, 30, 10_000])
@pytest.mark.parametrize(
    ("wire", "before"),
    [
        (GOOD + BROKEN + STRANGE + END, "good"),
        (BROKEN + GOOD + END, ""),
        (GOOD + BROKEN + GOOD + STRANGE + END, "goodgood"),
        (GOOD + BROKEN + CALL + END, "good"),
        (GOOD + CALL + BROKEN + GOOD + END, "good"),
        (GOOD + b"data: {not json}\n\n" + GOOD + END, "good"),
        (GOOD + b"data: ping\n\n" + GOOD + END, "good"),
        (GOOD + b"data: not [DONE]\n\n", "good"),
        (GOOD + b"data: [1, 2]\n\n" + GOOD + END, "good"),
        (GOOD + event({"choices": [{"index": "first"}]}) + END, "good"),
        (GOOD + event({"choices": [], "created": "soon"}) + END, "good"),
        (GOOD + b'data: {"choices":[],"created":1e999}\n\n' + END, "good"),
        (GOOD + b'data: {"choices":[],"created":1' + b"0" * 5000 + b"}\n\n" + END, "good"),
        (GOOD + b"data: " + b"[" * 100_000 + b"\n\n" + END, "good"),
        (GOOD + b'data: {"a":' * 2000 + b"\n\n" + END, "good"),
        (GOOD + b"data: " + b'{"a":' * 900 + b"1" + b"}" * 900 + b"\n\n", "good"),
    ],
)
def test_where_it_is_not_safe_a_broken_frame_is_an_error(wire: bytes, before: str, size: int) -> None:
    reader, chunks = read(pieces(wire, max(size, len(wire) // 5000)))
    assert isinstance(reader.verdict(), StreamError)
    assert said(chunks) == before


def test_who_cannot_lose_a_frame_gets_an_error() -> None:
    reader, chunks = read([GOOD + BROKEN + GOOD + END], resync=False)
    assert isinstance(reader.verdict(), StreamDamaged)
    assert said(chunks) == "good"


def test_an_error_may_stand_inside_a_broken_frame() -> None:
    wire = GOOD + BROKEN + event({"error": {"code": "500", "message": "m"}})
    assert isinstance(read([wire])[0].verdict(), StreamError)
