"""Chunks added up: many choices, tool calls in every order, sound, sources, usage wherever it comes."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.frames import frame, read, stream, text
from zhipu_async.protocol.chat import KEPT_RESULTS, Accumulator, joined_base64
from zhipu_async.protocol.chat_events import ChatEvents, decoded
from zhipu_async.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ContentFilter,
    FunctionCall,
    ToolCall,
    Usage,
    WebSearchResult,
)
from zhipu_async.types.chat_events import (
    AudioDelta,
    ChatEvent,
    Filtered,
    Finished,
    ReasoningDelta,
    Searched,
    TextDelta,
    ToolCallDelta,
    ToolCallReady,
)

END = frame(finish_reason="tool_calls")


def added(*frames: Mapping[str, object]) -> ChatCompletion:
    reader, _ = read([stream(*frames)])
    assert reader.fault is None
    return reader.answer.completion()


def calls(*pieces: Mapping[str, object]) -> dict[str, object]:
    return frame({"tool_calls": list(pieces)})


def piece(arguments: str | None = None, name: str | None = None, **more: object) -> dict[str, object]:
    return {"function": {"name": name, "arguments": arguments}, **more}


def summary(completion: ChatCompletion) -> list[tuple[str, str, str]]:
    return [(call.id, call.name, call.arguments) for call in completion.tool_calls]


PATTERNS: dict[str, tuple[list[dict[str, object]], list[tuple[str, str, str]]]] = {
    "whole": ([calls(piece('{"a":1}', "f", index=0, id="1", type="function"))], [("1", "f", '{"a":1}')]),
    "in pieces": (
        [calls(piece("", "f", index=0, id="1")), calls(piece('{"a":', index=0)), calls(piece("1}", index=0, id=None))],
        [("1", "f", '{"a":1}')],
    ),
    "interleaved": (
        [
            calls(piece("{", "f", index=0, id="1"), piece("[", "g", index=1, id="2")),
            calls(piece("]", index=1)),
            calls(piece("}", index=0)),
        ],
        [("1", "f", "{}"), ("2", "g", "[]")],
    ),
    "indexes out of order": (
        [calls(piece("b", "g", index=1, id="2")), calls(piece("a", "f", index=0, id="1"))],
        [("1", "f", "a"), ("2", "g", "b")],
    ),
    "an id that comes late": (
        [calls(piece("{", "f", index=0)), calls(piece("}", index=0, id="1"))],
        [("1", "f", "{}")],
    ),
    "an id that comes twice": (
        [calls(piece("{", "f", index=0, id="1")), calls(piece("}", index=0, id="1"))],
        [("1", "f", "{}")],
    ),
    "a name that comes with every piece": (
        [calls(piece("{", "f", index=0, id="1")), calls(piece("}", "f", index=0, id="1"))],
        [("1", "f", "{}")],
    ),
    "a new id without a name is the same call": (
        [calls(piece("{", "f", index=0, id="1")), calls(piece("}", index=0, id="x"))],
        [("1", "f", "{}")],
    ),
    "a new id with a name under a used index is another call": (
        [calls(piece("a", "f", index=0, id="1")), calls(piece("b", "g", index=0, id="2")), calls(piece("c", index=0))],
        [("1", "f", "a"), ("2", "g", "bc")],
    ),
    "no index, whole calls": (
        [calls(piece("a", "f", id="1")), calls(piece("b", "g", id="2"))],
        [("1", "f", "a"), ("2", "g", "b")],
    ),
    "no index, one chunk": (
        [calls(piece("a", "f", id="1"), piece("b", "g", id="2"))],
        [("1", "f", "a"), ("2", "g", "b")],
    ),
    "no index, pieces by id": (
        [calls(piece("a", "f", id="1"), piece("b", "g", id="2")), calls(piece("c", id="2"), piece("d", id="1"))],
        [("1", "f", "ad"), ("2", "g", "bc")],
    ),
    "no index and no id": (
        [calls(piece("a", "f"), piece("b", "g")), calls(piece("c"))],
        [("", "f", "ac"), ("", "g", "b")],
    ),
    "an index that comes only once": (
        [calls(piece("a", "f", index=0, id="1"), piece("b", "g", index=1, id="2")), calls(piece("c", id="2"))],
        [("1", "f", "a"), ("2", "g", "bc")],
    ),
    "no function": ([calls({"index": 0, "id": "1"}), calls(piece("a", "f", index=0))], [("1", "f", "a")]),
    "hundreds of pieces": (
        [calls(piece("", "f", index=0, id="1")), *(calls(piece("x", index=0)) for _ in range(700))],
        [("1", "f", "x" * 700)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_tool_calls_are_put_together(pattern: str) -> None:
    frames, expected = PATTERNS[pattern]
    completion = added(*frames, END)
    assert summary(completion) == expected
    assert {call.type for call in completion.tool_calls} == {"function"}
    assert completion.finish_reason == "tool_calls"


def test_reports_of_mcp_calls_are_merged() -> None:
    first = {
        "index": 0,
        "id": "1",
        "mcp": {"id": "m", "type": "mcp_call", "name": "search", "arguments": {"q": 1}},
    }
    second = {"index": 0, "type": None, "mcp": {"output": {"hits": [1]}, "error": None}}
    (call,) = added(calls(first), calls(second), END).tool_calls
    assert (call.type, call.name, call.arguments) == ("mcp", "search", '{"q":1}')
    assert call.mcp is not None
    assert call.mcp.output == {"hits": [1]}


def test_many_choices_stay_apart_and_in_order() -> None:
    completion = added(
        text("b", choice=1),
        text("a"),
        text("B", choice=1, finish_reason="length"),
        text("A", finish_reason="stop"),
    )
    assert [(each.index, each.message.content, each.finish_reason) for each in completion.choices] == [
        (0, "aA", "stop"),
        (1, "bB", "length"),
    ]


@pytest.mark.parametrize("alone", [False, True])
def test_usage_comes_with_the_last_chunk_or_alone(alone: bool) -> None:
    usage = {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 1},
    }
    last = text("", finish_reason="stop")
    by_itself: dict[str, object] = {"id": "t1", "choices": [], "usage": usage}
    completion = added(text("a"), last, by_itself) if alone else added(text("a"), {**last, "usage": usage})
    assert completion.usage.total_tokens == 3
    assert completion.usage.cached_tokens == 1


def test_a_stream_that_begins_with_usage_alone_has_its_id() -> None:
    completion = added(
        {"id": "t9", "choices": [], "usage": {"total_tokens": 1}, "object": "chat.completion.chunk"}, END
    )
    assert (completion.id, completion.object) == ("t9", "chat.completion")


def test_sources_and_findings_count_once_wherever_they_come() -> None:
    source, other = {"title": "a", "refer": "[1]"}, {"title": "b"}
    finding = {"role": "user", "level": 1}
    completion = added(
        text("a", web_search=[source]),
        text("b", web_search=[source, other]),
        frame({"role": "user", "content": ""}, finish_reason="sensitive", content_filter=[finding, finding]),
    )
    assert [each.title for each in completion.web_search] == ["a", "b"]
    assert completion.content_filter == [ContentFilter(role="user", level=1)]
    assert completion.blocked
    assert completion.message.role == "assistant"


def test_endless_sources_are_bounded() -> None:
    frames = [text("a", web_search=[{"title": str(number)}]) for number in range(KEPT_RESULTS + 5)]
    assert len(added(*frames, END).web_search) == KEPT_RESULTS


def test_endless_choices_and_calls_cost_no_more_than_they_hold() -> None:
    accumulator = Accumulator()
    for number in range(4000):
        accumulator.add([msgspec.convert(text("a", choice=number % 2000), ChatCompletionChunk)])
    assert {choice.message.content for choice in accumulator.completion().choices} == {"aa"}
    frames = [calls(piece("a", "f", id=str(number))) for number in range(3000)]
    assert len(added(*frames, END).tool_calls) == 3000


def test_sound_is_put_together() -> None:
    sound = bytes(range(200))
    parts = [base64.b64encode(sound[:50]).decode(), base64.b64encode(sound[50:]).decode()]
    frames = [frame({"audio": {"id": "a1", "data": part}}) for part in parts]
    last = frame({"audio": {"id": None, "expires_at": 1788220800}}, finish_reason="stop")
    audio = added(*frames, last).audio
    assert (audio.id, audio.expires_at, audio.pcm_or_wav) == ("a1", 1788220800, sound)
    assert audio.data == base64.b64encode(sound).decode()


@given(st.binary(max_size=60), st.integers(1, 20), st.booleans())
def test_base64_is_joined_whether_cut_or_encoded_in_pieces(sound: bytes, size: int, cut: bool) -> None:
    whole = base64.b64encode(sound).decode()
    pieces = (
        [whole[start : start + size] for start in range(0, len(whole), size)]
        if cut
        else [base64.b64encode(sound[start : start + size]).decode() for start in range(0, len(sound), size)]
    )
    assert joined_base64(pieces) == whole


def test_what_is_not_base64_is_left_as_it_came() -> None:
    assert joined_base64(["a=", "b"]) == "a=b"


def test_long_answers_grow_without_a_trace_of_their_pieces() -> None:
    accumulator = Accumulator()
    frames = [frame({"content": f"{number}\r\n", "reasoning_content": "思"}) for number in range(1000)]
    for each in frames:
        accumulator.add([msgspec.convert(each, ChatCompletionChunk)])
        assert accumulator.completion().text.endswith("\n"), "what there is can be read at any time"
    completion = accumulator.completion()
    assert completion.text == "".join(f"{number}\r\n" for number in range(1000))
    assert completion.reasoning == "思" * 1000
    assert added(*frames).text == completion.text


def test_long_reasoning_comes_before_long_text() -> None:
    accumulator = Accumulator()
    for name in ("reasoning_content", "content"):
        for _ in range(40):
            accumulator.add([msgspec.convert(frame({name: "x"}), ChatCompletionChunk)])
    completion = accumulator.completion()
    assert completion.reasoning == completion.text == "x" * 40


def test_nothing_adds_up_to_an_empty_completion() -> None:
    accumulator = Accumulator()
    assert not accumulator.add([])
    assert accumulator.completion("r1") == ChatCompletion(request_id="r1")
    assert (accumulator.id, accumulator.usage, accumulator.failure) == ("", None, "")
    assert not accumulator.finished
    assert not accumulator.has_tool_calls


# ── events ─────────────────────────────────────────────────────────────────────────────────────────


def events(*frames: Mapping[str, object]) -> list[ChatEvent]:
    translate = ChatEvents().of
    return [event for each in read([stream(*frames)])[1] for event in translate(each)]


def test_every_part_of_a_chunk_is_an_event() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert events(
        frame({"reasoning_content": "hm"}, web_search=[{"title": "a"}]),
        text("yes", choice=1),
        frame({"audio": {"id": "a1", "data": base64.b64encode(b"pcm").decode()}}),
        frame({"audio": {"id": "a1"}}),
        frame(finish_reason="stop", usage=usage, content_filter=[{"role": "user", "level": 2}]),
    ) == [
        Searched([WebSearchResult(title="a")]),
        ReasoningDelta("hm"),
        TextDelta("yes", 1),
        AudioDelta(b"pcm", "a1"),
        Filtered([ContentFilter(role="user", level=2)]),
        Finished("stop", Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3)),
    ]


def test_a_tool_call_is_ready_when_its_choice_ends() -> None:
    assert events(
        calls(piece("{", "f", index=0, id="1"), piece("[", "g", index=1, id="2")),
        calls(piece("]", index=1), {"index": 0}),
        calls(piece("}", index=0)),
        END,
    ) == [
        ToolCallDelta(0, "{", "f", "1"),
        ToolCallDelta(1, "[", "g", "2"),
        ToolCallDelta(1, "]"),
        ToolCallDelta(0),
        ToolCallDelta(0, "}"),
        ToolCallReady(ToolCall(id="1", function=FunctionCall(name="f", arguments="{}"))),
        ToolCallReady(ToolCall(id="2", function=FunctionCall(name="g", arguments="[]"))),
        Finished("tool_calls"),
    ]


def test_sound_does_not_fill_a_terminal() -> None:
    assert repr(AudioDelta(b"x" * 5000, "a1")) == "AudioDelta(5000 bytes, id='a1')"
    assert decoded("a") == b""
