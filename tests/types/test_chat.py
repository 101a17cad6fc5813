"""Answers of chat: their shortcuts, their way back into messages, and the forms that the platform sends."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import wave
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TypedDict

import msgspec
import pytest

from zhipu_async.errors import InvalidToolArguments
from zhipu_async.protocol.decoding import decode
from zhipu_async.types.chat import (
    Audio,
    ChatCompletion,
    ChatCompletionChunk,
    FunctionCall,
    McpCall,
    Message,
    ToolCall,
)
from zhipu_async.types.marks import without_marks


def completion(message: Mapping[str, object] | None = None, **more: object) -> ChatCompletion:
    choice: dict[str, object] = {"index": 0, "message": {"role": "assistant", **(message or {})}}
    if "finish_reason" in more:
        choice["finish_reason"] = more.pop("finish_reason")
    return decode(json.dumps({"id": "1", "choices": [choice], **more}).encode(), ChatCompletion)


def test_shortcuts_speak_of_the_first_choice() -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 4,
        "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    reply = completion({"content": "hi", "reasoning_content": "hm"}, finish_reason="stop", usage=usage)
    assert (reply.text, reply.reasoning, reply.finish_reason) == ("hi", "hm", "stop")
    assert (reply.usage.total_tokens, reply.usage.cached_tokens, reply.usage.reasoning_tokens) == (9, 3, 2)
    assert not any((reply.truncated, reply.blocked, reply.ran_out_thinking, reply.audio, reply.tool_calls))


def test_an_empty_answer_has_empty_shortcuts() -> None:
    reply = ChatCompletion()
    assert (reply.text, reply.reasoning, reply.finish_reason, reply.tool_calls) == ("", "", "", [])
    assert reply.usage.total_tokens == 0


def test_nulls_and_absent_fields_are_the_same() -> None:
    nulls = {"content": None, "tool_calls": None, "audio": None, "reasoning_content": None}
    assert completion(nulls, model=None, usage=None, web_search=None) == completion()


def test_a_list_of_text_parts_is_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    reply = completion({"content": parts})
    assert reply.text == "ab"


@pytest.mark.parametrize(
    ("message", "reason", "tokens", "expected"),
    [
        ({"reasoning_content": "hm"}, "length", 0, True),
        ({}, "length", 9, True),
        ({"reasoning_content": "hm", "content": "a"}, "length", 0, False),
        ({"reasoning_content": "hm"}, "stop", 0, False),
        ({}, "length", 0, False),
    ],
)
def test_a_budget_spent_on_thinking_can_be_told_apart(
    message: dict[str, object], reason: str, tokens: int, expected: bool
) -> None:
    usage = {"completion_tokens_details": {"reasoning_tokens": tokens}}
    assert completion(message, finish_reason=reason, usage=usage).ran_out_thinking is expected


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain <b>", "plain <b>"),
        ("<think>\nhm\n</think>\n\nyes", "yes"),
        ("<think>a</think>b<think>c</think>d", "bd"),
        ("<think>cut off", ""),
        ("It is <|begin_of_box|>42<|end_of_box|>.", "It is 42."),
    ],
)
def test_marks_are_there_raw_and_gone_on_request(raw: str, clean: str) -> None:
    reply = completion({"content": raw})
    assert reply.text == raw
    assert reply.clean_text == reply.message.clean_text == without_marks(raw) == clean


# ── back into messages ─────────────────────────────────────────────────────────────────────────────

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"content": "hi"}, {"role": "assistant", "content": "hi"}),
        ({}, {"role": "assistant", "content": ""}),
        (
            {"content": "", "reasoning_content": "hm", "tool_calls": [{**CALL, "index": 0}]},
            {"role": "assistant", "reasoning_content": "hm", "tool_calls": [CALL]},
        ),
        (
            {"content": "so:", "tool_calls": [CALL]},
            {"role": "assistant", "content": "so:", "tool_calls": [CALL]},
        ),
        ({"audio": {"id": "a1", "data": "AAAA"}}, {"role": "assistant", "audio": {"id": "a1"}}),
        (
            {"tool_calls": [{"id": "m", "type": "mcp", "mcp": {"name": "x"}}]},
            {"role": "assistant", "content": ""},
        ),
    ],
)
def test_a_message_goes_back_with_its_known_fields_only(
    message: dict[str, object], param: dict[str, object]
) -> None:
    reply = completion({**message, "surprise": 1})
    assert reply.to_param() == reply.message.to_param() == param


def test_a_call_makes_the_message_that_answers_it() -> None:
    assert ToolCall(id="c1").answer("3") == {"role": "tool", "tool_call_id": "c1", "content": "3"}


# ── tool calls ─────────────────────────────────────────────────────────────────────────────────────


class Weather(TypedDict):
    """Arguments of a tool."""

    city: str


def call(arguments: str) -> ToolCall:
    return ToolCall(id="c1", function=FunctionCall(name="weather", arguments=arguments))


def test_arguments_are_parsed_on_request() -> None:
    assert call('{"city": "北京"}').parse_arguments() == {"city": "北京"}
    assert call('{"city": "北京"}').parse_arguments(Weather) == {"city": "北京"}
    assert call("").parse_arguments() == {}


@pytest.mark.parametrize("arguments", ['{"city": ', '{"city": 3}', "[1]", "北京", '{"a":' * 100_000])
def test_wrong_arguments_are_a_clear_error(arguments: str) -> None:
    with pytest.raises(InvalidToolArguments, match="weather") as caught:
        call(arguments).parse_arguments(Weather)
    assert caught.value.tool == "weather"
    assert "北京" not in str(caught.value)


def test_arguments_as_an_object_become_text() -> None:
    reply = completion({"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"城": 1}}}]})
    assert reply.tool_calls[0].arguments == '{"城":1}'
    mcp = completion(
        {"tool_calls": [{"id": "1", "type": "mcp", "mcp": {"name": "s", "arguments": {"q": 1}}}]}
    )
    assert (mcp.tool_calls[0].name, mcp.tool_calls[0].arguments) == ("s", '{"q":1}')
    assert msgspec.convert({"arguments": {"a": 1}}, McpCall).arguments == '{"a":1}'


# ── sound ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_spoken_answer_is_saved_as_a_file_that_plays(tmp_path: Path) -> None:
    samples = bytes(range(200)) * 10
    audio = Audio(id="a1", data=base64.b64encode(samples).decode())
    await audio.save(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (44_100, 1, 2)
        assert file.readframes(10_000) == samples
    with wave.open(BytesIO(audio.wav())) as file:
        assert file.getnframes() == 1000


def test_a_wav_that_came_as_one_stays_as_it_is() -> None:
    file = b"RIFF----WAVE"
    assert Audio(data=base64.b64encode(file).decode()).wav() == file


def test_sound_does_not_fill_a_terminal() -> None:
    assert repr(Audio(id="a1", data="A" * 5000)) == "Audio(id='a1', 5000 base64 characters)"
    assert not Audio()


def test_answers_copy_and_pickle() -> None:
    reply = completion({"content": "hi", "tool_calls": [CALL], "audio": {"id": "a"}}, finish_reason="stop")
    assert pickle.loads(pickle.dumps(reply)) == copy.deepcopy(reply) == copy.copy(reply) == reply
    assert Message(content="hi").to_dict()["role"] == "assistant"


def test_clips_that_the_document_shows_beside_an_answer_are_read() -> None:
    clips = [{"url": "https://example.org/v.mp4", "cover_image_url": "https://example.org/v.png"}, None]
    (clip,) = completion(video_result=clips).video_result
    assert (clip.url, clip.cover_image_url) == ("https://example.org/v.mp4", "https://example.org/v.png")


def test_a_chunk_goes_on_as_json_without_what_it_does_not_say() -> None:
    body = b'{"id":"c1","choices":[{"index":0,"delta":{"content":"hi"}}]}'
    chunk = msgspec.json.decode(body, type=ChatCompletionChunk)
    assert chunk.to_dict() == {"id": "c1", "choices": [{"delta": {"content": "hi"}}]}
    assert msgspec.json.decode(chunk.to_json()) == chunk.to_dict()
