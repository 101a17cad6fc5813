"""Random walks through sessions: whatever is called and whatever the platform says, the state stays legal."""

from __future__ import annotations

import copy
from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.realtime_talk import Talk, new, wanted
from zhipu_async.errors import IllegalCall, InvalidArgument, RealtimeClosed
from zhipu_async.protocol.realtime_calls import State, Verdict
from zhipu_async.protocol.realtime_outputs import Began, Output, Progress
from zhipu_async.protocol.realtime_states import Answering, Connection, Input
from zhipu_async.protocol.realtime_wire import EVENT_TYPES, decode
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
    function_result,
    text_item,
)

IDS = st.sampled_from(["", "r1", "r2", "r3"])
CALLS: list[Callable[[], ClientEvent]] = [
    lambda: InputAudioBufferAppend(audio="AAA="),
    lambda: InputAudioBufferAppendVideoFrame(video_frame="x"),
    InputAudioBufferCommit,
    InputAudioBufferClear,
    lambda: ConversationItemCreate(item=text_item("hello")),
    lambda: ConversationItemCreate(item=function_result("42")),
    lambda: ConversationItemDelete(item_id="i"),
    lambda: ConversationItemRetrieve(item_id="i"),
    ResponseCreate,
    ResponseCancel,
    lambda: SessionUpdate(session=wanted(turn_detection="server_vad")),
    lambda: SessionUpdate(session=wanted(turn_detection="client_vad")),
    lambda: SessionUpdate(session=wanted(chat_mode="video_passive")),
]
STATUSES = ["completed", "cancelled", "failed", "of tomorrow", ""]
ERRORS = ["server_error", "stop_task_error", "video_model_query_error", ""]


@st.composite
def said(draw: st.DrawFn) -> bytes:
    response_id = draw(IDS)
    fields = {
        "type": draw(st.sampled_from(sorted(EVENT_TYPES))),
        "response_id": response_id,
        "response": {"id": response_id, "status": draw(st.sampled_from(STATUSES))},
        "item_id": draw(st.sampled_from(["", "i", "j"])),
        "item": {"id": "i", "role": draw(st.sampled_from(["user", "assistant"])), "type": "message"},
        "error": {"code": draw(st.sampled_from(ERRORS))},
        "delta": draw(st.sampled_from(["", "AAAA", "text"])),
        "name": "f",
        "arguments": "{}",
    }
    return msgspec.json.encode(fields)


Step = tuple[str, object]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("call"), st.integers(0, len(CALLS) - 1)),
    st.tuples(st.just("hear"), said()),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 5.0, 40.0])),
    st.tuples(st.just("lose"), st.just(None)),
    st.tuples(st.just("back"), st.just(None)),
)


class Walk:
    """Takes steps and checks after each one what must always hold."""

    def __init__(self, turn_detection: str) -> None:
        self.talk = Talk(
            new(turn_detection="server_vad" if turn_detection == "server_vad" else None)
        ).connect()
        self.begun: list[object] = []

    def take(self, step: Step) -> None:
        kind, what = step
        if kind == "call" and isinstance(what, int):
            self.call(CALLS[what]())
        elif kind == "hear" and isinstance(what, bytes):
            self.hear(what)
        elif kind == "wait" and isinstance(what, float):
            self.note(self.talk.wait(what))
        else:
            self.connection(kind)
        self.check()

    def hear(self, message: bytes) -> None:
        if self.talk.machine.state.connection is not Connection.BACKOFF:  # without a socket nobody speaks
            event, _ = decode(message)
            assert event is not None
            self.note(self.talk.machine.receive(event, self.talk.now))

    def call(self, event: ClientEvent) -> None:
        before = copy.deepcopy(self.talk.machine.state)
        try:
            verdict = self.talk.machine.judge(event, milliseconds=100.0)
        except (IllegalCall, InvalidArgument, RealtimeClosed):
            verdict = Verdict.NOTHING
        assert self.same(before)
        if verdict is Verdict.SEND:
            self.note(self.talk.machine.sent(event, self.talk.now, milliseconds=100.0))

    def same(self, before: State) -> bool:
        state = self.talk.machine.state
        regions = (
            "connection",
            "input",
            "answering",
            "configuration",
            "unanswered",
            "items",
            "frames",
            "clip_ms",
        )
        return all(getattr(before, name) == getattr(state, name) for name in regions)

    def connection(self, kind: str) -> None:
        machine = self.talk.machine
        if kind == "lose":
            self.note(machine.lost(RealtimeClosed("cut"), self.talk.now, again=True))
        elif machine.state.connection is Connection.BACKOFF:
            machine.dial()
            machine.opened(self.talk.now)

    def note(self, outputs: list[Output]) -> None:
        self.begun += [output.record for output in outputs if isinstance(output, Began)]
        assert all(output.record in self.begun for output in outputs if isinstance(output, Progress))

    def check(self) -> None:
        machine = self.talk.machine
        state, active = machine.state, machine.active
        by_server = state.input in (Input.LISTENING, Input.SPEECH, Input.ENDPOINTED)
        if state.connection is not Connection.READY:
            assert state.answering is Answering.IDLE or state.connection is Connection.RESTORING
        elif not machine.acks.open:
            assert by_server is state.before.turn_detection.by_server
        if state.answering in (Answering.REQUESTED, Answering.STREAMING, Answering.CANCELLING):
            assert active is not None
            assert not active.settled
            assert machine.next_due() is not None
        assert min(state.unanswered, state.items, state.frames) >= 0
        assert len(machine.records) <= 16


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["client_vad", "server_vad"]), st.lists(STEPS, max_size=40))
def test_no_walk_leaves_the_legal_states(turn_detection: str, steps: list[Step]) -> None:
    walk = Walk(turn_detection)
    for step in steps:
        walk.take(step)
