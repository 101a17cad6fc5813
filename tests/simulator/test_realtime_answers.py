"""What the simulated voice model says, calls and counts."""

from __future__ import annotations

import base64
import json

import pytest

from tests.simulator.realtime_room import (
    SERVER_VAD,
    TOOL,
    Talk,
    only,
    part,
    silence,
    speech,
    status,
    types,
    types_once,
)
from zhipu_async.simulator.realtime_answer import Answer, pieces, shortened, tokens
from zhipu_async.simulator.realtime_events import Event, is_number
from zhipu_async.simulator.realtime_session import Conduct
from zhipu_async.simulator.realtime_voice import speak

CALL = "response.function_call_arguments.done"


def answered(talk: Talk, text: str) -> list[Event]:
    talk.say(text)
    talk.ask()
    return talk.run(120)


def text_of(events: list[Event]) -> str:
    return str(only(events, "response.text.done")[0]["text"])


def result(talk: Talk, output: str) -> list[Event]:
    return talk.send("conversation.item.create", item={"type": "function_call_output", "output": output})


def test_the_deltas_join_to_the_text_and_the_transcript() -> None:
    events = answered(Talk(), "讲个笑话")
    for delta, done, field in (
        ("response.text.delta", "response.text.done", "text"),
        ("response.audio_transcript.delta", "response.audio_transcript.done", "transcript"),
    ):
        joined = "".join(str(event["delta"]) for event in only(events, delta))
        assert joined == only(events, done)[0][field] == text_of(events)


def test_the_audio_is_the_voice_speaking_the_text() -> None:
    talk = Talk()
    talk.update(voice="xiaochen")
    events = answered(talk, "你好")
    sound = b"".join(base64.b64decode(str(event["delta"])) for event in only(events, "response.audio.delta"))
    assert sound == b"".join(speak(text_of(events), "xiaochen"))


def test_the_text_ends_before_the_audio() -> None:
    order = types(answered(Talk(), "请介绍一下你自己"))
    assert order.index("response.text.done") < order.index("response.audio.done")
    assert order.index("response.audio_transcript.done") < order.index("response.audio.done")


def test_without_audio_in_the_modalities_nothing_is_spoken() -> None:
    talk = Talk()
    talk.update(modalities=["text"])
    events = answered(talk, "你好")
    assert not [kind for kind in types(events) if "audio" in kind]
    assert part(only(events, "response.content_part.added")[0], "part") == {"type": "text"}


def test_an_answer_is_in_the_language_of_the_question() -> None:
    assert text_of(answered(Talk(), "Hello there")).startswith("You said: Hello there")
    assert "你好" in text_of(answered(Talk(), "你好"))


def test_the_same_seed_gives_the_same_session() -> None:
    assert answered(Talk(), "你好") == answered(Talk(), "你好")


def test_scripted_audio_is_played_as_it_is() -> None:
    talk = Talk()
    talk.script.answers.append(Answer(text="叮", audio=b"\1\2" * 10_000, transcript=""))
    events = answered(talk, "按铃")
    assert (
        b"".join(base64.b64decode(str(e["delta"])) for e in only(events, "response.audio.delta"))
        == b"\1\2" * 10_000
    )
    assert only(events, "response.audio_transcript.done")[0]["transcript"] == ""


def test_odd_audio_joins_to_the_same_sound() -> None:
    talk = Talk(Conduct(quirks=frozenset({"odd_audio"}), heartbeat_seconds=None))
    events = answered(talk, "你好")
    chunks = [base64.b64decode(str(event["delta"])) for event in only(events, "response.audio.delta")]
    assert len(chunks[0]) % 2 == 1
    assert b"".join(chunks) == b"".join(speak(text_of(events), "default"))


def test_an_answer_stops_at_the_token_limit_and_says_so() -> None:
    talk = Talk()
    talk.update(max_response_output_tokens="5")
    events = answered(talk, "请介绍一下你自己")
    assert tokens(text_of(events)) <= 5
    assert status(events[-1]) == "incomplete"
    assert part(only(events, "response.output_item.done")[0], "item")["status"] == "incomplete"


def test_a_failed_answer_is_done_all_the_same() -> None:
    talk = Talk()
    talk.script.answers.append(Answer(text="我", status="failed"))
    assert status(answered(talk, "你好")[-1]) == "failed"


def test_usage_adds_up() -> None:
    talk = Talk()
    talk.append(speech(2000))
    talk.send("input_audio_buffer.commit")
    talk.ask()
    usage = part(part(talk.run(60)[-1], "response"), "usage")
    assert is_number(usage["input_tokens"])
    assert is_number(usage["output_tokens"])
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert part(usage, "input_token_details")["audio_tokens"] == 25


def test_a_spoken_turn_calls_the_offered_tool_and_tells_its_result() -> None:
    talk = Talk()
    talk.update(tools=[TOOL])
    talk.append(speech(500))
    talk.send("input_audio_buffer.commit")
    talk.ask()
    first_leg = talk.run(60)
    ack = result(talk, '{"status": "success", "message": "成功拨打电话给 张三"}')
    talk.ask()
    second_leg = talk.run(60)
    call = only(first_leg, CALL)[0]
    assert types_once(first_leg) == [
        "response.created",
        "rate_limits.updated",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.created",
        "response.output_item.added",
        "response.content_part.added",
        CALL,
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert call["name"] == "phoneCall"
    assert json.loads(str(call["arguments"])) == {"contact_name": "张三"}
    assert "call_id" not in call
    assert types(ack) == ["conversation.item.created"]
    assert types_once(second_leg)[0] == "response.output_item.added"
    assert "成功拨打电话给 张三" in text_of(second_leg)


def test_a_typed_question_calls_only_a_tool_that_fits() -> None:
    talk = Talk()
    talk.update(tools=[TOOL])
    assert only(answered(talk, "你好吗"), CALL) == []
    assert only(answered(talk, "给妈妈打电话"), CALL) != []
    assert only(answered(talk, "phone my mother"), CALL) != []


def test_several_calls_come_in_one_answer() -> None:
    talk = Talk(Conduct(quirks=frozenset({"call_id", "second_leg_created"}), heartbeat_seconds=None))
    calls = (("weather", '{"city": "北京"}'), ("weather", '{"city": "上海"}'))
    talk.script.answers.append(Answer(tool_calls=calls))
    events = answered(talk, "北京、上海的天气")
    assert [(call["name"], call["arguments"]) for call in only(events, CALL)] == list(calls)
    assert [call["output_index"] for call in only(events, CALL)] == [0, 1]
    assert len({str(call["call_id"]) for call in only(events, CALL)}) == 2
    assert len({str(part(event, "item")["id"]) for event in only(events, "response.output_item.done")}) == 2
    result(talk, "晴")
    result(talk, "cloudy")
    talk.ask()
    second_leg = talk.run(60)
    assert types(second_leg)[0] == "response.created"
    assert "晴；cloudy" in text_of(second_leg)


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        (None, {}),
        ({"type": "object"}, {}),
        (
            {"properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}}},
            {"city": "北京", "unit": "c"},
        ),
        (
            {
                "type": "object",
                "properties": {
                    "count": {"type": "integer", "minimum": 3},
                    "loud": {"type": "boolean"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "unknown": True,
                    "optional": {"type": "string"},
                },
                "required": ["count", "loud", "tags", "unknown"],
            },
            {"count": 3, "loud": True, "tags": ["示例"], "unknown": {}},
        ),
    ],
)
def test_arguments_fit_the_tools_schema(parameters: object, arguments: object) -> None:
    talk = Talk()
    tool: dict[str, object] = {"type": "function", "name": "tell_it", "parameters": parameters}
    talk.update(tools=[{key: value for key, value in tool.items() if value is not None}])
    call = only(answered(talk, "tell me"), CALL)[0]
    assert json.loads(str(call["arguments"])) == arguments


@pytest.mark.parametrize(
    ("output", "told"),
    [("24 degree", "24 degree"), ('{"a": 1}', "a: 1"), ("[1]", "[1]"), ('{"result": "ok"}', "ok")],
)
def test_results_are_told_in_words(output: str, told: str) -> None:
    talk = Talk()
    result(talk, output)
    talk.ask()
    assert told in text_of(talk.run(60))


def test_a_recording_is_given_words_that_fit_the_tools() -> None:
    talk = Talk()
    talk.update(tools=[{**TOOL, "description": "Call a person"}])
    talk.append(speech(500))
    talk.send("input_audio_buffer.commit")
    transcript = only(talk.run(5), "conversation.item.input_audio_transcription.completed")[0]["transcript"]
    assert transcript == "Please call a person."


def test_server_vad_with_tools_can_be_made_deaf_as_seen_in_the_field() -> None:
    talk = Talk(Conduct(quirks=frozenset({"deaf_with_tools"}), heartbeat_seconds=None))
    talk.update(turn_detection=SERVER_VAD, tools=[TOOL])
    events = talk.stream(speech(600) + silence(1500)) + talk.run(60)
    assert types(events) == ["input_audio_buffer.speech_started"]


def test_pieces_join_to_the_text() -> None:
    text = "你好，world! 这是 a test。\n下一行  两个空格"
    assert "".join(pieces(text)) == text
    assert shortened(text, 1000) == text
