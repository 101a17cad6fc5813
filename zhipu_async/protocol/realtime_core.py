"""The steps that calls, messages and clocks share: one session's state and what each step does to it. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from zhipu_async.errors import ZhipuError
from zhipu_async.protocol.realtime_acks import Acks, Sent
from zhipu_async.protocol.realtime_answers import CANCELLED, AnswerRecord, FunctionCall
from zhipu_async.protocol.realtime_calls import State, call_of
from zhipu_async.protocol.realtime_history import Entry
from zhipu_async.protocol.realtime_outputs import Began, Flush, Output, Progress, Ready, Send
from zhipu_async.protocol.realtime_states import (
    ANSWERING,
    CONFIGURATION,
    CONNECTION,
    INPUT,
    Answering,
    Connection,
    Signal,
    after,
)
from zhipu_async.protocol.realtime_timing import Patience, Timer, Timers
from zhipu_async.types.realtime_client import ClientEvent, ConversationItemCreate, SessionUpdate
from zhipu_async.types.realtime_session import Session, SessionConfig

KEPT_CALLS = 64  # function calls that were never answered; nobody answers them after that many more
KEPT_RECORDS = 16  # answers that late events may still name; several overlap at most for moments


class Core:
    """One session's state; every step appends to `out` what the shell has to do."""

    def __init__(self, wanted: SessionConfig, patience: Patience, *, keep_audio: bool) -> None:
        self.state: State = State(wanted, wanted)
        self.acks: Acks = Acks()
        self.timers: Timers = Timers(patience)
        self.active: AnswerRecord | None = None  # the one that the answering region speaks of
        self.records: dict[str, AnswerRecord] = {}
        self.echo: Session = Session()  # as the platform last described it
        self.server_tools: frozenset[str] = frozenset()  # run by the platform itself, never answered
        self.late_events = 0
        self.out: list[Output] = []
        self.now: float = 0.0
        self._keep_audio = keep_audio
        self._events_sent = 0
        self._telling: list[Sent] | None = None  # the items told again that may still be refused
        self._told = 0
        self._untold = 0
        self.set_turn_mode()

    def begin(self, now: float) -> None:
        """Start a step: an empty list of things to do."""
        self.now = now
        self.out = []

    def rest(self) -> None:
        """Note that no answer is being given."""
        self.active = None

    def signal(self, signal: Signal) -> None:
        """Move every region that the signal concerns."""
        state = self.state
        state.connection = after(CONNECTION, state.connection, signal)
        state.input = after(INPUT, state.input, signal)
        state.answering = after(ANSWERING, state.answering, signal)
        state.configuration = after(CONFIGURATION, state.configuration, signal)

    def set_turn_mode(self) -> None:
        """Start the input region of the wanted turn detection."""
        by_server = self.state.wanted.turn_detection.by_server
        self.signal(Signal.TO_SERVER_VAD if by_server else Signal.TO_CLIENT_VAD)

    # ── sending ────────────────────────────────────────────────────────────────────────────────────

    def note(self, event: ClientEvent) -> Sent:
        """Give an event its id and expect the platform's answer to it."""
        self._events_sent += 1
        event.event_id = event.event_id or f"event_{self._events_sent}"
        sent = Sent(event.event_id, call_of(event), event)
        self.acks.add(sent)
        return sent

    def configure(self) -> None:
        """Send the whole wanted session, once, as the first thing on a connection."""
        greeting = self.state.connection in (Connection.GREETING, Connection.RESTORING)
        if not greeting or self.acks.open:
            return
        self.signal(Signal.SESSION_CREATED)
        self.timers.stop(Timer.GREETING)
        self.timers.start(Timer.SETUP, self.now)
        event = SessionUpdate(session=self.state.wanted)
        self.note(event)
        self.signal(Signal.UPDATE)
        self.out.append(Send(event))

    def tell(self, entries: Iterable[Entry], lost: int) -> None:
        """Tell the platform again what was said."""
        self._told, self._untold = 0, lost
        self._telling = []
        for entry in entries:
            assert entry.item is not None  # what has no words is not chosen
            event = ConversationItemCreate(item=entry.item)
            sent = self.note(event)
            sent.entry = entry
            self._telling.append(sent)
            self._told += 1
            self.out.append(Send(event))
        self.timers.start(Timer.RESTORE, self.now)
        self.told_so_far()

    def untold(self, sent: Sent) -> None:
        """Count an item that the platform did not take."""
        assert self._telling is not None  # `tells` said so
        self._telling.remove(sent)
        self._told -= 1
        self._untold += 1
        self.told_so_far()

    def tells(self, sent: Sent) -> bool:
        """Whether this call tells again what was said before."""
        return self._telling is not None and sent in self._telling

    def told_so_far(self) -> None:
        """Go on when every item told again has been taken or refused."""
        if self._telling is not None and not any(sent in self.acks.open for sent in self._telling):
            self.told()

    def told(self) -> None:
        """Stop waiting for answers to what was told again."""
        for sent in self._telling or ():
            self.acks.forget(sent)
        self._telling = None
        self.timers.stop(Timer.RESTORE)
        if self.state.connection is Connection.RESTORING:
            self.signal(Signal.RESTORED)
            self.timers.start(Timer.LIVENESS, self.now)
            self.out.append(Ready(self._told, self._untold))

    # ── answers ────────────────────────────────────────────────────────────────────────────────────

    def ask(self) -> AnswerRecord | None:
        """Begin an answer that has no id yet; None while another one keeps the region."""
        state = self.state
        if state.answering is Answering.CANCELLING and self.active and not self.active.settled:
            self.active.settle(CANCELLED, self.active.failure)  # nobody would see its end any more
            self._write_down(self.active)
            self.out.append(Progress(self.active))
        before = state.answering
        self.signal(Signal.ASKED)
        state.unanswered = state.items = state.frames = 0
        if before is state.answering:
            return None
        state.overtaken = state.calls_open()[-KEPT_CALLS:]
        state.calls = []
        self.timers.stop(Timer.CANCEL)
        return self._begin_record("")

    def _begin_record(self, response_id: str) -> AnswerRecord:
        record = AnswerRecord(id=response_id, keep_audio=self._keep_audio)
        self.active = record
        self.timers.start(Timer.ANSWER, self.now)
        self.out.append(Began(record))
        return record

    def record_of(self, response_id: str) -> AnswerRecord | None:
        """Return the answer that an event names, beginning it where this is its first event."""
        if not response_id:
            if self.active is not None and not self.active.settled:
                self.signal(Signal.STARTED)
            return self.active
        return self.records.get(response_id) or self._started(response_id)

    def _started(self, response_id: str) -> AnswerRecord:
        before, record = self.state.answering, self.active
        self.signal(Signal.STARTED)
        if record is not None and not record.id and not record.settled:
            record.id = response_id
        elif self.state.answering is not before:
            record = self._begin_record(response_id)
        else:  # several may overlap; this one is followed beside the active one
            record = AnswerRecord(id=response_id, keep_audio=self._keep_audio)
            self.out.append(Began(record))
        self._remember(record)
        return record

    def _remember(self, record: AnswerRecord) -> None:
        for old in [old for old in self.records.values() if old.settled and old.chunks]:
            self.records[old.id] = old.stub()  # minutes of speech; whoever gathers them holds them
        self.records[record.id] = record
        for forgotten in list(self.records)[:-KEPT_RECORDS]:
            del self.records[forgotten]

    def interrupt(self, reason: str, signal: Signal) -> None:
        """End the live speech of everything under way and expect its end."""
        under_way = [record for record in self.records.values() if not record.settled]
        if self.active and not self.active.id:
            under_way.append(self.active)
        for record in under_way:
            if record.interrupt(reason):
                self.out.append(Flush(record, reason))
        before = self.state.answering
        self.signal(signal)
        if self.state.answering is not before:
            self.timers.stop(Timer.ANSWER)
            self.timers.start(Timer.CANCEL, self.now)

    def fail(self, record: AnswerRecord, status: str, failure: ZhipuError | None) -> None:
        """End an answer that will not end by itself."""
        record.settle(status, failure)
        self.settled(record, Signal.GIVEN_UP)

    def settled(self, record: AnswerRecord, signal: Signal) -> None:
        """Act on the end of an answer."""
        record.settled_at = self.now
        self._write_down(record)
        if record is self.active:
            self._leave(record, signal)
        self.out.append(Progress(record))

    def _write_down(self, record: AnswerRecord) -> None:
        history = self.state.history
        words = record.heard if record.interrupted else record.transcript or record.text
        history.add_answer(words, interrupted=bool(record.interrupted))
        for call in self.due(record):
            history.add_call(call.name, call.arguments, call.call_id)

    def due(self, record: AnswerRecord) -> list[FunctionCall]:
        """Return the calls that the caller has to answer; the platform's own tools are not among them."""
        calls = record.calls if record.completed else []
        return [call for call in calls if call.name not in self.server_tools]

    def _leave(self, record: AnswerRecord, signal: Signal) -> None:
        state = self.state
        due = self.due(record) if not record.interrupted else []
        self.signal(Signal.DONE_WITH_CALLS if due and signal is Signal.DONE else signal)
        state.calls = due if state.answering is Answering.TOOLS_DUE else []
        self.timers.stop(Timer.ANSWER, Timer.CANCEL)
        if not record.completed:
            state.unanswered = max(1, state.unanswered)  # what it should have answered may be asked again
            state.items = max(1, state.items)
        self._promote()

    def _promote(self) -> None:
        """Let the region speak of another answer that is still under way."""
        others = [record for record in self.records.values() if not record.settled]
        if others and self.state.answering is Answering.IDLE:
            self.active = others[-1]
            self.signal(Signal.STARTED)
            self.timers.start(Timer.ANSWER, self.now)

    def everything_under_way(self) -> list[AnswerRecord]:
        """Return every answer that has not ended."""
        known = chain(self.records.values(), (self.active,) if self.active else ())
        return list(dict.fromkeys(record for record in known if not record.settled))
