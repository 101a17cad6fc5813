"""Turns, answers, function calls, errors, clocks and reconnects, played without a socket."""

from __future__ import annotations

import base64

import pytest

from tests.protocol.realtime_talk import Talk, new, ready, wanted
from zhipu_async.errors import IllegalCall, RealtimeClosed, RealtimeServerError, TurnStalled
from zhipu_async.protocol.realtime import Machine
from zhipu_async.protocol.realtime_answers import AnswerRecord
from zhipu_async.protocol.realtime_calls import Verdict
from zhipu_async.protocol.realtime_outputs import (
    Acknowledged,
    Began,
    Failed,
    Flush,
    GiveUp,
    Output,
    Ping,
    Progress,
    Ready,
)
from zhipu_async.protocol.realtime_states import Answering, Configuration, Connection, Input
from zhipu_async.protocol.realtime_timing import Patience, Timer
from zhipu_async.types.realtime import (
    ErrorEvent,
    HistoryDropped,
    ProtocolWarning,
    RealtimeEvent,
    ResponseAudioDelta,
    ResponseTextDelta,
    TurnStall,
)
from zhipu_async.types.realtime_client import (
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    InputAudioBufferAppend,
    InputAudioBufferAppendVideoFrame,
    InputAudioBufferClear,
    InputAudioBufferCommit,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
    TranscriptionConfig,
    TranscriptionSessionUpdate,
)
from zhipu_async.types.realtime_session import TurnDetection

SAMPLES = base64.b64encode(b"\1\0\2\0").decode()


def began(outputs: list[Output]) -> AnswerRecord:
    (record,) = [output.record for output in outputs if isinstance(output, Began)]
    return record


def answering(talk: Talk) -> Answering:
    return talk.machine.state.answering


def heard_input(talk: Talk) -> Input:
    return talk.machine.state.input


def connection(talk: Talk) -> Connection:
    return talk.machine.state.connection


def configuration(talk: Talk) -> Configuration:
    return talk.machine.state.configuration


# ── connecting ─────────────────────────────────────────────────────────────────────────────────────


def test_the_whole_configuration_is_sent_before_anything_else() -> None:
    talk = Talk(new(voice="tongtong"))
    talk.machine.dial()
    talk.machine.opened(talk.now)
    assert connection(talk) is Connection.GREETING
    talk.hear("session.created", session={"id": "s1"})
    (update,) = talk.written
    assert isinstance(update, SessionUpdate)
    assert update.session.voice == "tongtong"
    talk.hear("session.updated", session={"id": "s1"})
    assert Ready() in talk.outputs
    assert connection(talk) is Connection.READY
    assert talk.machine.echo.id == "s1"


def test_a_second_session_created_changes_nothing() -> None:
    talk = ready()
    talk.hear("session.created", session={"id": "other"})
    assert talk.written == []


def test_an_echo_that_contradicts_the_wish_is_reported() -> None:
    talk = Talk(new(voice="tongtong", input_audio_format="pcm24"))
    talk.machine.dial()
    talk.machine.opened(talk.now)
    talk.hear("session.created")
    talk.hear("session.updated", session={"voice": "default", "input_audio_format": "pcm24"})
    warning = ProtocolWarning(what="the session did not take: voice", event_type="session.updated")
    assert warning in talk.delivered


def test_a_refused_configuration_ends_the_connection_attempt() -> None:
    talk = Talk(new())
    talk.machine.dial()
    talk.machine.opened(talk.now)
    talk.hear("session.created")
    talk.failed("invalid_request_error")
    assert any(isinstance(output, GiveUp) for output in talk.outputs)


def test_an_error_instead_of_a_greeting_ends_the_connection_attempt() -> None:
    talk = Talk(new())
    talk.machine.dial()
    talk.machine.opened(talk.now)
    talk.failed("no_quota")
    (give_up,) = [output for output in talk.outputs if isinstance(output, GiveUp)]
    assert isinstance(give_up.error, RealtimeServerError)


def test_a_platform_that_never_greets_is_given_up() -> None:
    talk = Talk(new())
    talk.machine.dial()
    talk.machine.opened(talk.now)
    assert [type(event) for event in (talk.wait(3.0) and talk.written)] == [SessionUpdate]
    (give_up,) = talk.wait(10.0)
    assert isinstance(give_up, GiveUp)
    assert isinstance(give_up.error, TurnStalled)


def test_a_platform_that_waits_for_us_to_speak_first_is_told_the_configuration() -> None:
    talk = Talk(new())
    talk.machine.dial()
    talk.machine.opened(talk.now)
    talk.wait(3.0)
    assert [type(event) for event in talk.written] == [SessionUpdate]
    talk.hear("session.created")
    assert talk.written == []
    talk.hear("session.updated")
    assert connection(talk) is Connection.READY


def test_a_session_is_used_once() -> None:
    talk = ready()
    with pytest.raises(IllegalCall, match="used once"):
        talk.machine.dial()


def test_the_machine_shows_its_state() -> None:
    assert repr(ready().machine) == "<Machine READY, input EMPTY, answer IDLE>"
    assert repr(new()) == "<Machine NEW>"


# ── turns under client VAD ─────────────────────────────────────────────────────────────────────────


def test_a_spoken_turn_under_client_vad() -> None:
    talk = ready()
    talk.say(InputAudioBufferAppend(audio="AAA="), 100.0)
    assert heard_input(talk) is Input.BUFFERED
    talk.say(InputAudioBufferCommit())
    talk.ask()
    assert heard_input(talk) is Input.COMMITTING
    talk.hear("input_audio_buffer.committed", item_id="i1")
    assert heard_input(talk) is Input.EMPTY
    talk.started().done()
    assert answering(talk) is Answering.IDLE


def test_a_committed_turn_waits_for_its_answer() -> None:
    talk = ready().speak()
    talk.hear("input_audio_buffer.committed", item_id="i1")
    assert heard_input(talk) is Input.COMMITTED
    talk.ask()
    assert heard_input(talk) is Input.EMPTY


def test_sound_appended_while_a_commit_is_under_way_is_the_next_turn() -> None:
    talk = ready().speak()
    talk.say(InputAudioBufferAppend(audio="AAA="), 100.0)
    assert heard_input(talk) is Input.BUFFERED
    talk.hear("input_audio_buffer.committed", item_id="i1")
    assert heard_input(talk) is Input.BUFFERED
    assert talk.machine.state.unanswered == 1


def test_two_commits_are_acknowledged_one_by_one() -> None:
    talk = ready().speak().speak()
    talk.hear("input_audio_buffer.committed", item_id="i1")
    assert heard_input(talk) is Input.COMMITTING
    talk.hear("input_audio_buffer.committed", item_id="i2")
    assert heard_input(talk) is Input.COMMITTED


def test_clearing_empties_the_turn() -> None:
    talk = ready()
    talk.say(InputAudioBufferAppend(audio="AAA="), 100.0)
    talk.say(InputAudioBufferClear())
    assert heard_input(talk) is Input.EMPTY
    assert talk.machine.state.clip_ms == 0.0
    talk.hear("input_audio_buffer.cleared", eventId="e")
    assert not talk.machine.acks.open


def test_a_refused_commit_empties_the_turn_and_clears_what_the_platform_may_hold() -> None:
    talk = ready().speak()
    talk.failed("server_error")
    assert heard_input(talk) is Input.EMPTY
    assert [type(event) for event in talk.written] == [InputAudioBufferClear]
    assert talk.machine.state.unanswered == 0


def test_a_refused_commit_leaves_the_next_turn_alone() -> None:
    talk = ready().speak()
    talk.say(InputAudioBufferAppend(audio="AAA="), 100.0)
    talk.failed("server_error")
    assert heard_input(talk) is Input.BUFFERED
    assert talk.written == []


def test_a_commit_is_judged_together_with_the_sound_that_still_waits() -> None:
    talk = ready()
    with pytest.raises(IllegalCall, match="nothing was appended"):
        talk.machine.judge_commit(with_more=False)
    talk.machine.judge_commit(with_more=True)
    with pytest.raises(IllegalCall, match="server VAD"):
        ready(turn_detection="server_vad").machine.judge_commit(with_more=True)


def test_pictures_are_counted_until_the_next_answer() -> None:
    talk = ready(chat_mode="video_passive")
    talk.say(InputAudioBufferAppendVideoFrame(video_frame="x"))
    talk.say(InputAudioBufferCommit())
    talk.ask()
    assert talk.machine.state.frames == 0


def test_anything_at_all_can_be_sent_while_connected_only() -> None:
    ready().machine.judge_raw()
    with pytest.raises(IllegalCall, match="not connected"):
        new().judge_raw()


# ── turns under server VAD ─────────────────────────────────────────────────────────────────────────


def server_turn(talk: Talk) -> Talk:
    talk.hear("input_audio_buffer.speech_started", item_id="x", audio_start_ms=10)
    talk.hear("input_audio_buffer.speech_stopped", item_id="x", audio_end_ms=900)
    talk.hear("input_audio_buffer.committed", item_id="i1")
    return talk


def test_a_spoken_turn_under_server_vad_owes_an_answer() -> None:
    talk = ready(turn_detection="server_vad")
    talk.hear("input_audio_buffer.speech_started", item_id="x")
    assert heard_input(talk) is Input.SPEECH
    talk.hear("input_audio_buffer.speech_stopped", item_id="x")
    assert heard_input(talk) is Input.ENDPOINTED
    talk.hear("input_audio_buffer.committed", item_id="i1")
    assert heard_input(talk) is Input.LISTENING
    assert answering(talk) is Answering.REQUESTED
    talk.started()
    assert answering(talk) is Answering.STREAMING


def test_without_create_response_the_caller_asks() -> None:
    talk = ready(turn_detection=TurnDetection(type="server_vad", create_response=False))
    server_turn(talk)
    assert answering(talk) is Answering.IDLE
    talk.ask()
    assert answering(talk) is Answering.REQUESTED


def test_speech_interrupts_the_answer_and_flushes_it_once() -> None:
    talk = ready(turn_detection="server_vad")
    server_turn(talk).started()
    record = talk.machine.active
    assert record is not None
    outputs = talk.hear("input_audio_buffer.speech_started", item_id="y")
    assert Flush(record, "speech_started") in outputs
    assert answering(talk) is Answering.CANCELLING
    assert Flush(record, "speech_started") not in talk.hear("input_audio_buffer.speech_started", item_id="y")


def test_speech_flushes_what_is_still_to_be_heard_of_an_answer_that_has_ended() -> None:
    talk = ready(turn_detection="server_vad")
    server_turn(talk).started().done()
    outputs = talk.hear("input_audio_buffer.speech_started", item_id="y")
    assert any(isinstance(output, Flush) for output in outputs)
    assert answering(talk) is Answering.IDLE


def test_speech_interrupts_nothing_when_that_is_switched_off() -> None:
    talk = ready(turn_detection=TurnDetection(type="server_vad", interrupt_response=False))
    server_turn(talk).started()
    outputs = talk.hear("input_audio_buffer.speech_started", item_id="y")
    assert not any(isinstance(output, Flush) for output in outputs)
    assert answering(talk) is Answering.STREAMING
    server_turn(talk)
    assert answering(talk) is Answering.STREAMING  # the platform answers the second turn by itself
    talk.started("r2")
    talk.done("r1")
    assert answering(talk) is Answering.STREAMING
    assert talk.machine.active is not None
    assert talk.machine.active.id == "r2"


def test_a_turn_committed_while_the_old_answer_ends_begins_a_new_one() -> None:
    talk = ready(turn_detection="server_vad")
    server_turn(talk).started("r1")
    old = talk.machine.active
    server_turn(talk)
    assert answering(talk) is Answering.REQUESTED
    assert old is not None
    assert old.status == "cancelled"
    talk.started("r2").done("r1", "cancelled")
    assert answering(talk) is Answering.STREAMING


def test_speech_without_an_end_is_reported_once_with_what_helps() -> None:
    talk = ready(turn_detection="server_vad", tools=[{"name": "f"}])
    talk.hear("input_audio_buffer.speech_started", item_id="x")
    stalls: list[RealtimeEvent] = []
    for _ in range(4):
        talk.wait(20.0)
        stalls += [event for event in talk.delivered if isinstance(event, TurnStall)]
        talk.hear("heartbeat")
    assert [stall.hint for stall in stalls if isinstance(stall, TurnStall)] == [
        "Server VAD and tools in one session are known to hang: use client VAD with tools."
    ]


def test_an_endpoint_without_a_turn_is_reported() -> None:
    talk = ready(turn_detection="server_vad")
    talk.hear("input_audio_buffer.speech_stopped", item_id="x")
    talk.wait(10.0)
    assert talk.delivered == [TurnStall(waiting_for="the turn after the end of speech", seconds=10.0)]


# ── answers ────────────────────────────────────────────────────────────────────────────────────────


def delta(talk: Talk, response_id: str = "r1", kind: str = "text", text: str = "a") -> Talk:
    talk.hear(f"response.{kind}.delta", response_id=response_id, item_id="i", delta=text)
    return talk


def test_any_event_may_be_the_first_of_an_answer() -> None:
    talk = ready().text().ask()
    delta(talk)
    assert answering(talk) is Answering.STREAMING
    assert talk.machine.active is not None
    assert talk.machine.active.text == "a"
    talk.started()
    assert talk.machine.active.id == "r1"


def test_the_platform_may_speak_first() -> None:
    talk = ready(greeting="你好")
    talk.started("r1")
    assert answering(talk) is Answering.STREAMING
    assert began(talk.outputs).id == "r1"
    talk.done()
    assert answering(talk) is Answering.IDLE


def test_events_without_a_response_id_belong_to_the_answer_under_way() -> None:
    talk = ready().text().ask()
    talk.hear("response.text.delta", delta="a")
    assert talk.machine.active is not None
    assert talk.machine.active.text == "a"
    talk.hear("response.done", response={"status": "completed"})
    assert answering(talk) is Answering.IDLE


def test_pieces_of_nothing_are_still_delivered() -> None:
    talk = ready()
    talk.hear("response.text.delta", delta="a")
    assert [type(event) for event in talk.delivered] == [ResponseTextDelta]
    talk.hear("response.done", response={})
    talk.hear("response.cancelled", response={})
    assert answering(talk) is Answering.IDLE


def test_speech_after_a_cancel_is_recorded_but_not_delivered() -> None:
    talk = ready().text().ask().started()
    delta(talk, kind="audio", text=SAMPLES)
    assert [type(event) for event in talk.delivered] == [ResponseAudioDelta]
    record = talk.machine.active
    assert record is not None
    assert talk.say(ResponseCancel()) == [Flush(record, "cancel")]
    delta(talk, kind="audio", text=SAMPLES)
    assert talk.delivered == []
    delta(talk, kind="audio_transcript", text="w")
    assert len(talk.delivered) == 1
    assert record.audio_bytes == 4
    talk.done(status="cancelled")
    assert record.status == "cancelled"
    assert answering(talk) is Answering.IDLE


def test_a_cancelled_request_gets_its_id_late() -> None:
    talk = ready().text().ask()
    record = talk.machine.active
    talk.say(ResponseCancel())
    talk.started("r1")
    assert answering(talk) is Answering.CANCELLING
    assert talk.machine.active is record
    talk.done("r1", "cancelled")
    assert answering(talk) is Answering.IDLE


@pytest.mark.parametrize("ending", ["cancelled then done", "done alone", "cancelled alone", "nothing"])
def test_a_cancel_settles_in_each_documented_way(ending: str) -> None:
    talk = ready().text().ask().started()
    record = talk.machine.active
    talk.say(ResponseCancel())
    if "cancelled" in ending:
        talk.hear("response.cancelled", response={"id": "r1", "status": "cancelled"})
    if "done" in ending:
        talk.done("r1", "cancelled")
    else:
        talk.wait(2.0)
    assert answering(talk) is Answering.IDLE
    assert record is not None
    assert record.status == "cancelled"
    assert talk.machine.judge(ResponseCreate()) is Verdict.SEND


def test_a_cancel_that_came_late_hurts_nobody() -> None:
    talk = ready().text().ask().started()
    talk.say(ResponseCancel())
    talk.done()
    talk.failed("stop_task_error")
    (error,) = talk.delivered
    assert isinstance(error, ErrorEvent)
    assert error.answers == "response.cancel"
    assert answering(talk) is Answering.IDLE


def test_a_refusal_of_a_cancel_that_nobody_sent_is_told_as_one() -> None:
    talk = ready()
    talk.failed("stop_task_error")
    (error,) = talk.delivered
    assert isinstance(error, ErrorEvent)
    assert error.answers == "response.cancel"


def test_a_refused_cancel_waits_for_the_end_and_then_settles() -> None:
    talk = ready().text().ask().started()
    talk.say(ResponseCancel())
    talk.wait(1.5)
    talk.failed("stop_task_error")
    talk.wait(1.5)
    assert answering(talk) is Answering.CANCELLING
    talk.wait(0.5)
    assert answering(talk) is Answering.IDLE


def test_a_cancel_the_platform_made_is_an_interruption() -> None:
    talk = ready().text().ask().started()
    talk.hear("response.cancelled", response={"id": "r1"})
    assert answering(talk) is Answering.CANCELLING
    talk.done("r1", "cancelled")
    assert answering(talk) is Answering.IDLE


def test_a_second_answer_is_followed_beside_the_first() -> None:
    talk = ready().text().ask().started("r1").started("r2")
    assert began(talk.outputs).id == "r2"
    delta(talk, "r2", text="b")
    assert talk.machine.records["r2"].text == "b"
    talk.done("r2")
    assert answering(talk) is Answering.STREAMING
    talk.done("r1")
    assert answering(talk) is Answering.IDLE


def test_events_shortly_after_the_end_still_count_and_later_ones_do_not() -> None:
    talk = ready().text().ask().started().done()
    talk.now += 0.2
    delta(talk, text="late")
    record = talk.machine.records["r1"]
    assert record.text == "late"
    delta(talk, kind="audio", text=SAMPLES)
    assert talk.delivered == []
    talk.now += 0.2
    delta(talk, text="too late")
    assert record.text == "late"
    assert talk.delivered == []
    assert talk.machine.late_events == 1


def test_a_second_end_of_an_answer_changes_nothing() -> None:
    talk = ready().text().ask().started().done()
    talk.done("r1", "failed")
    assert talk.machine.records["r1"].status == "completed"


def test_speech_of_an_answer_is_let_go_when_the_next_one_begins() -> None:
    talk = ready().text().ask().started()
    delta(talk, kind="audio", text=SAMPLES)
    talk.done()
    assert talk.machine.records["r1"].chunks
    talk.text().ask().started("r2")
    assert not talk.machine.records["r1"].chunks
    assert talk.machine.records["r1"].settled


def test_only_the_latest_answers_are_remembered() -> None:
    talk = ready()
    for number in range(20):
        talk.started(f"r{number}").done(f"r{number}")
    assert len(talk.machine.records) == 16


def test_an_answer_that_did_not_complete_may_be_asked_for_again() -> None:
    talk = ready().text().ask().started().done(status="failed")
    assert talk.machine.judge(ResponseCreate()) is Verdict.SEND


def test_an_answer_that_never_begins_is_given_up_and_the_session_goes_on() -> None:
    talk = ready().text().ask()
    record = talk.machine.active
    talk.wait(30.0)
    assert record is not None
    assert isinstance(record.failure, TurnStalled)
    assert record.status == "timed_out"
    assert any(isinstance(event, TurnStall) for event in talk.delivered)
    assert talk.machine.judge(ResponseCreate()) is Verdict.SEND


def test_each_piece_of_an_answer_gives_the_next_one_time() -> None:
    talk = ready().text().ask()
    for _ in range(4):
        talk.wait(20.0)
        delta(talk)
    assert answering(talk) is Answering.STREAMING
    talk.wait(30.0)
    assert answering(talk) is Answering.IDLE


def test_broken_speech_is_reported_and_not_dropped_in_silence() -> None:
    talk = ready().text().ask().started()
    delta(talk, kind="audio", text="no base64!")
    assert (
        ProtocolWarning(what="speech that is not base64", event_type="response.audio.delta") in talk.delivered
    )


# ── errors ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_refused_request_for_an_answer_fails_that_answer() -> None:
    talk = ready().text().ask()
    record = talk.machine.active
    talk.hear("conversation.item.created", item={"id": "i", "role": "user", "type": "message"})
    talk.failed("server_error")
    assert record is not None
    assert isinstance(record.failure, RealtimeServerError)
    assert answering(talk) is Answering.IDLE
    assert Progress(record) in talk.outputs


def test_a_refused_request_that_was_cancelled_settles_too() -> None:
    talk = ready().text().ask()
    record = talk.machine.active
    talk.say(ResponseCancel())
    talk.failed("video_model_query_error")
    assert record is not None
    assert record.settled
    assert answering(talk) is Answering.IDLE
    talk.failed("server_error", event_id=talk.machine.acks.open[-1].id)
    assert answering(talk) is Answering.IDLE


def test_the_refusal_of_an_answer_that_was_given_up_changes_nothing() -> None:
    talk = ready().text().ask()
    talk.machine.timers.stop(*talk.machine.timers.expired(float("inf")))
    sent = talk.machine.acks.open[-1]
    assert sent.record is not None
    sent.record.settle("timed_out")
    talk.failed("server_error", event_id=sent.id)
    assert sent.record.status == "timed_out"


def test_an_error_with_our_event_id_belongs_to_that_call() -> None:
    talk = ready().text("one").text("two")
    ids = [sent.id for sent in talk.machine.acks.open]
    talk.failed("server_error", event_id=ids[1])
    (failed,) = [output for output in talk.outputs if isinstance(output, Failed)]
    assert failed.sent.id == ids[1]
    assert [sent.id for sent in talk.machine.acks.open] == ids[:1]


def test_a_refused_text_is_taken_back() -> None:
    talk = ready().text()
    talk.failed("invalid_request_error")
    (error,) = talk.delivered
    assert isinstance(error, ErrorEvent)
    assert error.answers == "conversation.item.create"
    assert talk.machine.state.unanswered == 0
    assert not talk.machine.state.history.entries


def test_an_error_of_nobody_is_an_event_of_the_session() -> None:
    talk = ready()
    talk.failed("server_error")
    (error,) = talk.delivered
    assert isinstance(error, ErrorEvent)
    assert error.answers == ""
    assert connection(talk) is Connection.READY


def test_a_refused_clear_changes_nothing() -> None:
    talk = ready()
    talk.say(InputAudioBufferClear())
    talk.failed("server_error")
    (error,) = talk.delivered
    assert isinstance(error, ErrorEvent)
    assert error.answers == "input_audio_buffer.clear"


def test_a_clock_without_an_answer_hurts_nobody() -> None:
    talk = ready()
    talk.machine.timers.start(Timer.CANCEL, talk.now)
    assert talk.wait(2.0) == []


def test_a_video_error_fails_the_answer_under_way() -> None:
    talk = ready().text().ask().started()
    record = talk.machine.active
    talk.failed("video_model_query_error")
    assert record is not None
    assert isinstance(record.failure, RealtimeServerError)
    assert answering(talk) is Answering.CANCELLING
    talk.done("r1", "failed")
    assert answering(talk) is Answering.IDLE
    assert isinstance(record.failure, RealtimeServerError)
    talk.failed("video_model_query_error")
    assert answering(talk) is Answering.IDLE


# ── items ──────────────────────────────────────────────────────────────────────────────────────────


def test_created_items_get_their_ids_and_foreign_ones_do_not_take_them() -> None:
    talk = ready().text("one")
    talk.hear("conversation.item.created", item={"id": "a", "role": "assistant", "type": "message"})
    talk.hear(
        "conversation.item.created",
        item={
            "id": "u",
            "role": "user",
            "type": "message",
            "content": [{"type": "input_text", "text": "other"}],
        },
    )
    assert talk.machine.state.history.entries[0].item_id == ""
    talk.hear(
        "conversation.item.created",
        item={
            "id": "i",
            "role": "user",
            "type": "message",
            "content": [{"type": "input_text", "text": "one"}],
        },
    )
    assert talk.machine.state.history.entries[0].item_id == "i"


def test_a_spoken_turn_joins_the_history_once() -> None:
    talk = ready().speak()
    talk.hear("input_audio_buffer.committed", item_id="i1")
    talk.hear(
        "conversation.item.created",
        item={"id": "i1", "role": "user", "type": "message", "content": [{"type": "input_audio"}]},
    )
    talk.hear("conversation.item.input_audio_transcription.completed", item_id="i1", transcript="hi")
    assert len(talk.machine.state.history.entries) == 1


def test_items_are_deleted_and_retrieved() -> None:
    talk = ready()
    talk.say(ConversationItemDelete(item_id="a"))
    talk.say(ConversationItemRetrieve(item_id="b"))
    talk.hear("conversation.item.retrieved", item={"id": "b"})
    assert any(isinstance(output, Acknowledged) for output in talk.outputs)
    talk.hear("conversation.item.deleted", item_id="a")
    assert any(isinstance(output, Acknowledged) for output in talk.outputs)
    talk.hear("conversation.item.deleted", item_id="z")
    assert not any(isinstance(output, Acknowledged) for output in talk.outputs)
    with pytest.raises(IllegalCall, match="history that is gone"):
        talk.machine.judge(ConversationItemRetrieve(item_id="a"))


# ── function calls ─────────────────────────────────────────────────────────────────────────────────


def test_function_results_come_before_the_next_answer() -> None:
    talk = ready().text().ask().started().called("a").called("b").done()
    assert answering(talk) is Answering.TOOLS_DUE
    talk.result("1")
    with pytest.raises(IllegalCall, match="function results"):
        talk.machine.judge(ResponseCreate())
    talk.result("2").ask()
    assert answering(talk) is Answering.REQUESTED
    with pytest.raises(IllegalCall, match="no such function result"):
        talk.result("3")


def test_results_find_their_call_by_id() -> None:
    talk = ready().text().ask().started().called("a", "c1").called("b", "c2").done()
    talk.result("2", "c2")
    assert [call.name for call in talk.machine.state.calls_left()] == ["a"]


def test_a_call_told_twice_is_one_call() -> None:
    talk = ready().text().ask().started().called("a", "c1").called("a", "c1").done()
    assert len(talk.machine.state.calls) == 1


def test_calls_of_an_answer_that_was_cut_off_mean_nothing() -> None:
    talk = ready().text().ask().started().called()
    talk.say(ResponseCancel())
    talk.done("r1", "completed")
    assert answering(talk) is Answering.IDLE
    assert talk.machine.state.calls == []


def test_tools_that_the_platform_runs_itself_are_not_answered() -> None:
    talk = Talk(new(tools=[{"name": "weather"}]))
    talk.machine.dial()
    talk.machine.opened(talk.now)
    talk.hear("session.created")
    talk.hear("session.updated", session={"tools": [{"name": "weather"}, {"name": "search_engine_auto"}]})
    talk.text().ask().started().called("search_engine_auto").done()
    assert answering(talk) is Answering.IDLE


def test_results_may_still_come_when_the_user_spoke_meanwhile() -> None:
    talk = ready(turn_detection="server_vad")
    server_turn(talk).started().called().done()
    assert answering(talk) is Answering.TOOLS_DUE
    server_turn(talk)
    assert answering(talk) is Answering.REQUESTED
    talk.result("42")
    assert talk.machine.state.calls_open() == []


# ── updates ────────────────────────────────────────────────────────────────────────────────────────


def test_an_update_is_acknowledged_and_holds() -> None:
    talk = ready()
    talk.say(SessionUpdate(session=wanted(voice="xiaochen")))
    assert configuration(talk) is Configuration.UPDATING
    talk.hear("session.updated", session={"voice": "xiaochen"})
    assert configuration(talk) is Configuration.SETTLED
    assert talk.machine.state.before.voice == "xiaochen"


def test_a_refused_update_leaves_the_session_as_it_was() -> None:
    talk = ready()
    talk.say(SessionUpdate(session=wanted(voice="nobody")))
    talk.failed("invalid_request_error")
    assert configuration(talk) is Configuration.SETTLED
    assert talk.machine.state.wanted.voice is None


def test_an_update_without_an_answer_fails() -> None:
    talk = ready()
    talk.say(SessionUpdate(session=wanted(voice="x")))
    (failed,) = talk.wait(10.0)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, TurnStalled)
    assert configuration(talk) is Configuration.SETTLED


def test_an_update_nobody_asked_for_is_no_news() -> None:
    talk = ready()
    talk.hear("session.updated", session={"id": "s2"})
    assert talk.machine.echo.id == "s2"
    assert configuration(talk) is Configuration.SETTLED


@pytest.mark.parametrize("ack", ["transcription_session.updated", "transcription.session.updated"])
def test_a_transcription_session_is_updated_under_either_name(ack: str) -> None:
    talk = ready()
    talk.say(TranscriptionSessionUpdate(session=TranscriptionConfig()))
    talk.hear(ack, session={})
    assert any(isinstance(output, Acknowledged) for output in talk.outputs)
    talk.hear(ack, session={})
    assert not any(isinstance(output, Acknowledged) for output in talk.outputs)
    talk.say(TranscriptionSessionUpdate(session=TranscriptionConfig()))
    talk.failed("server_error")
    assert configuration(talk) is Configuration.SETTLED


def test_going_from_video_to_audio_drops_the_history() -> None:
    talk = ready(chat_mode="video_passive").text()
    talk.say(SessionUpdate(session=wanted(chat_mode="audio")))
    talk.hear("session.updated", session={})
    assert HistoryDropped(reason="chat_mode", items=1) in talk.delivered
    assert not talk.machine.state.history.entries


def test_going_from_audio_to_video_keeps_it_and_asks_for_a_picture() -> None:
    talk = ready().text()
    talk.say(SessionUpdate(session=wanted(chat_mode="video_passive")))
    talk.hear("session.updated", session={})
    assert len(talk.machine.state.history.entries) == 1
    with pytest.raises(IllegalCall, match="picture"):
        talk.machine.judge(ResponseCreate())


def test_what_is_told_again_is_known_to_the_next_connection_too() -> None:
    talk = ready(chat_mode="video_passive").text("one")
    entries, _ = talk.machine.state.history.to_tell()
    talk.say(SessionUpdate(session=wanted(chat_mode="audio")))
    talk.hear("session.updated", session={})
    talk.machine.tell_again(entries, talk.now)
    assert talk.machine.state.history.to_tell() == (entries, 0)


def test_what_is_told_again_and_refused_takes_nothing_back() -> None:
    talk = ready(chat_mode="video_passive").text("one")
    talk.machine.acks.drain()
    entries, _ = talk.machine.state.history.to_tell()
    talk.machine.tell_again(entries, talk.now)
    talk.failed("server_error")
    assert talk.machine.state.unanswered == 1


def test_changing_the_turn_mode_restarts_the_input() -> None:
    talk = ready()
    talk.say(SessionUpdate(session=wanted(turn_detection="server_vad")))
    talk.hear("session.updated", session={})
    assert heard_input(talk) is Input.LISTENING


def test_a_history_can_be_told_again_after_a_change_of_mode() -> None:
    talk = ready(chat_mode="video_passive").text("one")
    entries, _ = talk.machine.state.history.to_tell()
    talk.outputs = talk.machine.tell_again(entries, talk.now)
    assert [type(event) for event in talk.written] == [ConversationItemCreate]
    talk.wait(2.0)
    assert not any(isinstance(output, Ready) for output in talk.outputs)


# ── liveness, loss, reconnect ──────────────────────────────────────────────────────────────────────


def test_silence_leads_to_a_ping_and_then_to_the_end() -> None:
    talk = ready()
    assert talk.wait(74.0) == []
    assert [type(output) for output in talk.wait(1.0)] == [Ping]
    (give_up,) = talk.wait(10.0)
    assert isinstance(give_up, GiveUp)
    assert isinstance(give_up.error, RealtimeClosed)


def test_any_sign_of_life_is_enough() -> None:
    talk = ready()
    talk.wait(75.0)
    talk.machine.alive(talk.now)
    assert talk.wait(74.0) == []
    talk.hear("heartbeat")
    assert talk.wait(74.0) == []


CUT = RealtimeClosed("cut", close_code=1006)


def lost(talk: Talk, *, again: bool = True) -> Talk:
    talk.outputs = talk.machine.lost(CUT, talk.now, again=again)
    return talk


def back(talk: Talk) -> Talk:
    talk.machine.dial()
    talk.machine.opened(talk.now)
    talk.hear("session.created", session={})
    return talk


def test_a_loss_settles_everything_that_hung_on_the_connection() -> None:
    talk = ready().text().ask().started()
    record = talk.machine.active
    lost(talk, again=False)
    assert record is not None
    assert (record.status, record.failure) == ("lost", CUT)
    assert connection(talk) is Connection.CLOSED
    assert talk.machine.next_due() is None
    with pytest.raises(RealtimeClosed):
        talk.text()


def test_a_loss_before_an_answer_has_an_id_settles_it_too() -> None:
    talk = ready().text().ask()
    record = talk.machine.active
    lost(talk)
    assert record is not None
    assert record.status == "lost"
    failed = [output.sent.event.type for output in talk.outputs if isinstance(output, Failed)]
    assert failed == ["conversation.item.create", "response.create"]


def test_a_new_connection_is_told_the_configuration_and_then_the_history() -> None:
    talk = ready(voice="tongtong").text("one").ask().started()
    delta(talk, text="two")
    talk.done()
    lost(talk)
    assert connection(talk) is Connection.BACKOFF
    back(talk)
    assert [type(event) for event in talk.written] == [SessionUpdate]
    talk.hear("session.updated", session={})
    told = [event.item.content for event in talk.written if isinstance(event, ConversationItemCreate)]
    assert [(part.type, part.text) for parts in told for part in parts or ()] == [
        ("input_text", "one"),
        ("text", "two"),
    ]
    assert connection(talk) is Connection.RESTORING
    for role in ("user", "assistant"):
        talk.hear("conversation.item.created", item={"id": role, "role": role, "type": "message"})
    assert Ready(restored_items=2, lost_items=0) in talk.outputs
    assert connection(talk) is Connection.READY


def test_refused_items_are_counted_as_lost() -> None:
    talk = ready().text("one")
    lost(talk)
    back(talk)
    talk.hear("session.updated", session={})
    talk.failed("invalid_request_error")
    assert Ready(restored_items=0, lost_items=1) in talk.outputs


def test_items_that_nobody_acknowledges_do_not_hold_up_the_session() -> None:
    talk = ready().text("one")
    lost(talk)
    back(talk)
    talk.hear("session.updated", session={})
    assert Ready(restored_items=1, lost_items=0) in talk.wait(2.0)
    assert talk.wait(74.0) == []


def test_a_session_without_history_is_ready_at_once() -> None:
    talk = lost(ready())
    back(talk)
    talk.hear("session.updated", session={})
    assert Ready() in talk.outputs


def test_an_item_that_comes_before_the_configuration_does_not_make_the_session_ready() -> None:
    talk = lost(ready())
    talk.machine.dial()
    talk.machine.opened(talk.now)
    talk.hear("conversation.item.created", item={"id": "i", "role": "user", "type": "message"})
    assert connection(talk) is Connection.RESTORING


def test_an_update_that_was_under_way_is_what_the_new_connection_begins_with() -> None:
    talk = ready()
    talk.say(SessionUpdate(session=wanted(turn_detection="server_vad")))
    lost(talk)
    assert heard_input(talk) is Input.LISTENING
    back(talk)
    talk.failed("server_error")
    assert talk.machine.state.wanted.turn_detection.by_server


def test_a_loss_while_restoring_starts_over() -> None:
    talk = lost(ready().text("one"))
    back(talk)
    talk.hear("session.updated", session={})
    lost(talk)
    back(talk)
    talk.hear("session.updated", session={})
    assert len([event for event in talk.written if isinstance(event, ConversationItemCreate)]) == 1


def test_a_configuration_refused_while_restoring_ends_the_attempt() -> None:
    talk = lost(ready())
    back(talk)
    talk.failed("server_error")
    assert any(isinstance(output, GiveUp) for output in talk.outputs)


def test_a_configuration_changed_while_away_is_the_one_that_is_sent() -> None:
    talk = lost(ready())
    talk.machine.keep(wanted(voice="xiaochen"))
    back(talk)
    (update,) = talk.written
    assert isinstance(update, SessionUpdate)
    assert update.session.voice == "xiaochen"


def test_a_session_rests_between_turns_only() -> None:
    talk = ready()
    assert talk.machine.resting
    talk.text()
    assert not talk.machine.resting
    talk.ask().started()
    assert not talk.machine.resting
    talk.done()
    assert talk.machine.resting


def test_closing_is_said_once() -> None:
    talk = ready()
    assert talk.machine.close() is Verdict.SEND
    assert talk.machine.close() is Verdict.NOTHING
    talk.machine.lost(RealtimeClosed(whose="ours", close_code=1000), talk.now, again=False)
    with pytest.raises(IllegalCall, match="closed"):
        talk.text()


def test_unknown_events_and_those_without_meaning_are_delivered() -> None:
    talk = ready()
    talk.hear("conversation.created", conversation={"id": "c"})
    assert len(talk.delivered) == 1
    talk.hear("totally.new", thing=1)
    assert len(talk.delivered) == 1


def test_patience_can_be_shortened() -> None:
    talk = Talk(Machine(wanted(), patience=Patience(answer=5.0))).connect()
    talk.text().ask()
    talk.wait(5.0)
    assert answering(talk) is Answering.IDLE
