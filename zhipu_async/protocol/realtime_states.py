"""The realtime session's states and every transition between them, as tables. No I/O here.

Rule 1: everything that decides what follows what lives here. A pair of state and signal that no table lists
changes nothing. The diagram in the docs is drawn from these tables.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar


class Word(Enum):
    """A state or a signal. Events look up tables by these, and the hash of a plain Enum is a function in Python."""

    if not TYPE_CHECKING:
        __hash__ = object.__hash__


class Connection(Word):
    """The way to the platform; exactly one of these."""

    NEW = "built, not dialled"
    DIALING = "TCP, TLS and handshake under way"
    GREETING = "the socket is open; session.created has not come"
    CONFIGURING = "the first session.update is sent; session.updated has not come"
    READY = "usable; the regions below live here"
    BACKOFF = "lost; waiting to dial again"
    RESTORING = "dialling again: configuration first, then items"
    CLOSING = "close asked for; waiting for the other side, or for the timeout"
    CLOSED = "over; knows code, reason and whose doing it was"


class Input(Word):
    """What the user is saying; the first four under client VAD, the last three under server VAD."""

    EMPTY = "nothing appended since the last commit or clear"
    BUFFERED = "sound or pictures appended, not committed"
    COMMITTING = "commit sent, not acknowledged"
    COMMITTED = "a turn that the model has not been asked to answer"
    LISTENING = "no speech"
    SPEECH = "speech was heard"
    ENDPOINTED = "speech ended; the platform has not committed it"


class Answering(Word):
    """What the model is saying."""

    IDLE = "nothing"
    REQUESTED = "an answer is asked for, or owed; it has no id yet"
    STREAMING = "an answer with an id"
    CANCELLING = "stopped or failed; its end has not been seen"
    TOOLS_DUE = "it ended with function calls whose results the model waits for"


class Configuration(Word):
    """Whether the configuration is being changed."""

    SETTLED = "no update under way"
    UPDATING = "one under way; further ones wait behind it"


class Signal(Word):
    """What can happen to a session, whoever caused it."""

    DIAL = "we dial"
    OPENED = "the handshake succeeded"
    SESSION_CREATED = "session.created"
    CONFIGURED = "the first session.updated"
    RESTORED = "what could be told again has been told"
    LOST = "the connection broke and will be dialled again"
    CLOSE = "we close"
    ENDED = "the connection is over for good"

    UPDATE = "session.update sent"
    UPDATED = "session.updated"
    UPDATE_REFUSED = "error for the update, or no answer to it"

    APPEND = "sound or a picture sent"
    COMMIT = "commit sent"
    CLEAR = "clear sent"
    COMMITTED = "committed, its answer not yet asked for"
    COMMITTED_ASKED = "committed, its answer asked for already"
    COMMIT_REFUSED = "error for the commit"
    SPEECH_STARTED = "speech_started"
    SPEECH_STOPPED = "speech_stopped"
    TO_CLIENT_VAD = "the caller ends turns from now on"
    TO_SERVER_VAD = "the platform ends turns from now on"

    ASKED = "response.create sent, or an answer owed by server VAD"
    STARTED = "the first event of an answer"
    CANCEL = "response.cancel sent"
    INTERRUPTED = "speech stops the answer"
    CANCELLED = "response.cancelled, or an error of the answer"
    DONE = "response.done"
    DONE_WITH_CALLS = "response.done of a completed answer that calls functions"
    RESPONSE_REFUSED = "error for response.create"
    GIVEN_UP = "its time is up"


S = TypeVar("S", bound=Enum)

_OPEN = (
    Connection.DIALING,
    Connection.GREETING,
    Connection.CONFIGURING,
    Connection.READY,
    Connection.BACKOFF,
    Connection.RESTORING,
)

CONNECTION: dict[tuple[Connection, Signal], Connection] = {
    (Connection.NEW, Signal.DIAL): Connection.DIALING,
    (Connection.NEW, Signal.CLOSE): Connection.CLOSED,
    (Connection.DIALING, Signal.OPENED): Connection.GREETING,
    (Connection.GREETING, Signal.SESSION_CREATED): Connection.CONFIGURING,
    (Connection.CONFIGURING, Signal.CONFIGURED): Connection.READY,
    (Connection.BACKOFF, Signal.DIAL): Connection.RESTORING,
    (Connection.RESTORING, Signal.RESTORED): Connection.READY,
    **{(state, Signal.LOST): Connection.BACKOFF for state in _OPEN},
    **{(state, Signal.CLOSE): Connection.CLOSING for state in _OPEN},
    **{(state, Signal.ENDED): Connection.CLOSED for state in (*_OPEN, Connection.CLOSING)},
}

_CLIENT_VAD = (Input.EMPTY, Input.BUFFERED, Input.COMMITTING, Input.COMMITTED)
_SERVER_VAD = (Input.LISTENING, Input.SPEECH, Input.ENDPOINTED)

INPUT: dict[tuple[Input, Signal], Input] = {
    (Input.EMPTY, Signal.APPEND): Input.BUFFERED,
    (Input.BUFFERED, Signal.COMMIT): Input.COMMITTING,
    (Input.COMMITTING, Signal.APPEND): Input.BUFFERED,  # the turn being committed is counted beside it
    (Input.COMMITTING, Signal.COMMITTED): Input.COMMITTED,
    (Input.COMMITTING, Signal.COMMITTED_ASKED): Input.EMPTY,
    (Input.COMMITTING, Signal.COMMIT_REFUSED): Input.EMPTY,
    (Input.COMMITTED, Signal.APPEND): Input.BUFFERED,
    (Input.COMMITTED, Signal.ASKED): Input.EMPTY,
    (Input.COMMITTED, Signal.STARTED): Input.EMPTY,
    **{(state, Signal.CLEAR): Input.EMPTY for state in (Input.BUFFERED, Input.COMMITTING)},
    # Server VAD. The platform leads; a step it leaves out is taken as made.
    **{(state, Signal.SPEECH_STARTED): Input.SPEECH for state in _SERVER_VAD},
    **{(state, Signal.SPEECH_STOPPED): Input.ENDPOINTED for state in _SERVER_VAD},
    **{(state, Signal.COMMITTED): Input.LISTENING for state in _SERVER_VAD},
    **{(state, Signal.COMMITTED_ASKED): Input.LISTENING for state in _SERVER_VAD},
    **{(state, Signal.CLEAR): Input.LISTENING for state in _SERVER_VAD},
    **{(state, Signal.TO_CLIENT_VAD): Input.EMPTY for state in Input},
    **{(state, Signal.TO_SERVER_VAD): Input.LISTENING for state in Input},
}

_UNDER_WAY = (Answering.REQUESTED, Answering.STREAMING)

ANSWERING: dict[tuple[Answering, Signal], Answering] = {
    (Answering.IDLE, Signal.ASKED): Answering.REQUESTED,
    (Answering.IDLE, Signal.STARTED): Answering.STREAMING,  # the platform speaks first: a greeting
    (Answering.REQUESTED, Signal.STARTED): Answering.STREAMING,
    (Answering.REQUESTED, Signal.RESPONSE_REFUSED): Answering.IDLE,
    **{(state, Signal.CANCEL): Answering.CANCELLING for state in _UNDER_WAY},
    **{(state, Signal.INTERRUPTED): Answering.CANCELLING for state in _UNDER_WAY},
    **{(state, Signal.CANCELLED): Answering.CANCELLING for state in _UNDER_WAY},
    **{(state, Signal.GIVEN_UP): Answering.IDLE for state in (*_UNDER_WAY, Answering.CANCELLING)},
    (Answering.STREAMING, Signal.DONE): Answering.IDLE,
    (Answering.STREAMING, Signal.DONE_WITH_CALLS): Answering.TOOLS_DUE,
    (Answering.CANCELLING, Signal.DONE): Answering.IDLE,
    (Answering.CANCELLING, Signal.RESPONSE_REFUSED): Answering.IDLE,
    (Answering.CANCELLING, Signal.ASKED): Answering.REQUESTED,  # server VAD owes the next one already
    (Answering.TOOLS_DUE, Signal.ASKED): Answering.REQUESTED,
    (Answering.TOOLS_DUE, Signal.STARTED): Answering.STREAMING,  # the user spoke while the tools ran
    (Answering.TOOLS_DUE, Signal.GIVEN_UP): Answering.IDLE,
    **{(state, signal): Answering.IDLE for state in Answering for signal in (Signal.LOST, Signal.ENDED)},
}

CONFIGURATION: dict[tuple[Configuration, Signal], Configuration] = {
    (Configuration.SETTLED, Signal.UPDATE): Configuration.UPDATING,
    **{
        (Configuration.UPDATING, signal): Configuration.SETTLED
        for signal in (Signal.UPDATED, Signal.UPDATE_REFUSED, Signal.LOST, Signal.ENDED)
    },
}


def after(table: dict[tuple[S, Signal], S], state: S, signal: Signal) -> S:
    """Return the state that follows; an unlisted pair changes nothing."""
    return table.get((state, signal), state)
