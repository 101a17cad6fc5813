"""Every pair of state and signal: the transitions that exist, and that nothing else moves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import pytest

from zhipu_async.protocol.realtime_states import (
    ANSWERING,
    CONFIGURATION,
    CONNECTION,
    INPUT,
    Answering,
    Configuration,
    Connection,
    Input,
    Signal,
    after,
)

# Written by hand from the documents, a second time: "BEFORE signal[, signal...] AFTER".
EXPECTED: dict[type[Enum], str] = {
    Connection: """
        NEW dial DIALING
        NEW close CLOSED
        DIALING opened GREETING
        GREETING session_created CONFIGURING
        CONFIGURING configured READY
        BACKOFF dial RESTORING
        RESTORING restored READY
        DIALING,GREETING,CONFIGURING,READY,BACKOFF,RESTORING lost BACKOFF
        DIALING,GREETING,CONFIGURING,READY,BACKOFF,RESTORING close CLOSING
        DIALING,GREETING,CONFIGURING,READY,BACKOFF,RESTORING,CLOSING ended CLOSED
    """,
    Input: """
        EMPTY append BUFFERED
        BUFFERED commit COMMITTING
        COMMITTING append BUFFERED
        COMMITTING committed COMMITTED
        COMMITTING committed_asked,commit_refused EMPTY
        COMMITTED append BUFFERED
        COMMITTED asked,started EMPTY
        BUFFERED,COMMITTING clear EMPTY
        LISTENING,SPEECH,ENDPOINTED speech_started SPEECH
        LISTENING,SPEECH,ENDPOINTED speech_stopped ENDPOINTED
        LISTENING,SPEECH,ENDPOINTED committed,committed_asked,clear LISTENING
        EMPTY,BUFFERED,COMMITTING,COMMITTED,LISTENING,SPEECH,ENDPOINTED to_client_vad EMPTY
        EMPTY,BUFFERED,COMMITTING,COMMITTED,LISTENING,SPEECH,ENDPOINTED to_server_vad LISTENING
    """,
    Answering: """
        IDLE asked REQUESTED
        IDLE started STREAMING
        REQUESTED started STREAMING
        REQUESTED response_refused IDLE
        REQUESTED,STREAMING cancel,interrupted,cancelled CANCELLING
        REQUESTED,STREAMING,CANCELLING given_up IDLE
        STREAMING done IDLE
        STREAMING done_with_calls TOOLS_DUE
        CANCELLING done,response_refused IDLE
        CANCELLING asked REQUESTED
        TOOLS_DUE asked REQUESTED
        TOOLS_DUE started STREAMING
        TOOLS_DUE given_up IDLE
        IDLE,REQUESTED,STREAMING,CANCELLING,TOOLS_DUE lost,ended IDLE
    """,
    Configuration: """
        SETTLED update UPDATING
        UPDATING updated,update_refused,lost,ended SETTLED
    """,
}


def expected(kind: type[Enum]) -> dict[tuple[str, str], str]:
    moves: dict[tuple[str, str], str] = {}
    for line in EXPECTED[kind].split("\n"):
        if line.strip():
            befores, signals, state = line.split()
            moves |= {(b, s): state for b in befores.split(",") for s in signals.split(",")}
    return moves


@pytest.mark.parametrize(
    ("kind", "table"),
    [(Connection, CONNECTION), (Input, INPUT), (Answering, ANSWERING), (Configuration, CONFIGURATION)],
    ids=["connection", "input", "answering", "configuration"],
)
def test_every_pair_of_state_and_signal_leads_where_the_documents_say(
    kind: type[Enum], table: Mapping[tuple[Enum, Signal], Enum]
) -> None:
    moves = expected(kind)
    for state in kind:
        for signal in Signal:
            wanted = moves.get((state.name, signal.name.lower()), state.name)
            assert after(dict(table), state, signal).name == wanted, f"{state.name} {signal.name}"


def test_a_closed_session_never_moves_again() -> None:
    assert all(after(CONNECTION, Connection.CLOSED, signal) is Connection.CLOSED for signal in Signal)


def test_every_state_can_be_reached() -> None:
    for kind, table in ((Connection, CONNECTION), (Input, INPUT), (Answering, ANSWERING)):
        assert set(table.values()) | {next(iter(kind))} == set(kind)


def test_every_state_and_signal_says_what_it_means() -> None:
    for kind in (Connection, Input, Answering, Configuration, Signal):
        assert all(isinstance(member.value, str) and member.value for member in kind)
