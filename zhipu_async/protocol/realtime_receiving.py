"""What each of the platform's events does to a session: one function for each, found by a table. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zhipu_async.errors import RealtimeServerError
from zhipu_async.protocol.realtime_acks import Sent
from zhipu_async.protocol.realtime_answers import AnswerRecord
from zhipu_async.protocol.realtime_calls import Call
from zhipu_async.protocol.realtime_core import Core
from zhipu_async.protocol.realtime_outputs import (
    Acknowledged,
    Deliver,
    Failed,
    Flush,
    GiveUp,
    Progress,
    Ready,
    Send,
)
from zhipu_async.protocol.realtime_states import Answering, Connection, Input, Signal
from zhipu_async.protocol.realtime_timing import Timer
from zhipu_async.protocol.realtime_wire import mark_answer
from zhipu_async.types.realtime import (
    ConversationItemCreated,
    ConversationItemDeleted,
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemRetrieved,
    ErrorEvent,
    HistoryDropped,
    InputAudioBufferCleared,
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    ProtocolWarning,
    ResponseAudioDelta,
    ResponseCancelled,
    ResponseCreated,
    ResponseDone,
    ResponseEvent,
    SessionCreated,
    SessionUpdated,
    TranscriptionSessionUpdated,
)
from zhipu_async.types.realtime_client import InputAudioBufferClear
from zhipu_async.types.realtime_session import Session, SessionConfig

LATE_SECONDS = 0.25  # events of one type are in order, between types there is none: some come after the end
_SETTING_UP = frozenset((Connection.GREETING, Connection.CONFIGURING, Connection.RESTORING))


# ── the session ────────────────────────────────────────────────────────────────────────────────────


def _session_created(core: Core, event: SessionCreated) -> None:
    core.echo = event.session
    core.configure()


def _session_updated(core: Core, event: SessionUpdated) -> None:
    core.echo = event.session
    sent = core.acks.answered(Call.UPDATE)
    core.signal(Signal.UPDATED)
    core.timers.stop(Timer.UPDATE)
    wanted = core.state.wanted
    ours = {tool.name for tool in wanted.tools}
    core.server_tools = frozenset(tool.name for tool in event.session.tools) - ours
    untaken = _untaken(wanted, event.session)
    if untaken:
        what = "the session did not take: " + ", ".join(untaken)
        core.out.append(Deliver(ProtocolWarning(what=what, event_type="session.updated")))
    if sent is not None:
        core.out.append(Acknowledged(sent, event))
        _configured(core)


def _configured(core: Core) -> None:
    match core.state.connection:
        case Connection.CONFIGURING:
            core.signal(Signal.CONFIGURED)
            core.timers.stop(Timer.SETUP)
            core.timers.start(Timer.LIVENESS, core.now)
            core.out.append(Ready())
        case Connection.RESTORING:
            core.timers.stop(Timer.SETUP)
            core.tell(*core.state.history.to_tell())
        case _:
            _mode_changed(core, core.state.before, core.state.wanted)


def _mode_changed(core: Core, before: SessionConfig, wanted: SessionConfig) -> None:
    core.state.before = wanted
    if wanted.turn_detection.by_server != before.turn_detection.by_server:
        core.set_turn_mode()
    if wanted.video != before.video:
        core.state.frames = 0
    if before.video and not wanted.video:
        items = core.state.history.drop()
        core.out.append(Deliver(HistoryDropped(reason="chat_mode", items=items)))


def _untaken(wanted: SessionConfig, echo: Session) -> list[str]:
    """Name what the echo contradicts; what it leaves out proves nothing."""
    pairs = {
        "model": (wanted.model, echo.model),
        "voice": (wanted.voice, echo.voice),
        "input_audio_format": (wanted.input_audio_format, echo.input_audio_format),
        "output_audio_format": (wanted.output_audio_format, echo.output_audio_format),
        "turn_detection": (wanted.turn_detection.type, echo.turn_detection.type),
        "chat_mode": (wanted.beta_fields.chat_mode[:5], echo.beta_fields.chat_mode[:5]),
    }
    return [name for name, (asked, got) in pairs.items() if asked and got and asked != got]


def _transcription_updated(core: Core, event: TranscriptionSessionUpdated) -> None:
    sent = core.acks.answered(Call.UPDATE_TRANSCRIPTION)
    core.signal(Signal.UPDATED)
    core.timers.stop(Timer.UPDATE)
    if sent is not None:
        core.out.append(Acknowledged(sent, event))


# ── what the user says ─────────────────────────────────────────────────────────────────────────────


def _speech_started(core: Core, event: InputAudioBufferSpeechStarted) -> None:
    core.signal(Signal.SPEECH_STARTED)
    core.timers.stop(Timer.ENDPOINT)
    core.timers.start(Timer.SPEECH, core.now)
    if core.state.wanted.turn_detection.interrupts:
        heard_out = core.active if core.active and core.active.settled else None
        core.interrupt("speech_started", Signal.INTERRUPTED)
        if heard_out is not None:  # it ended, but its speech may still be waiting to be heard
            core.out.append(Flush(heard_out, "speech_started"))


def _speech_stopped(core: Core, event: InputAudioBufferSpeechStopped) -> None:
    core.signal(Signal.SPEECH_STOPPED)
    core.timers.stop(Timer.SPEECH)
    core.timers.start(Timer.ENDPOINT, core.now)


def _committed(core: Core, event: InputAudioBufferCommitted) -> None:
    core.acks.answered(Call.COMMIT)
    core.state.history.add_speech(event.item_id)
    core.timers.stop(Timer.SPEECH, Timer.ENDPOINT)
    detection = core.state.wanted.turn_detection
    if detection.by_server:
        core.state.unanswered += 1
        core.state.clip_ms = 0.0
    if any(sent.call is Call.COMMIT for sent in core.acks.open):
        return  # the answer to an earlier commit; another one is on its way
    core.signal(Signal.COMMITTED if core.state.unanswered else Signal.COMMITTED_ASKED)
    if detection.answers_by_itself:
        core.ask()


def _cleared(core: Core, event: InputAudioBufferCleared) -> None:
    core.acks.answered(Call.CLEAR)


def _transcribed(core: Core, event: ConversationItemInputAudioTranscriptionCompleted) -> None:
    core.state.history.add_transcript(event.item_id, event.transcript)


# ── items ──────────────────────────────────────────────────────────────────────────────────────────


def _item_created(core: Core, event: ConversationItemCreated) -> None:
    item = event.item
    sent = core.acks.item_created(item)
    if sent is not None and sent.entry is not None:
        sent.entry.item_id = item.id
    elif item.role == "user" and any(part.type == "input_audio" for part in item.content):
        core.state.history.add_speech(item.id)
    core.told_so_far()


def _item_deleted(core: Core, event: ConversationItemDeleted) -> None:
    core.state.history.delete(event.item_id)
    _item_answered(core, Call.DELETE_ITEM, event.item_id, event)


def _item_retrieved(core: Core, event: ConversationItemRetrieved) -> None:
    _item_answered(core, Call.RETRIEVE_ITEM, event.item.id, event)


def _item_answered(
    core: Core, call: Call, item_id: str, event: ConversationItemDeleted | ConversationItemRetrieved
) -> None:
    sent = core.acks.item_answered(call, item_id)
    if sent is not None:
        core.out.append(Acknowledged(sent, event))


# ── answers ────────────────────────────────────────────────────────────────────────────────────────


def _response_created(core: Core, event: ResponseCreated) -> None:
    _record(core, event.response.id)


def _record(core: Core, response_id: str) -> AnswerRecord | None:
    record = core.record_of(response_id)
    if record is core.active and core.state.answering in (Answering.REQUESTED, Answering.STREAMING):
        core.timers.start(Timer.ANSWER, core.now)
    if record is not None and core.acks.open:
        core.acks.responding(record)
    return record


def _response_cancelled(core: Core, event: ResponseCancelled) -> None:
    core.acks.answered(Call.CANCEL)
    record = core.record_of(event.response.id)
    if record is core.active and record is not None:
        core.interrupt("cancel", Signal.CANCELLED)


def _response_done(core: Core, event: ResponseDone) -> None:
    record = _record(core, event.response.id)
    if record is not None and not record.settled:
        record.finish(event.response)
        core.settled(record, Signal.DONE)


def _piece(core: Core, event: ResponseEvent) -> bool:
    """Take a piece of an answer; return whether the caller may see it."""
    record = _record(core, event.response_id)
    if record is None:
        return True
    if record.settled and core.now > record.settled_at + LATE_SECONDS:
        core.late_events += 1
        return False
    faults = len(record.faults)
    record.take(event)
    for fault in record.faults[faults:]:
        core.out.append(Deliver(ProtocolWarning(what=fault, event_type=event.type)))
    core.out.append(Progress(record))
    silenced = record.interrupted or record.settled
    return not (silenced and isinstance(event, ResponseAudioDelta))


# ── errors ─────────────────────────────────────────────────────────────────────────────────────────


def _error(core: Core, event: ErrorEvent) -> None:
    failure = server_error(event)
    sent = core.acks.failed(event.error)
    if sent is not None:
        mark_answer(event, sent.event.type)
        core.out.append(Failed(sent, failure))
        _REFUSED.get(sent.call, _nothing_more)(core, sent, failure)
    elif "stop_task_error" in event.error.names:
        mark_answer(event, "response.cancel")  # the answer had ended by itself: harmless
    elif "video_model_query_error" in event.error.names:
        mark_answer(event, "response.create")
        _answer_failed(core, failure)
    if core.state.connection in _SETTING_UP and (sent is None or sent.call is Call.UPDATE):
        core.out.append(GiveUp(failure))


def server_error(event: ErrorEvent) -> RealtimeServerError:
    """Turn an error event into what is raised to the call it belongs to."""
    error = event.error
    return RealtimeServerError(error.message, code=error.code, kind=error.type, event_id=error.event_id)


def _update_refused(core: Core, sent: Sent, failure: RealtimeServerError) -> None:
    core.state.wanted = core.state.before
    _transcription_refused(core, sent, failure)


def _transcription_refused(core: Core, sent: Sent, failure: RealtimeServerError) -> None:
    core.signal(Signal.UPDATE_REFUSED)
    core.timers.stop(Timer.UPDATE)


def _commit_refused(core: Core, sent: Sent, failure: RealtimeServerError) -> None:
    core.state.unanswered = max(0, core.state.unanswered - 1)
    if core.state.input is Input.COMMITTING:
        core.signal(Signal.COMMIT_REFUSED)
        clear = InputAudioBufferClear()  # what the platform still holds, nobody says
        core.note(clear)
        core.out.append(Send(clear))


def _item_refused(core: Core, sent: Sent, failure: RealtimeServerError) -> None:
    assert sent.entry is not None  # every item is written down when it is sent
    core.state.history.forget(sent.entry)
    if core.tells(sent):
        core.untold(sent)
        return
    core.state.unanswered = max(0, core.state.unanswered - 1)
    core.state.items = max(0, core.state.items - 1)


def _response_refused(core: Core, sent: Sent, failure: RealtimeServerError) -> None:
    record = sent.record
    if record is not None and not record.settled:
        record.settle("failed", failure)
        core.settled(record, Signal.RESPONSE_REFUSED)


def _answer_failed(core: Core, failure: RealtimeServerError) -> None:
    """Fail the answer under way; its response.done may still come."""
    record = core.active
    if record is None or record.settled:
        return
    record.failure = failure
    core.interrupt("error", Signal.CANCELLED)
    core.out.append(Progress(record))


def _cancel_refused(core: Core, sent: Sent, failure: RealtimeServerError) -> None:
    if core.state.answering is Answering.CANCELLING:  # its end is on the way, or has been missed
        core.timers.start(Timer.CANCEL, core.now)


def _nothing_more(core: Core, sent: Sent, failure: RealtimeServerError) -> None:
    """A call that changed nothing on our side."""


_REFUSED: Mapping[Call, Callable[[Core, Sent, RealtimeServerError], None]] = {
    Call.UPDATE: _update_refused,
    Call.UPDATE_TRANSCRIPTION: _transcription_refused,
    Call.COMMIT: _commit_refused,
    Call.CREATE_ITEM: _item_refused,
    Call.CREATE_RESULT: _item_refused,
    Call.RESPOND: _response_refused,
    Call.CANCEL: _cancel_refused,
}

# Keyed by the very class that each function takes; the type system has no word for that.
HANDLERS: Mapping[type, Callable[..., None]] = {
    SessionCreated: _session_created,
    SessionUpdated: _session_updated,
    TranscriptionSessionUpdated: _transcription_updated,
    InputAudioBufferSpeechStarted: _speech_started,
    InputAudioBufferSpeechStopped: _speech_stopped,
    InputAudioBufferCommitted: _committed,
    InputAudioBufferCleared: _cleared,
    ConversationItemInputAudioTranscriptionCompleted: _transcribed,
    ConversationItemCreated: _item_created,
    ConversationItemDeleted: _item_deleted,
    ConversationItemRetrieved: _item_retrieved,
    ResponseCreated: _response_created,
    ResponseCancelled: _response_cancelled,
    ResponseDone: _response_done,
    ErrorEvent: _error,
}


def handle(core: Core, event: object) -> bool:
    """Let the session act on an event; return whether the caller may see it."""
    if isinstance(event, ResponseEvent):
        return _piece(core, event)
    handler = HANDLERS.get(type(event))
    if handler is not None:
        handler(core, event)
    return True
