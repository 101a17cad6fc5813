"""Every client event of the realtime socket: what is accepted, what is refused, how it is answered."""

from __future__ import annotations

import pytest

from tests.simulator.realtime_room import (
    JPEG,
    SERVER_VAD,
    Talk,
    encoded,
    only,
    part,
    silence,
    speech,
    types,
    wav,
)
from zhipu_async.simulator.realtime_answer import Answer
from zhipu_async.simulator.realtime_events import Event, is_list, is_object
from zhipu_async.simulator.realtime_session import QUIRKS, Conduct

ILLEGAL: tuple[dict[str, object], ...] = (
    {"model": "gpt-4"},
    {"model": 4},
    {"voice": ["tongtong"]},
    {"modalities": []},
    {"modalities": ["smell"]},
    {"modalities": 3},
    {"input_audio_format": "ogg"},
    {"input_audio_format": "pcm4"},
    {"output_audio_format": "opus"},
    {"input_audio_noise_reduction": {"type": "loud"}},
    {"turn_detection": "server_vad"},
    {"turn_detection": {"type": "semantic_vad"}},
    {"turn_detection": {"type": "server_vad", "threshold": 2}},
    {"turn_detection": {"type": "server_vad", "silence_duration_ms": "long"}},
    {"temperature": 2},
    {"temperature": True},
    {"max_response_output_tokens": "2000"},
    {"max_response_output_tokens": "many"},
    {"tools": "phoneCall"},
    {"tools": ["phoneCall"]},
    {"tools": [{"type": "function"}]},
    {"tools": [{"type": "function", "function": {"name": "nested"}}]},
    {"tools": [{"type": "function", "name": "f", "parameters": []}]},
    {"beta_fields": {"chat_mode": "smell"}},
    {"beta_fields": []},
    {"beta_fields": {"greeting_config": {"enable": True, "content": "a" * 1025}}},
)


def message(text: str, **fields: object) -> dict[str, object]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **fields}


def echo(answers: list[Event]) -> Event:
    assert types(answers) == ["session.updated", "heartbeat"]
    return part(answers[0], "session")


@pytest.mark.parametrize(
    "text", ["not json", "[]", "null", '"text"', "{}", '{"type": 3}', '{"type": ""}', "\x00"]
)
def test_a_malformed_message_is_answered_with_an_error_and_the_session_stays(text: str) -> None:
    talk = Talk()
    error = talk.error_of(talk.session.receive(text, talk.now))
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_event")
    assert types(talk.update()) == ["session.updated", "heartbeat"]


def test_the_missing_type_is_named_as_the_platform_names_it() -> None:
    assert Talk().error_of(Talk().session.receive("{}", 0))["message"] == "The 'type' field is missing."


@pytest.mark.parametrize(
    "kind", ["conversation.item.truncate", "session.created", "input_audio_buffer.commit "]
)
def test_an_unknown_event_is_an_invalid_event(kind: str) -> None:
    talk = Talk()
    assert talk.error_of(talk.send(kind))["code"] == "invalid_event"


def test_a_binary_message_with_json_is_taken_like_text() -> None:
    talk = Talk()
    assert types(talk.session.receive(b'{"type": "input_audio_buffer.clear"}', talk.now)) == [
        "input_audio_buffer.cleared"
    ]


def test_a_binary_message_of_other_bytes_is_an_invalid_event() -> None:
    talk = Talk()
    assert talk.error_of(talk.session.receive(b"\xff\xfe\x00", talk.now))["code"] == "invalid_event"


def test_common_fields_are_not_judged() -> None:
    talk = Talk()
    answers = talk.send("input_audio_buffer.clear", event_id="", client_timestamp=None)
    assert types(answers) == ["input_audio_buffer.cleared"]


def test_early_work_may_be_asked_for_and_is_not_answered() -> None:
    assert Talk().send("input_audio_buffer.pre_commit") == []


class TestSessionUpdate:
    def test_the_echo_fills_in_the_defaults(self) -> None:
        session = echo(Talk().update(turn_detection=SERVER_VAD, beta_fields={"chat_mode": "audio"}))
        assert session["object"] == "realtime.session"
        assert session["voice"] == "tongtong"
        assert session["turn_detection"] == {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 500,
            "create_response": True,
            "interrupt_response": True,
        }

    def test_zeros_in_turn_detection_mean_the_defaults(self) -> None:
        zeros = {**SERVER_VAD, "threshold": 0.0, "prefix_padding_ms": 0, "silence_duration_ms": 0}
        turn_detection = part(echo(Talk().update(turn_detection=zeros)), "turn_detection")
        assert turn_detection["threshold"] == 0.5
        assert turn_detection["silence_duration_ms"] == 500

    def test_nulls_count_as_absent(self) -> None:
        nulls = dict.fromkeys(("model", "voice", "instructions", "tools", "temperature", "turn_detection"))
        session = echo(Talk().update(**nulls, tool_choice=None, max_output_tokens=None))
        assert "instructions" not in session
        assert session["model"] == "glm-realtime"

    def test_an_update_replaces_and_does_not_merge(self) -> None:
        talk = Talk()
        talk.update(turn_detection=SERVER_VAD, voice="xiaochen")
        session = echo(talk.update(tools=[]))
        assert "turn_detection" not in session
        assert session["voice"] == "tongtong"

    def test_the_built_in_search_shows_up_as_a_tool(self) -> None:
        tools = echo(Talk().update(beta_fields={"chat_mode": "audio", "auto_search": True}))["tools"]
        assert is_list(tools)
        assert is_object(tools[0])
        assert tools[0]["name"] == "search_engine_auto"
        assert "tools" not in echo(Talk().update(beta_fields={"chat_mode": "audio", "auto_search": False}))

    def test_a_refused_update_changes_nothing(self) -> None:
        talk = Talk()
        talk.update(turn_detection=SERVER_VAD)
        talk.update(model="gpt-4")
        assert talk.session.config.vad is not None

    @pytest.mark.parametrize(
        "session",
        ILLEGAL,
        ids=str,
    )
    def test_illegal_values_are_refused(self, session: dict[str, object]) -> None:
        talk = Talk()
        assert talk.error_of(talk.update(**session))["type"] == "invalid_request_error"

    @pytest.mark.parametrize(
        "session",
        [
            {},
            {"model": "glm-realtime-flash"},
            {"modalities": "text"},
            {"modalities": ["audio", "text"]},
            {"turn_detection": None},
            {"turn_detection": {"type": "client_vad"}},
            {"turn_detection": {"type": "none"}},
            {"max_response_output_tokens": "inf"},
            {"max_response_output_tokens": "100"},
            {"max_response_output_tokens": 100},
            {"input_audio_format": "wav48"},
            {"input_audio_format": "pcm24"},
            {"output_audio_format": "mp3"},
            {"beta_fields": {"chat_mode": "video"}},
            {"beta_fields": {"chat_mode": "video_proactive"}},
            {"greeting_config": {"enable": False}},
            {"temperature": 1.2},
        ],
        ids=str,
    )
    def test_every_reading_of_the_documents_is_accepted(self, session: dict[str, object]) -> None:
        assert types(Talk().update(**session)) == ["session.updated", "heartbeat"]

    def test_a_session_that_is_no_object_is_refused(self) -> None:
        talk = Talk()
        talk.error_of(talk.send("session.update", session=[]))
        talk.error_of(talk.send("session.update"))


class TestAudio:
    def test_commit_of_an_empty_buffer_is_refused(self) -> None:
        talk = Talk()
        talk.error_of(talk.send("input_audio_buffer.commit"))

    def test_clear_empties_the_buffer(self) -> None:
        talk = Talk()
        talk.append(speech(100))
        cleared = talk.send("input_audio_buffer.clear")
        assert cleared[0]["type"] == "input_audio_buffer.cleared"
        assert "eventId" in cleared[0]
        talk.error_of(talk.send("input_audio_buffer.commit"))

    def test_clear_ends_a_speech_unheard(self) -> None:
        talk = Talk()
        talk.update(turn_detection=SERVER_VAD)
        talk.append(speech(500))
        talk.send("input_audio_buffer.clear")
        assert talk.stream(silence(2000)) == []

    def test_commit_is_the_servers_business_under_server_vad(self) -> None:
        talk = Talk()
        talk.update(turn_detection=SERVER_VAD)
        talk.append(silence(100))
        talk.error_of(talk.send("input_audio_buffer.commit"))

    @pytest.mark.parametrize(
        "audio",
        [
            None,
            "",
            7,
            "%%%",
            encoded(b"ID3 mp3 bytes"),
            encoded(wav(b"")[:20]),
            encoded(wav(speech(20), 4000)),
        ],
        ids=str,
    )
    def test_what_is_no_sound_is_refused(self, audio: object) -> None:
        talk = Talk()
        talk.error_of(talk.send("input_audio_buffer.append", audio=audio))

    def test_pcm_of_an_odd_length_is_refused(self) -> None:
        talk = Talk()
        talk.update(input_audio_format="pcm24")
        talk.error_of(talk.send("input_audio_buffer.append", audio=encoded(b"\0\0\0")))

    def test_a_turn_above_thirty_seconds_is_refused(self) -> None:
        talk = Talk()
        assert talk.append(silence(29_900)) == []
        talk.error_of(talk.append(silence(200)))
        assert types(talk.send("input_audio_buffer.commit"))[0] == "input_audio_buffer.committed"

    def test_server_vad_listens_as_long_as_it_takes(self) -> None:
        talk = Talk()
        talk.update(turn_detection=SERVER_VAD)
        assert talk.append(silence(29_000)) + talk.append(silence(29_000)) == []

    def test_video_frames_need_video_mode_and_a_jpeg(self) -> None:
        talk = Talk()
        talk.error_of(talk.send("input_audio_buffer.append_video_frame", video_frame=JPEG))
        talk.update(beta_fields={"chat_mode": "video_passive"})
        talk.error_of(talk.send("input_audio_buffer.append_video_frame", video_frame=encoded(b"\x89PNG")))
        assert talk.send("input_audio_buffer.append_video_frame", video_frame=JPEG) == []


class TestItems:
    def test_an_item_is_created_retrieved_and_deleted(self) -> None:
        talk = Talk()
        created = talk.say("今天北京的天气怎么样？")
        item = part(created[-1], "item")
        retrieved = talk.send("conversation.item.retrieve", item_id=item["id"])
        deleted = talk.send("conversation.item.delete", item_id=item["id"])
        assert types(created) == ["conversation.created", "conversation.item.created"]
        assert part(retrieved[0], "item") == item
        assert (deleted[0]["type"], deleted[0]["item_id"]) == ("conversation.item.deleted", item["id"])
        talk.error_of(talk.send("conversation.item.retrieve", item_id=item["id"]))

    def test_the_client_may_choose_the_id_once(self) -> None:
        talk = Talk()
        created = talk.send("conversation.item.create", item=message("你好", id="mine"))
        assert part(created[-1], "item")["id"] == "mine"
        talk.error_of(talk.send("conversation.item.create", item=message("你好", id="mine")))

    def test_a_spoken_item_is_retrieved_with_its_transcript(self) -> None:
        talk = Talk()
        talk.script.transcripts.append("你好")
        talk.append(speech(500))
        committed = talk.send("input_audio_buffer.commit")[0]
        item = part(talk.send("conversation.item.retrieve", item_id=committed["item_id"])[0], "item")
        assert item["content"] == [{"type": "input_audio", "transcript": "你好"}]

    @pytest.mark.parametrize(
        "item",
        [
            None,
            {},
            {"type": "thought"},
            message("  "),
            message("hi", role="robot"),
            message("hi", content=[]),
            message("hi", content=["hi"]),
            {"type": "function_call_output", "output": ""},
            {"type": "function_call_output"},
            {"type": "function_call", "arguments": "{}"},
        ],
        ids=str,
    )
    def test_blank_and_broken_items_are_refused(self, item: object) -> None:
        talk = Talk()
        talk.error_of(talk.send("conversation.item.create", item=item))

    def test_history_can_be_put_back_after_a_reconnect(self) -> None:
        talk = Talk()
        for item in (
            message("你好"),
            message("你好！", role="assistant", content=[{"type": "text", "text": "你好！"}]),
            message("be brief", role="system"),
            message("x", content=[{"type": "input_audio", "audio": "AAAA"}]),
            {"type": "function_call", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "id": "", "call_id": "", "output": "{}", "status": None},
        ):
            assert types(talk.send("conversation.item.create", item=item))[-1] == "conversation.item.created"

    def test_a_long_conversation_forgets_its_beginning(self) -> None:
        talk = Talk()
        first = part(talk.say("the first")[-1], "item")
        for number in range(250):
            talk.say(f"line {number}")
        talk.error_of(talk.send("conversation.item.retrieve", item_id=first["id"]))

    def test_a_response_needs_something_to_answer(self) -> None:
        talk = Talk()
        talk.error_of(talk.ask())


class TestQuirks:
    def events(self, quirk: str) -> list[Event]:
        talk = Talk(Conduct(quirks=frozenset({quirk}), heartbeat_seconds=10))
        talk.script.answers.append(Answer(text="一个不太长的回答。"))
        talk.say("你好")
        talk.ask()
        return talk.run(15)

    def test_an_unknown_quirk_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="no_such"):
            Conduct(quirks=frozenset({"no_such"}))
        with pytest.raises(ValueError, match="speed"):
            Conduct(speed=0)

    @pytest.mark.parametrize("quirk", sorted(QUIRKS))
    def test_every_quirk_still_ends_the_answer(self, quirk: str) -> None:
        assert "response.done" in types(self.events(quirk))

    def test_other_spellings(self) -> None:
        assert "rate_limites.updated" in types(self.events("rate_limites"))
        talk = Talk(Conduct(quirks=frozenset({"transcription.session", "event_id_everywhere"})))
        updated = talk.send("transcription_session.update", session={})
        assert updated[0]["type"] == "transcription.session.updated"
        assert "event_id" in talk.send("input_audio_buffer.clear")[0]

    def test_a_bare_heartbeat(self) -> None:
        assert only(self.events("bare_heartbeat"), "heartbeat") == [{"type": "heartbeat"}]

    def test_deltas_as_objects(self) -> None:
        assert only(self.events("delta_object"), "response.text.delta")[0]["delta"] == {"text": "一个不"}

    def test_new_items_as_the_vendors_models_want_them(self) -> None:
        item = part(only(self.events("plain_items"), "conversation.item.created")[0], "item")
        assert (item["status"], item["content"]) == ("incomplete", [])

    def test_no_order_between_types_but_within_each(self) -> None:
        plain, mixed = self.events("no_usage"), self.events("shuffle")
        said = [event["delta"] for event in only(plain, "response.text.delta")]
        assert [event["delta"] for event in only(mixed, "response.text.delta")] == said
        assert sorted(types(mixed)) == sorted(types(plain))
        assert types(mixed) != types(plain)

    @pytest.mark.parametrize(
        ("quirk", "expected"),
        [
            ("done_only", {"response.done"}),
            ("cancelled_only", {"response.cancelled"}),
            ("late_delta", {"response.cancelled", "response.done"}),
        ],
    )
    def test_the_ways_a_cancelled_answer_ends(self, quirk: str, expected: set[str]) -> None:
        talk = Talk(Conduct(quirks=frozenset({quirk}), heartbeat_seconds=None))
        talk.say("你好")
        talk.ask()
        talk.run(0.5)
        ended = types(talk.send("response.cancel"))
        assert set(ended) & {"response.done", "response.cancelled"} == expected
        assert any(kind.endswith(".delta") for kind in ended) == (quirk == "late_delta")

    def test_errors_that_name_the_event_they_answer(self) -> None:
        talk = Talk(Conduct(quirks=frozenset({"error_event_id"})))
        error = talk.error_of(talk.send("response.cancel", event_id="mine"))
        assert error["event_id"] == "mine"
