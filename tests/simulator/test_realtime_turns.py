"""The turns of a realtime session: who speaks, what is committed, what is answered, in which order."""

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
    status,
    types,
    types_once,
)
from zhipu_async.simulator.realtime_answer import Answer
from zhipu_async.simulator.realtime_session import Conduct

ANSWER = [
    "response.output_item.added",
    "conversation.item.created",
    "response.content_part.added",
]
DELTAS = ["response.text.delta", "response.audio_transcript.delta", "response.audio.delta"]
ENDS = [
    "response.text.done",
    "response.audio_transcript.done",
    "response.audio.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]
TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


def spoken_turn(talk: Talk) -> list[str]:
    return types_once(talk.stream(speech(600) + silence(700)) + talk.run(60))


def test_a_session_starts_with_its_configuration_and_a_heartbeat() -> None:
    created, heartbeat = Talk().opening
    session = part(created, "session")
    assert (created["type"], heartbeat["type"]) == ("session.created", "heartbeat")
    assert (session["model"], session["voice"]) == ("glm-realtime", "default")
    assert (session["input_audio_format"], session["output_audio_format"]) == ("wav", "pcm")


def test_client_vad_follows_the_platforms_diagram() -> None:
    talk = Talk()
    talk.update()
    talk.append(speech(1000))
    committed = types(talk.send("input_audio_buffer.commit"))
    talk.ask()
    answered = types_once(talk.run(60))
    assert committed == ["input_audio_buffer.committed", "conversation.created", "conversation.item.created"]
    assert answered == ["response.created", "rate_limits.updated", TRANSCRIBED, *ANSWER, *DELTAS, *ENDS]


def test_server_vad_follows_the_platforms_diagram() -> None:
    talk = Talk()
    talk.update(turn_detection=SERVER_VAD)
    assert spoken_turn(talk) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.created",
        "conversation.item.created",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "response.content_part.added",
        TRANSCRIBED,
        *DELTAS,
        *ENDS,
    ]


def test_the_committed_item_has_another_id_than_the_speech() -> None:
    talk = Talk()
    talk.update(turn_detection=SERVER_VAD)
    events = talk.stream(speech(600) + silence(700))
    speech_ids = {
        only(events, f"input_audio_buffer.speech_{edge}")[0]["item_id"] for edge in ("started", "stopped")
    }
    committed = only(events, "input_audio_buffer.committed")[0]["item_id"]
    assert len(speech_ids) == 1
    assert committed not in speech_ids
    assert part(only(events, "conversation.item.created")[0], "item")["id"] == committed


def test_speech_is_placed_in_the_sessions_audio_with_padding_and_silence_included() -> None:
    talk = Talk()
    talk.update(turn_detection={**SERVER_VAD, "prefix_padding_ms": 200, "silence_duration_ms": 400})
    events = talk.stream(silence(1000) + speech(600) + silence(600))
    assert only(events, "input_audio_buffer.speech_started")[0]["audio_start_ms"] == 800
    assert only(events, "input_audio_buffer.speech_stopped")[0]["audio_end_ms"] == 2000


def test_silence_alone_starts_nothing() -> None:
    talk = Talk()
    talk.update(turn_detection=SERVER_VAD)
    assert talk.stream(silence(3000)) == []


def test_a_second_spoken_turn_is_answered_too() -> None:
    talk = Talk()
    talk.update(turn_detection=SERVER_VAD)
    spoken_turn(talk)
    again = spoken_turn(talk)
    assert again[0] == "input_audio_buffer.speech_started"
    assert again[-1] == "response.done"
    assert "conversation.created" not in again


def test_one_append_may_hold_two_turns() -> None:
    talk = Talk()
    talk.update(turn_detection=SERVER_VAD)
    events = talk.append((speech(600) + silence(700)) * 2)
    assert len(only(events, "input_audio_buffer.committed")) == 2
    assert [status(done) for done in only(events + talk.run(60), "response.done")] == [
        "cancelled",
        "completed",
    ]


def test_speech_ends_by_the_clock_when_the_line_goes_dead() -> None:
    talk = Talk()
    talk.update(turn_detection=SERVER_VAD)
    talk.stream(speech(600))
    assert types_once(talk.run(60))[0] == "input_audio_buffer.speech_stopped"


def test_speech_never_ends_on_a_dead_line_if_so_wished() -> None:
    talk = Talk(Conduct(heartbeat_seconds=None, line_silence_seconds=None))
    talk.update(turn_detection=SERVER_VAD)
    talk.stream(speech(600))
    assert talk.run(600) == []


def test_without_create_response_the_server_waits_to_be_asked() -> None:
    talk = Talk()
    talk.update(turn_detection={**SERVER_VAD, "create_response": False})
    assert spoken_turn(talk)[-2:] == ["conversation.item.created", TRANSCRIBED]
    talk.ask()
    assert types(talk.run(60))[-1] == "response.done"


def test_speaking_over_an_answer_stops_it() -> None:
    talk = Talk()
    talk.update(turn_detection=SERVER_VAD)
    talk.script.answers.append(Answer(text="很长的回答。" * 30))
    talk.stream(speech(600) + silence(700))
    events = talk.run(1.0) + talk.stream(speech(300))
    assert status(only(events, "response.done")[0]) == "cancelled"
    assert "response.cancelled" not in types(events)
    assert types(events)[-5:] == [*ENDS[1:]]


def test_speaking_over_an_answer_leaves_it_alone_if_so_configured() -> None:
    talk = Talk()
    talk.update(turn_detection={**SERVER_VAD, "interrupt_response": False})
    talk.script.answers.append(Answer(text="很长的回答。" * 30))
    events = talk.stream(speech(600) + silence(700) + speech(300)) + talk.run(90)
    assert [status(done) for done in only(events, "response.done")] == ["completed", "completed"]


def test_a_cancelled_answer_closes_what_it_had_opened() -> None:
    talk = Talk()
    talk.say("你好")
    talk.ask()
    begun = talk.run(1.0)
    ended = talk.send("response.cancel")
    assert types(ended)[0] == "response.cancelled"
    assert [kind for kind in types(ended) if kind in ENDS] == [
        kind for kind in ENDS if kind not in types(begun)
    ]
    assert status(ended[-1]) == "cancelled"
    assert talk.run(60) == []


def test_cancelling_before_the_first_word_still_brings_response_done() -> None:
    talk = Talk()
    talk.say("你好")
    talk.ask()
    talk.run(0.1)
    assert types(talk.send("response.cancel")) == ["response.cancelled", "response.done"]


def test_cancelling_stops_every_response_in_the_queue() -> None:
    talk = Talk()
    talk.say("你好")
    talk.ask()
    talk.ask()
    talk.send("response.cancel")
    assert talk.run(60) == []


def test_cancelling_nothing_is_a_stop_task_error() -> None:
    talk = Talk()
    assert talk.error_of(talk.send("response.cancel"))["code"] == "stop_task_error"


def test_responses_asked_for_during_a_response_come_one_after_the_other() -> None:
    talk = Talk()
    talk.say("你好")
    talk.ask()
    talk.ask()
    ids = [part(done, "response")["id"] for done in only(talk.run(120), "response.done")]
    assert len(set(ids)) == 2


def test_a_client_that_asks_without_end_is_told_so() -> None:
    talk = Talk()
    talk.say("你好")
    answers = [event for _ in range(20) for event in talk.ask()]
    assert len(answers) == 11


def test_video_needs_a_frame_before_the_response() -> None:
    talk = Talk()
    talk.update(beta_fields={"chat_mode": "video_passive"})
    talk.append(speech(500))
    talk.send("input_audio_buffer.commit")
    assert talk.error_of(talk.ask())["code"] == "video_model_query_error"
    talk.send("input_audio_buffer.append_video_frame", video_frame=JPEG)
    assert talk.ask() == []
    assert types(talk.run(60))[-1] == "response.done"


def test_video_under_server_vad_needs_a_frame_too() -> None:
    talk = Talk()
    talk.update(beta_fields={"chat_mode": "video_passive"}, turn_detection=SERVER_VAD)
    error = only(talk.stream(speech(600) + silence(700)), "error")[0]
    assert part(error, "error")["code"] == "video_model_query_error"


def test_frames_alone_may_be_committed() -> None:
    talk = Talk()
    talk.update(beta_fields={"chat_mode": "video_passive"})
    talk.send("input_audio_buffer.append_video_frame", video_frame=JPEG)
    assert types(talk.send("input_audio_buffer.commit"))[0] == "input_audio_buffer.committed"


def test_a_built_in_search_announces_itself_before_the_words() -> None:
    talk = Talk()
    talk.say("今天的新闻")
    talk.script.answers.append(Answer(text="有三条新闻。", search="我马上查一下！"))
    talk.ask()
    events = talk.run(60)
    browser = only(events, "response.function_call.simple_browser")[0]
    order = types_once(events)
    assert browser["name"] == "simple_browser"
    assert order.index("response.created") < order.index("response.function_call.simple_browser")
    assert order.index("response.function_call.simple_browser") < order.index(
        "response.audio_transcript.delta"
    )


def test_the_model_speaks_first_when_a_greeting_is_set() -> None:
    talk = Talk()
    greeting = {"enable": True, "content": "欢迎光临"}
    talk.update(beta_fields={"chat_mode": "audio", "greeting_config": greeting})
    events = talk.run(60)
    assert only(events, "response.text.done")[0]["text"] == "欢迎光临"
    talk.update(beta_fields={"chat_mode": "audio", "greeting_config": greeting})
    assert only(talk.run(60), "response.created") == []


def test_leaving_video_drops_the_history_and_entering_keeps_it() -> None:
    talk = Talk()
    item = part(talk.say("你好")[-1], "item")
    talk.update(beta_fields={"chat_mode": "video_passive"})
    assert types(talk.send("conversation.item.retrieve", item_id=item["id"])) == [
        "conversation.item.retrieved"
    ]
    talk.update(beta_fields={"chat_mode": "audio"})
    assert types(talk.send("conversation.item.retrieve", item_id=item["id"])) == ["error"]


def test_recognition_that_fails_is_an_event_and_the_turn_goes_on() -> None:
    talk = Talk()
    talk.script.transcripts.append(None)
    talk.append(speech(500))
    talk.send("input_audio_buffer.commit")
    talk.ask()
    events = talk.run(60)
    failed = only(events, "conversation.item.input_audio_transcription.failed")[0]
    assert part(failed, "error")["code"] == "asr_no_result"
    assert types(events)[-1] == "response.done"


def test_nobody_is_heard_in_a_silent_recording() -> None:
    talk = Talk()
    talk.append(silence(500))
    talk.send("input_audio_buffer.commit")
    assert types(talk.run(5)) == ["conversation.item.input_audio_transcription.failed"]


def test_a_transcription_session_transcribes_and_does_not_answer() -> None:
    talk = Talk()
    talk.script.transcripts.append("记一下")
    session = {"input_audio_format": "pcm", "turn_detection": SERVER_VAD}
    updated = talk.send("transcription_session.update", session=session)[0]
    sound = speech(600) + silence(700)
    events = talk.send("input_audio_buffer.append", audio=encoded(sound)) + talk.run(60)
    assert updated["type"] == "transcription_session.updated"
    assert part(updated, "session")["input_audio_format"] == "pcm16"
    assert only(events, TRANSCRIBED)[0]["transcript"] == "记一下"
    assert "response.created" not in types(events)
    assert types(talk.ask()) == ["error"]


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_an_answer_takes_time_and_speed_shortens_it(speed: float) -> None:
    talk = Talk(Conduct(heartbeat_seconds=None, speed=speed))
    talk.say("你好")
    talk.ask()
    begin, seen = talk.now, list[str]()
    while "response.done" not in seen:
        seen += types(talk.run(0.01))
    assert 1.0 < (talk.now - begin) * speed < 3.5


def test_heartbeats_come_at_their_interval() -> None:
    talk = Talk(Conduct(heartbeat_seconds=30))
    assert types(talk.run(95)) == ["heartbeat"] * 3


def test_appends_above_the_rate_are_dropped_in_silence() -> None:
    talk = Talk()
    answers = [event for _ in range(80) for event in talk.append(silence(10))]
    assert answers == []
    assert talk.session.dropped_appends == 30
    talk.run(1.0)
    talk.append(silence(10))
    assert talk.session.dropped_appends == 30
