"""Messages of the realtime socket: every documented event, the documents' contradictions, and broken ones."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from zhipu_async.protocol.realtime_wire import EVENT_TYPES, client_event, decode, encode
from zhipu_async.types import realtime as events
from zhipu_async.types.realtime import (
    ConversationItemCreated,
    ErrorEvent,
    Heartbeat,
    PlatformEvent,
    ProtocolWarning,
    RateLimitsUpdated,
    ResponseAudioDelta,
    ResponseAudioTranscriptDelta,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDone,
    ResponseFunctionCallSimpleBrowser,
    ResponseTextDelta,
    SessionUpdated,
    TranscriptionSessionUpdated,
    UnknownEvent,
)
from zhipu_async.types.realtime_client import InputAudioBufferCommit, ResponseCreate

# The documents' list of server events, with every spelling they use.
DOCUMENTED = """
    error session.created session.updated transcription_session.updated transcription.session.updated heartbeat
    conversation.created conversation.item.created conversation.item.deleted conversation.item.retrieved
    conversation.item.input_audio_transcription.completed conversation.item.input_audio_transcription.failed
    input_audio_buffer.committed input_audio_buffer.cleared input_audio_buffer.speech_started
    input_audio_buffer.speech_stopped response.created response.cancelled response.done
    response.output_item.added response.output_item.done response.content_part.added response.content_part.done
    response.text.delta response.text.done response.audio_transcript.delta response.audio_transcript.done
    response.audio.delta response.audio.done response.function_call_arguments.done
    response.function_call.simple_browser rate_limits.updated rate_limites.updated
"""


def read(**fields: object) -> PlatformEvent | UnknownEvent:
    event, warnings = decode(msgspec.json.encode(fields))
    assert warnings == ()
    assert event is not None
    return event


@pytest.mark.parametrize("name", DOCUMENTED.split())
def test_every_documented_event_has_a_type_with_nothing_but_its_name(name: str) -> None:
    event = read(type=name)
    assert not isinstance(event, UnknownEvent)
    assert event.event_id == ""
    assert name in EVENT_TYPES


@pytest.mark.parametrize("kind", get_args(PlatformEvent))
def test_every_event_is_exported_and_survives_nulls_everywhere(kind: type[events.ServerEvent]) -> None:
    assert kind.__name__ in events.__all__
    nulls: dict[str, object] = {field.name: None for field in msgspec.structs.fields(kind)}
    event = read(type=str(kind.__struct_config__.tag), **nulls)
    assert type(event) is kind
    assert event == kind()


def test_an_event_knows_its_name_and_keeps_what_it_came_as() -> None:
    event = read(type="heartbeat", event_id="e", new_field=1)
    assert isinstance(event, Heartbeat)
    assert event.type == "heartbeat"
    assert event.raw == {"type": "heartbeat", "event_id": "e", "new_field": 1}


def test_an_event_with_nulls_keeps_what_it_came_as_also() -> None:
    event = read(type="heartbeat", event_id="e", client_timestamp=None)
    assert isinstance(event, Heartbeat)
    assert event.raw == {"type": "heartbeat", "event_id": "e", "client_timestamp": None}


def test_speech_is_not_kept_twice() -> None:
    event = read(type="response.audio.delta", delta="AAAA", new_field=1)
    assert isinstance(event, ResponseAudioDelta)
    assert event.raw == {"type": "response.audio.delta", "delta": "AAAA"}
    assert event.audio == b""


def test_an_unknown_event_is_delivered_as_it_came() -> None:
    event = read(type="response.dreaming", event_id="e", depth=3)
    assert event == UnknownEvent(
        type="response.dreaming", event_id="e", raw={"type": "response.dreaming", "event_id": "e", "depth": 3}
    )
    assert isinstance(read(nothing=1), UnknownEvent)


def test_both_spellings_are_one_event() -> None:
    assert isinstance(read(type="rate_limites.updated"), RateLimitsUpdated)
    assert isinstance(read(type="transcription.session.updated"), TranscriptionSessionUpdated)
    event = read(
        type="response.function_call.simple_brower",
        session={"beta_fields": {"simple_brower": {"description": "looking"}}},
    )
    assert isinstance(event, ResponseFunctionCallSimpleBrowser)
    assert event.session.beta_fields.simple_browser.description == "looking"


def test_the_event_id_may_be_spelled_in_camel_case() -> None:
    assert read(type="input_audio_buffer.cleared", eventId="e").event_id == "e"
    assert read(type="input_audio_buffer.cleared", eventId="e", client_timestamp=None).event_id == "e"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [({"text": "a"}, "a"), ({"delta": "b"}, "b"), (7, "7"), (1.5, "1.5"), ("c", "c")],
)
def test_a_delta_may_be_an_object_or_a_number(sent: object, expected: str) -> None:
    event = read(type="response.text.delta", delta=sent)
    assert isinstance(event, ResponseTextDelta)
    assert event.delta == expected


def test_modalities_may_be_one_word_and_token_limits_numbers() -> None:
    event = read(
        type="session.updated",
        session={"modalities": "text", "max_response_output_tokens": 1024, "turn_detection": None},
    )
    assert isinstance(event, SessionUpdated)
    assert event.session.modalities == ["text"]
    assert event.session.max_response_output_tokens == "1024"
    assert event.session.turn_detection.type == ""


def test_limits_may_be_one_object_and_numbers_of_any_kind() -> None:
    event = read(type="rate_limits.updated", rate_limits={"name": "rpm", "limit": "5", "reset_seconds": 1})
    assert isinstance(event, RateLimitsUpdated)
    assert (event.rate_limits[0].limit, event.rate_limits[0].reset_seconds) == (5, 1.0)


def test_content_without_a_type_and_statuses_of_tomorrow_decode() -> None:
    item: dict[str, object] = {"status": "dreaming", "content": [dict[str, object]()]}
    event = read(type="conversation.item.created", item=item)
    assert isinstance(event, ConversationItemCreated)
    assert event.item.status == "dreaming"
    assert event.item.content[0].type == ""


def test_a_numeric_error_code_is_text() -> None:
    event = read(type="error", error={"code": 1302, "message": "busy", "param": None})
    assert isinstance(event, ErrorEvent)
    assert event.error.code == "1302"
    assert event.error.names == {"1302"}
    assert event.answers == ""


def test_usage_may_be_absent_zero_or_filled() -> None:
    for usage, expected in ((None, 0), ({}, 0), ({"total_tokens": 9, "input_token_details": None}, 9)):
        event = read(type="response.done", response={"id": "r", "usage": usage})
        assert isinstance(event, ResponseDone)
        assert event.response.usage.total_tokens == expected


def test_a_broken_field_costs_that_field_only() -> None:
    event, warnings = decode(
        b'{"type":"response.created","event_id":["x"],"response":{"id":"r","usage":7,"status":true}}'
    )
    assert isinstance(event, ResponseCreated)
    assert event.response.id == "r"
    assert warnings == (
        ProtocolWarning(
            what="fields that cannot be read: event_id, response.status, response.usage",
            event_type="response.created",
        ),
    )


def test_a_broken_member_of_a_list_costs_the_list() -> None:
    event, warnings = decode(b'{"type":"rate_limits.updated","rate_limits":[{"limit":"many"},7,null]}')
    assert isinstance(event, RateLimitsUpdated)
    assert len(warnings) == 1


@pytest.mark.parametrize("message", [b"", b"hello", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json_is_reported(message: bytes) -> None:
    assert decode(message) == (None, (ProtocolWarning(what="a message that is not JSON"),))


@pytest.mark.parametrize("message", [b"7", b"[]", b"null", b'"heartbeat"'])
def test_what_is_not_an_object_is_reported(message: bytes) -> None:
    assert decode(message) == (None, (ProtocolWarning(what="a message that is not a JSON object"),))


def test_half_a_character_becomes_a_replacement() -> None:
    event, _ = decode(b'{"type":"response.audio_transcript.delta","delta":"a\\ud83d"}')
    assert isinstance(event, ResponseAudioTranscriptDelta)
    assert event.delta == "a\ufffd"


def test_arguments_of_a_function_call_stay_text() -> None:
    event = read(type="response.function_call_arguments.done", name="f", arguments='{"a": 1}')
    assert isinstance(event, ResponseFunctionCallArgumentsDone)
    assert event.arguments == '{"a": 1}'


def test_an_empty_call_is_its_type_and_what_the_session_adds() -> None:
    assert encode(InputAudioBufferCommit()) == b'{"type":"input_audio_buffer.commit"}'
    assert msgspec.json.decode(encode(ResponseCreate(event_id="e", client_timestamp=5))) == {
        "type": "response.create",
        "event_id": "e",
        "client_timestamp": 5,
    }


def test_a_raw_event_is_understood_when_it_is_nothing_but_a_known_one() -> None:
    assert client_event({"type": "response.create"}) == ResponseCreate()
    assert client_event({"type": "response.create", "response": None}) is None
    assert client_event({"type": "input_audio_buffer.pre_commit"}) is None
