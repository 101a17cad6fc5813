"""Every call in every situation: what is sent, what waits, and what is refused before anything is sent."""

from __future__ import annotations

import copy

import pytest
from msgspec.structs import replace

from tests.protocol.realtime_talk import new, ready, wanted
from zhipu_async.errors import IllegalCall, InvalidArgument, RealtimeClosed
from zhipu_async.protocol.realtime_answers import FunctionCall
from zhipu_async.protocol.realtime_calls import (
    LEGAL,
    Asked,
    Call,
    Refusal,
    Situation,
    State,
    Verdict,
    call_of,
    judge,
)
from zhipu_async.protocol.realtime_states import Answering, Configuration, Connection, Input
from zhipu_async.types.realtime_client import (
    ClientEvent,
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
    function_result,
    text_item,
)

EVENTS: dict[Call, ClientEvent | None] = {
    Call.CONNECT: None,
    Call.UPDATE: SessionUpdate(session=wanted()),
    Call.UPDATE_TRANSCRIPTION: TranscriptionSessionUpdate(session=TranscriptionConfig()),
    Call.APPEND: InputAudioBufferAppend(audio=""),
    Call.APPEND_PICTURE: InputAudioBufferAppendVideoFrame(video_frame=""),
    Call.COMMIT: InputAudioBufferCommit(),
    Call.CLEAR: InputAudioBufferClear(),
    Call.CREATE_ITEM: ConversationItemCreate(item=text_item("hi")),
    Call.CREATE_RESULT: ConversationItemCreate(item=function_result("42")),
    Call.DELETE_ITEM: ConversationItemDelete(item_id="i"),
    Call.RETRIEVE_ITEM: ConversationItemRetrieve(item_id="i"),
    Call.RESPOND: ResponseCreate(),
    Call.CANCEL: ResponseCancel(),
    Call.SEND: None,
    Call.CLOSE: None,
}

# What becomes of each call while there is no usable connection: before, away, after.
UNUSABLE = """
    connect                 not_new        not_new        closed
    update                  KEEP           KEEP           closed
    update_transcription    not_ready      reconnecting   closed
    send_audio              WAIT           KEEP           closed
    send_video_frame        not_ready      KEEP           closed
    commit                  not_ready      reconnecting   closed
    clear                   KEEP           KEEP           closed
    create_item             WAIT           WAIT           closed
    send_tool_result        not_ready      call_lost      closed
    delete_item             not_ready      reconnecting   closed
    retrieve_item           not_ready      reconnecting   closed
    respond                 not_ready      reconnecting   closed
    cancel                  not_ready      NOTHING        closed
    send                    not_ready      reconnecting   closed
    close                   SEND           SEND           NOTHING
"""
BEFORE = (Connection.DIALING, Connection.GREETING, Connection.CONFIGURING)
AWAY = (Connection.BACKOFF, Connection.RESTORING)
OVER = (Connection.CLOSING, Connection.CLOSED)


def outcome(state: State, call: Call, **more: object) -> str:
    asked = Asked(call, EVENTS[call], **more)  # type: ignore[arg-type]
    before = copy.deepcopy(state)
    try:
        return judge(state, asked).name
    except IllegalCall as exc:
        return exc.reason if exc.call == call.value and exc.hint else f"unclear: {exc}"
    finally:
        assert state == before, "judging changed something"


def state(**fields: object) -> State:
    config = wanted(turn_detection="client_vad")
    return replace(State(config, config, connection=Connection.READY), **fields)


def server_state(**fields: object) -> State:
    config = wanted(turn_detection="server_vad")
    usable = State(config, config, connection=Connection.READY, input=Input.LISTENING)
    return replace(usable, **fields)


def unusable() -> list[tuple[Call, Connection, str]]:
    cases: list[tuple[Call, Connection, str]] = []
    for line in UNUSABLE.strip().splitlines():
        name, before, away, over = line.split()
        for connections, wanted_outcome in ((BEFORE, before), (AWAY, away), (OVER, over)):
            cases += [(Call(name), connection, wanted_outcome) for connection in connections]
    return cases


@pytest.mark.parametrize(("call", "connection", "wanted_outcome"), unusable())
def test_a_call_without_a_usable_connection(call: Call, connection: Connection, wanted_outcome: str) -> None:
    assert outcome(state(connection=connection), call) == wanted_outcome


def test_the_table_has_a_cell_for_every_call_in_every_situation() -> None:
    assert set(LEGAL) == {(call, situation) for call in Call for situation in Situation}
    assert {line.split()[0] for line in UNUSABLE.strip().splitlines()} == {call.value for call in Call}


def test_only_a_new_session_connects() -> None:
    assert outcome(state(connection=Connection.NEW), Call.CONNECT) == "SEND"
    assert outcome(state(), Call.CONNECT) == "not_new"
    assert outcome(server_state(), Call.CONNECT) == "not_new"


@pytest.mark.parametrize("call", list(Call))
@pytest.mark.parametrize("answering", list(Answering))
@pytest.mark.parametrize("where", list(Input))
def test_every_call_in_every_usable_state_is_sent_held_or_refused_by_name(
    call: Call, answering: Answering, where: Input
) -> None:
    base = state() if where in tuple(Input)[:4] else server_state()
    result = outcome(replace(base, answering=answering, input=where), call)
    assert result in Verdict.__members__ or result.upper() in Refusal.__members__


@pytest.mark.parametrize(
    ("where", "wanted_outcome"),
    [
        (Input.EMPTY, "empty_buffer"),
        (Input.BUFFERED, "SEND"),
        (Input.COMMITTING, "empty_buffer"),
        (Input.COMMITTED, "empty_buffer"),
    ],
)
def test_a_commit_needs_sound(where: Input, wanted_outcome: str) -> None:
    assert outcome(state(input=where), Call.COMMIT) == wanted_outcome


def test_under_server_vad_the_platform_commits() -> None:
    assert outcome(server_state(), Call.COMMIT) == "wrong_turn_mode"


@pytest.mark.parametrize(
    ("answering", "wanted_outcome"),
    [
        (Answering.IDLE, "SEND"),
        (Answering.REQUESTED, "response_active"),
        (Answering.STREAMING, "response_active"),
        (Answering.CANCELLING, "WAIT"),
        (Answering.TOOLS_DUE, "SEND"),
    ],
)
def test_an_answer_can_be_asked_for_when_none_is_under_way(answering: Answering, wanted_outcome: str) -> None:
    assert outcome(state(answering=answering, unanswered=1), Call.RESPOND) == wanted_outcome


def test_an_answer_needs_something_new_to_answer() -> None:
    assert outcome(state(), Call.RESPOND) == "nothing_new"
    assert outcome(state(input=Input.BUFFERED), Call.RESPOND) == "uncommitted_audio"
    assert outcome(state(input=Input.BUFFERED, unanswered=1), Call.RESPOND) == "SEND"


def test_an_answer_waits_for_every_function_result() -> None:
    due = FunctionCall("f", "{}", "c1", "r")
    assert (
        outcome(state(answering=Answering.TOOLS_DUE, unanswered=1, calls=[due]), Call.RESPOND)
        == "tool_results_due"
    )


def test_under_server_vad_an_answer_is_asked_for_only_after_text_or_when_the_platform_leaves_it_to_us() -> (
    None
):
    assert outcome(server_state(unanswered=1), Call.RESPOND) == "wrong_turn_mode"
    assert outcome(server_state(unanswered=1, items=1), Call.RESPOND) == "SEND"
    ours = server_state(unanswered=1)
    detection = replace_detection(ours, create_response=False)
    assert outcome(detection, Call.RESPOND) == "SEND"


def replace_detection(state: State, *, create_response: bool) -> State:
    from zhipu_async.types.realtime_session import TurnDetection

    detection = TurnDetection(type="server_vad", create_response=create_response)
    return replace(state, wanted=wanted(turn_detection=detection))


def test_a_video_answer_needs_a_picture_unless_that_is_waived() -> None:
    video = state(wanted=wanted(chat_mode="video_passive"), unanswered=1)
    assert outcome(video, Call.RESPOND) == "missing_video_frame"
    assert outcome(video, Call.RESPOND, waived=(Refusal.MISSING_VIDEO_FRAME,)) == "SEND"
    assert outcome(replace(video, frames=1), Call.RESPOND) == "SEND"


@pytest.mark.parametrize(
    ("answering", "wanted_outcome"),
    [
        (Answering.IDLE, "no_active_response"),
        (Answering.REQUESTED, "SEND"),
        (Answering.STREAMING, "SEND"),
        (Answering.CANCELLING, "NOTHING"),
        (Answering.TOOLS_DUE, "no_active_response"),
    ],
)
def test_cancelling_needs_an_answer_under_way_and_happens_once(
    answering: Answering, wanted_outcome: str
) -> None:
    assert outcome(state(answering=answering), Call.CANCEL) == wanted_outcome
    assert outcome(server_state(answering=answering), Call.CANCEL) == wanted_outcome


def test_a_turn_of_more_than_thirty_seconds_is_refused_under_client_vad() -> None:
    assert outcome(state(clip_ms=29_950.0), Call.APPEND, milliseconds=50.0) == "SEND"
    assert outcome(state(clip_ms=29_950.0), Call.APPEND, milliseconds=51.0) == "audio_too_long"
    assert outcome(server_state(clip_ms=900_000.0), Call.APPEND, milliseconds=100.0) == "SEND"


def test_sound_waits_while_the_platform_changes_its_format() -> None:
    updating = state(configuration=Configuration.UPDATING, wanted=wanted(input_audio_format="pcm24"))
    assert outcome(updating, Call.APPEND) == "WAIT"
    assert outcome(state(configuration=Configuration.UPDATING), Call.APPEND) == "SEND"


def test_pictures_belong_into_video_calls() -> None:
    assert outcome(state(), Call.APPEND_PICTURE) == "wrong_chat_mode"
    assert outcome(state(wanted=wanted(chat_mode="video_passive")), Call.APPEND_PICTURE) == "SEND"


def test_a_second_update_waits_for_the_first() -> None:
    assert outcome(state(configuration=Configuration.UPDATING), Call.UPDATE) == "WAIT"
    assert outcome(state(configuration=Configuration.UPDATING), Call.UPDATE_TRANSCRIPTION) == "WAIT"
    assert outcome(state(), Call.UPDATE) == "SEND"
    assert outcome(state(), Call.UPDATE_TRANSCRIPTION) == "SEND"


@pytest.mark.parametrize("change", [{"chat_mode": "video_passive"}, {"turn_detection": "server_vad"}])
def test_switching_the_mode_needs_a_pause(change: dict[str, str]) -> None:
    update = SessionUpdate(session=wanted(**change))  # type: ignore[arg-type]
    for busy in (state(answering=Answering.STREAMING), state(input=Input.BUFFERED)):
        with pytest.raises(IllegalCall) as caught:
            judge(busy, Asked(Call.UPDATE, update))
        assert caught.value.reason == "session_busy"
    assert judge(state(), Asked(Call.UPDATE, update)) is Verdict.SEND


def test_a_function_result_needs_a_call_that_waits_for_it() -> None:
    call = FunctionCall("f", "{}", "c1", "r")
    assert outcome(state(), Call.CREATE_RESULT) == "no_pending_call"
    assert outcome(state(calls=[call]), Call.CREATE_RESULT) == "SEND"
    assert outcome(state(overtaken=[call]), Call.CREATE_RESULT) == "SEND"
    assert outcome(state(calls=[replace(call, answered=True)]), Call.CREATE_RESULT) == "no_pending_call"
    other = Asked(Call.CREATE_RESULT, ConversationItemCreate(item=function_result("42", "c2")))
    with pytest.raises(IllegalCall, match="no such function result"):
        judge(state(calls=[call]), other)


def test_an_item_of_a_history_that_is_gone_is_unknown() -> None:
    talk = ready()
    talk.machine.state.history.retired.append("i")
    for call in (Call.DELETE_ITEM, Call.RETRIEVE_ITEM):
        assert outcome(talk.machine.state, call) == "unknown_item"
        assert outcome(state(), call) == "SEND"


@pytest.mark.parametrize(
    "event",
    [
        ConversationItemCreate(item=text_item("  ")),
        ConversationItemCreate(item=function_result("")),
        ConversationItemDelete(item_id=""),
        ConversationItemRetrieve(item_id=""),
    ],
)
def test_blank_texts_and_missing_ids_are_refused_here(event: ClientEvent) -> None:
    with pytest.raises(InvalidArgument):
        judge(state(), Asked(call_of(event), event))


def test_a_text_that_would_end_the_connection_is_refused_here() -> None:
    event = ConversationItemCreate(item=text_item("好" * 90_000))
    with pytest.raises(InvalidArgument, match="270,000 bytes"):
        judge(state(), Asked(call_of(event), event))


def test_a_function_call_told_again_has_no_text_to_check() -> None:
    from zhipu_async.types.realtime_client import function_call

    event = ConversationItemCreate(item=function_call("f", "{}"))
    assert judge(state(), Asked(call_of(event), event)) is Verdict.SEND


def test_a_session_that_broke_raises_why_and_not_a_misuse() -> None:
    end = RealtimeClosed("cut", close_code=1006, whose="network")
    over = state(connection=Connection.CLOSED, end=end)
    with pytest.raises(RealtimeClosed, match="cut") as caught:
        judge(over, Asked(Call.APPEND, EVENTS[Call.APPEND]))
    assert caught.value is not end
    assert caught.value.close_code == 1006


def test_the_error_names_the_call_the_state_and_what_to_do() -> None:
    with pytest.raises(IllegalCall) as caught:
        judge(state(), Asked(Call.RESPOND, ResponseCreate()))
    assert str(caught.value) == (
        "respond() is not possible: there is nothing new to answer "
        "(state: READY, input EMPTY, answer IDLE). Send text or sound first."
    )


def test_a_text_and_its_answer_are_judged_together() -> None:
    talk = ready()
    hello = ConversationItemCreate(item=text_item("hi"))
    assert talk.machine.judge_text(hello) is Verdict.SEND
    talk.text().ask()
    with pytest.raises(IllegalCall, match="under way"):
        talk.machine.judge_text(hello)
    machine = new()
    machine.dial()
    assert machine.judge_text(hello) is Verdict.WAIT


@pytest.mark.parametrize("call", [Call.APPEND, Call.CREATE_ITEM])
def test_what_waits_for_the_connection_is_refused_where_nobody_has_asked_for_one(call: Call) -> None:
    assert outcome(state(connection=Connection.NEW), call) == "not_ready"
