"""Which call fits which state: decided before anything is sent, changing nothing. No I/O here.

`LEGAL` has one row for each call and one column for each situation. A cell is a verdict, a refusal, or the
name of the rule that decides among the states of a usable session.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import TypeAlias

import msgspec

from zhipu_async.errors import IllegalCall, InvalidArgument, RealtimeClosed
from zhipu_async.protocol.audio import CLIP_MS, MESSAGE_BYTES
from zhipu_async.protocol.realtime_answers import FunctionCall
from zhipu_async.protocol.realtime_history import History
from zhipu_async.protocol.realtime_states import Answering, Configuration, Connection, Input, Word
from zhipu_async.protocol.sendable import refuse_misfit
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
    TranscriptionSessionUpdate,
)
from zhipu_async.types.realtime_session import SessionConfig


class Call(Word):
    """What a caller can ask of a session."""

    CONNECT = "connect"
    UPDATE = "update"
    UPDATE_TRANSCRIPTION = "update_transcription"
    APPEND = "send_audio"
    APPEND_PICTURE = "send_video_frame"
    COMMIT = "commit"
    CLEAR = "clear"
    CREATE_ITEM = "create_item"
    CREATE_RESULT = "send_tool_result"
    DELETE_ITEM = "delete_item"
    RETRIEVE_ITEM = "retrieve_item"
    RESPOND = "respond"
    CANCEL = "cancel"
    SEND = "send"
    CLOSE = "close"


class Situation(Word):
    """The columns of the table: how the session stands, seen from a caller."""

    SETUP = "not connected yet"
    CLIENT_VAD = "connected, the caller ends turns"
    SERVER_VAD = "connected, the platform ends turns"
    AWAY = "disconnected, coming back"
    OVER = "closing or closed"


class Verdict(Enum):
    """What becomes of a legal call."""

    SEND = "sent at once"
    WAIT = "sent in order, when the state allows"
    KEEP = "remembered, and applied when the connection is back"
    NOTHING = "has happened already: nothing to send"


class Refusal(Enum):
    """Why a call is illegal; `IllegalCall.reason` is the name in small letters."""

    NOT_NEW = ("a session is used once", "Call connect() again for another one.")
    NOT_READY = ("the session is not connected yet", "Enter `async with ... as call` first.")
    RECONNECTING = ("the connection is being restored", "Wait for the Reconnected event.")
    CLOSED = ("the session is closed", "Call connect() again for another one.")
    SESSION_BUSY = (
        "an answer or half a turn is under way",
        "Wait for ResponseDone and commit or clear the input, or pass when_idle=True.",
    )
    WRONG_TURN_MODE = (
        "under server VAD the platform ends the turns and answers by itself",
        "Use turn_detection='client_vad', or create_response=False for answers on request.",
    )
    WRONG_CHAT_MODE = ("pictures need a video call", "Connect with chat_mode='video_passive'.")
    EMPTY_BUFFER = ("nothing was appended since the last commit", "Call send_audio() first.")
    UNCOMMITTED_AUDIO = ("the sound appended is not committed", "Call commit() first.")
    NOTHING_NEW = ("there is nothing new to answer", "Send text or sound first.")
    AUDIO_TOO_LONG = ("a turn takes at most 30 s of sound", "Commit it in parts, or use server VAD.")
    MISSING_VIDEO_FRAME = (
        "in a video call each answer needs a picture sent before it",
        "Call send_video_frame() first, or respond(reuse_frame=True).",
    )
    RESPONSE_ACTIVE = ("an answer is under way", "Wait for ResponseDone, or call cancel().")
    NO_ACTIVE_RESPONSE = ("no answer is under way", "Pass missing_ok=True where the end may come first.")
    TOOL_RESULTS_DUE = ("the model waits for function results", "Call send_tool_result() for each call.")
    NO_PENDING_CALL = ("the model waits for no such function result", "Each call takes one result.")
    CALL_LOST = ("that function call went down with its connection", "The new session never made it.")
    UNKNOWN_ITEM = ("that item belongs to a history that is gone", "Use ids of this connection.")


class State(msgspec.Struct):
    """Everything the rules look at."""

    wanted: SessionConfig
    before: SessionConfig  # what holds if the update under way is refused
    connection: Connection = Connection.NEW
    input: Input = Input.EMPTY
    answering: Answering = Answering.IDLE
    configuration: Configuration = Configuration.SETTLED
    unanswered: int = 0  # turns and items since an answer was last asked for
    items: int = 0  # of these, the ones the caller created
    frames: int = 0  # pictures since then
    clip_ms: float = 0.0  # sound since the last commit or clear
    calls: list[FunctionCall] = []  # of the answer before this one
    overtaken: list[FunctionCall] = []  # the user spoke meanwhile
    history: History = msgspec.field(default_factory=History)
    end: RealtimeClosed | None = None  # why it is over, unless we closed it

    @property
    def situation(self) -> Situation:
        """Return the column that holds."""
        if self.connection is Connection.READY:
            by_server = self.wanted.turn_detection.by_server
            return Situation.SERVER_VAD if by_server else Situation.CLIENT_VAD
        return _SITUATIONS[self.connection]

    def describe(self) -> str:
        """Say how the session stands: what an error and a debugger show."""
        if self.connection is not Connection.READY:
            return self.connection.name
        return f"READY, input {self.input.name}, answer {self.answering.name}"

    def calls_left(self) -> list[FunctionCall]:
        """Return the function calls whose results the next answer waits for."""
        return [call for call in self.calls if not call.answered]

    def calls_open(self) -> list[FunctionCall]:
        """Return every function call that may still get a result, in order."""
        return [call for call in (*self.overtaken, *self.calls) if not call.answered]


_SITUATIONS = {
    Connection.NEW: Situation.SETUP,
    Connection.DIALING: Situation.SETUP,
    Connection.GREETING: Situation.SETUP,
    Connection.CONFIGURING: Situation.SETUP,
    Connection.BACKOFF: Situation.AWAY,
    Connection.RESTORING: Situation.AWAY,
    Connection.CLOSING: Situation.OVER,
    Connection.CLOSED: Situation.OVER,
}


class Asked(msgspec.Struct, frozen=True):
    """A call with what its rule needs to know about it."""

    call: Call
    event: ClientEvent | None = None
    milliseconds: float = 0.0
    waived: Collection[Refusal] = ()


Outcome: TypeAlias = Verdict | Refusal
Rule: TypeAlias = Callable[[State, Asked], Outcome]


# ── the rules of a usable session; their docstrings are the cells of the page in the docs ──────────


def _connect(state: State, asked: Asked) -> Outcome:
    """Once."""
    return Verdict.SEND if state.connection is Connection.NEW else Refusal.NOT_NEW


def _once_entered(state: State, asked: Asked) -> Outcome:
    """Waits while it connects; `not_ready` before."""
    return Refusal.NOT_READY if state.connection is Connection.NEW else Verdict.WAIT


def _update_transcription(state: State, asked: Asked) -> Outcome:
    """Waits for an update under way."""
    return Verdict.WAIT if state.configuration is Configuration.UPDATING else Verdict.SEND


def _update(state: State, asked: Asked) -> Outcome:
    """Waits for an update under way; another chat or turn mode needs a pause."""
    if state.configuration is Configuration.UPDATING:
        return Verdict.WAIT
    assert isinstance(asked.event, SessionUpdate)
    return Refusal.SESSION_BUSY if _switches(state, asked.event.session) and busy(state) else Verdict.SEND


def _switches(state: State, wanted: SessionConfig) -> bool:
    now = state.wanted
    return wanted.video != now.video or wanted.turn_detection.by_server != now.turn_detection.by_server


def busy(state: State) -> bool:
    """Whether an answer or half a turn is under way."""
    return state.answering is not Answering.IDLE or state.input not in (Input.EMPTY, Input.LISTENING)


def _append(state: State, asked: Asked) -> Outcome:
    """Up to 30 s a turn; waits while the input format changes."""
    too_long = state.clip_ms + asked.milliseconds > CLIP_MS
    return Refusal.AUDIO_TOO_LONG if too_long else _append_endlessly(state, asked)


def _append_endlessly(state: State, asked: Asked) -> Outcome:
    """Without end; waits while the input format changes."""
    same_format = state.before.input_audio_format == state.wanted.input_audio_format
    updating = state.configuration is Configuration.UPDATING
    return Verdict.WAIT if updating and not same_format else Verdict.SEND


def _picture(state: State, asked: Asked) -> Outcome:
    """In video calls."""
    return Verdict.SEND if state.wanted.video else Refusal.WRONG_CHAT_MODE


def _commit(state: State, asked: Asked) -> Outcome:
    """After sound or a picture."""
    return Verdict.SEND if state.input is Input.BUFFERED else Refusal.EMPTY_BUFFER


def _result(state: State, asked: Asked) -> Outcome:
    """For a function call that has none yet."""
    assert isinstance(asked.event, ConversationItemCreate)
    wanted = asked.event.item.call_id or ""
    known = any(not wanted or not call.call_id or call.call_id == wanted for call in state.calls_open())
    return Verdict.SEND if known else Refusal.NO_PENDING_CALL


def _existing(state: State, asked: Asked) -> Outcome:
    """For an item of this conversation."""
    assert isinstance(asked.event, ConversationItemDelete | ConversationItemRetrieve)
    return Refusal.UNKNOWN_ITEM if asked.event.item_id in state.history.retired else Verdict.SEND


_ANSWER_UNDER_WAY: Mapping[Answering, Outcome] = {
    Answering.REQUESTED: Refusal.RESPONSE_ACTIVE,
    Answering.STREAMING: Refusal.RESPONSE_ACTIVE,
    Answering.CANCELLING: Verdict.WAIT,
}


def _respond(state: State, asked: Asked) -> Outcome:
    """For something new, when no answer is under way; waits for a cancelled one to end."""
    if state.answering in _ANSWER_UNDER_WAY:
        return _ANSWER_UNDER_WAY[state.answering]
    if state.answering is Answering.TOOLS_DUE and state.calls_left():
        return Refusal.TOOL_RESULTS_DUE
    if not state.unanswered:
        return Refusal.UNCOMMITTED_AUDIO if state.input is Input.BUFFERED else Refusal.NOTHING_NEW
    if state.wanted.video and not state.frames and Refusal.MISSING_VIDEO_FRAME not in asked.waived:
        return Refusal.MISSING_VIDEO_FRAME
    return Verdict.SEND


def _respond_beside_server(state: State, asked: Asked) -> Outcome:
    """After text or function results, or if the platform does not answer by itself."""
    if state.wanted.turn_detection.answers_by_itself and not state.items:
        return Refusal.WRONG_TURN_MODE
    return _respond(state, asked)


_CANCEL: Mapping[Answering, Outcome] = {
    Answering.IDLE: Refusal.NO_ACTIVE_RESPONSE,
    Answering.REQUESTED: Verdict.SEND,
    Answering.STREAMING: Verdict.SEND,
    Answering.CANCELLING: Verdict.NOTHING,  # a second one would hit the answer that comes after
    Answering.TOOLS_DUE: Refusal.NO_ACTIVE_RESPONSE,
}


def _cancel(state: State, asked: Asked) -> Outcome:
    """While an answer is under way; a second time does nothing."""
    return _CANCEL[state.answering]


_SEND, _WAIT, _KEEP, _NOTHING = Verdict.SEND, Verdict.WAIT, Verdict.KEEP, Verdict.NOTHING
_NOT_READY, _AWAY, _CLOSED = Refusal.NOT_READY, Refusal.RECONNECTING, Refusal.CLOSED

Cell: TypeAlias = Outcome | Rule
Row: TypeAlias = tuple[Cell, Cell, Cell, Cell, Cell]

# One line for each call; the columns are those of Situation.
# fmt: off
ROWS: Mapping[Call, Row] = {
    Call.CONNECT:        (_connect, Refusal.NOT_NEW, Refusal.NOT_NEW, Refusal.NOT_NEW, _CLOSED),
    Call.UPDATE:         (_KEEP, _update, _update, _KEEP, _CLOSED),
    Call.UPDATE_TRANSCRIPTION: (_NOT_READY, _update_transcription, _update_transcription, _AWAY, _CLOSED),
    Call.APPEND:         (_once_entered, _append, _append_endlessly, _KEEP, _CLOSED),
    Call.APPEND_PICTURE: (_NOT_READY, _picture, _picture, _KEEP, _CLOSED),
    Call.COMMIT:         (_NOT_READY, _commit, Refusal.WRONG_TURN_MODE, _AWAY, _CLOSED),
    Call.CLEAR:          (_KEEP, _SEND, _SEND, _KEEP, _CLOSED),
    Call.CREATE_ITEM:    (_once_entered, _SEND, _SEND, _WAIT, _CLOSED),
    Call.CREATE_RESULT:  (_NOT_READY, _result, _result, Refusal.CALL_LOST, _CLOSED),
    Call.DELETE_ITEM:    (_NOT_READY, _existing, _existing, _AWAY, _CLOSED),
    Call.RETRIEVE_ITEM:  (_NOT_READY, _existing, _existing, _AWAY, _CLOSED),
    Call.RESPOND:        (_NOT_READY, _respond, _respond_beside_server, _AWAY, _CLOSED),
    Call.CANCEL:         (_NOT_READY, _cancel, _cancel, _NOTHING, _CLOSED),
    Call.SEND:           (_NOT_READY, _SEND, _SEND, _AWAY, _CLOSED),
    Call.CLOSE:          (_SEND, _SEND, _SEND, _SEND, _NOTHING),
}
# fmt: on

LEGAL: Mapping[tuple[Call, Situation], Cell] = {
    (call, situation): cell
    for call, row in ROWS.items()
    for situation, cell in zip(Situation, row, strict=True)
}

_CALLS: Mapping[type[ClientEvent], Call] = {
    SessionUpdate: Call.UPDATE,
    TranscriptionSessionUpdate: Call.UPDATE_TRANSCRIPTION,
    InputAudioBufferAppend: Call.APPEND,
    InputAudioBufferAppendVideoFrame: Call.APPEND_PICTURE,
    InputAudioBufferCommit: Call.COMMIT,
    InputAudioBufferClear: Call.CLEAR,
    ConversationItemCreate: Call.CREATE_ITEM,
    ConversationItemDelete: Call.DELETE_ITEM,
    ConversationItemRetrieve: Call.RETRIEVE_ITEM,
    ResponseCreate: Call.RESPOND,
    ResponseCancel: Call.CANCEL,
}


def call_of(event: ClientEvent) -> Call:
    """Return the call that an event makes."""
    if isinstance(event, ConversationItemCreate) and event.item.type == "function_call_output":
        return Call.CREATE_RESULT
    return _CALLS[type(event)]


def judge(state: State, asked: Asked) -> Verdict:
    """Return what becomes of a call, or raise what is wrong with it; nothing changes either way."""
    _check_arguments(asked)
    cell = LEGAL[asked.call, state.situation]
    outcome = cell if isinstance(cell, Verdict | Refusal) else cell(state, asked)
    if isinstance(outcome, Verdict):
        return outcome
    if outcome is Refusal.CLOSED and state.end is not None:
        # Whoever streams a microphone cannot know that the line just broke: no misuse.
        raise _again(state.end)
    raise illegal(outcome, asked.call, state.describe())


def illegal(refusal: Refusal, call: Call, state: str) -> IllegalCall:
    """Build the error for a call that does not fit."""
    what, hint = refusal.value
    return IllegalCall(
        f"{call.value}() is not possible: {what} (state: {state}).",
        call=call.value,
        state=state,
        reason=refusal.name.lower(),
        hint=hint,
    )


def _again(end: RealtimeClosed) -> RealtimeClosed:
    """Copy the error that ended the session: one object must not be raised in several tasks."""
    return RealtimeClosed(
        end.message, close_code=end.close_code, reason=end.reason, whose=end.whose, hint=end.hint
    )


def check_size(size: int) -> None:
    """Refuse a message that a server would close the connection for."""
    if size > MESSAGE_BYTES:
        raise InvalidArgument(
            f"The message has {size:,} bytes, {MESSAGE_BYTES:,} is the most.", hint="Send it in parts."
        )


def _check_arguments(asked: Asked) -> None:
    event = asked.event
    if isinstance(event, ConversationItemCreate):
        refuse_misfit(event.item)
        texts = [part.text for part in event.item.content or ()]
        texts += [event.item.output] if event.item.output is not None else []
        check_size(sum(len(text.encode()) for text in texts))
        if not all(text.strip() for text in texts):
            raise InvalidArgument(
                "The platform refuses blank text.", hint="Leave the call out, or say something."
            )
    if isinstance(event, ConversationItemDelete | ConversationItemRetrieve) and not event.item_id:
        raise InvalidArgument("An item id is missing.")
