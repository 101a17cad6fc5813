"""The realtime session without its socket: calls and messages go in, things to do come out.

No I/O here and no clock: the shell hands in `now`, writes what `Send` says and calls `tick` at `next_due`.
`realtime_states` has the states and their tables, `realtime_calls` what is legal when, `realtime_receiving`
what each event does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from zhipu_async.errors import RealtimeClosed, RealtimeError, TurnStalled
from zhipu_async.protocol.realtime_acks import Sent
from zhipu_async.protocol.realtime_answers import CANCELLED, LOST, TIMED_OUT
from zhipu_async.protocol.realtime_calls import Asked, Call, Refusal, Situation, Verdict, busy, call_of, judge
from zhipu_async.protocol.realtime_core import Core
from zhipu_async.protocol.realtime_history import Entry
from zhipu_async.protocol.realtime_outputs import Deliver, Failed, GiveUp, Output, Ping
from zhipu_async.protocol.realtime_receiving import handle
from zhipu_async.protocol.realtime_states import Configuration, Connection, Input, Signal
from zhipu_async.protocol.realtime_timing import Patience, Timer
from zhipu_async.types.realtime import PlatformEvent, TurnStall, UnknownEvent
from zhipu_async.types.realtime_client import (
    ClientEvent,
    ConversationItemCreate,
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

STALLED_SPEECH = "Server VAD and tools in one session are known to hang: use client VAD with tools."


class Machine(Core):
    """One session's state, from NEW to CLOSED."""

    def __init__(
        self, wanted: SessionConfig, *, patience: Patience | None = None, keep_audio: bool = True
    ) -> None:
        super().__init__(wanted, patience or Patience(), keep_audio=keep_audio)

    def __repr__(self) -> str:
        return f"<Machine {self.state.describe()}>"

    # ── what the caller asks for ───────────────────────────────────────────────────────────────────

    def judge(
        self, event: ClientEvent, *, milliseconds: float = 0.0, waived: Collection[Refusal] = ()
    ) -> Verdict:
        """Return what becomes of a call, or raise what is wrong with it; nothing changes either way."""
        return judge(self.state, Asked(call_of(event), event, milliseconds, waived))

    def judge_raw(self) -> None:
        """Raise if nothing can be sent at all."""
        judge(self.state, Asked(Call.SEND))

    def judge_commit(self, *, with_more: bool) -> None:
        """Raise what would be wrong with a commit, after the rest of the sound if there is some."""
        rest = with_more and self.state.situation is Situation.CLIENT_VAD
        state = msgspec.structs.replace(self.state, input=Input.BUFFERED) if rest else self.state
        judge(state, Asked(Call.COMMIT, InputAudioBufferCommit()))

    def judge_text(self, event: ConversationItemCreate, waived: Collection[Refusal] = ()) -> Verdict:
        """Judge an item and the answer to it together: neither is sent unless both are legal."""
        verdict = self.judge(event)
        if verdict is not Verdict.SEND:
            return verdict
        with_item = msgspec.structs.replace(
            self.state, unanswered=self.state.unanswered + 1, items=self.state.items + 1
        )
        return judge(with_item, Asked(Call.RESPOND, ResponseCreate(), waived=waived))

    def sent(self, event: ClientEvent, now: float, *, milliseconds: float = 0.0) -> list[Output]:
        """Note that a call is being written, and stamp its event id."""
        self.begin(now)
        sent = self.note(event)
        match event:
            case SessionUpdate():
                self.state.before, self.state.wanted = self.state.wanted, event.session
                self._updating()
            case TranscriptionSessionUpdate():
                self._updating()
            case InputAudioBufferAppend():
                self.signal(Signal.APPEND)
                self.state.clip_ms += milliseconds
            case InputAudioBufferAppendVideoFrame():
                self.signal(Signal.APPEND)
                self.state.frames += 1
            case InputAudioBufferCommit():
                self._committing()
            case InputAudioBufferClear():
                self.signal(Signal.CLEAR)
                self.state.clip_ms = 0.0
            case ConversationItemCreate():
                self._creating(sent, event)
            case ResponseCreate():
                sent.record = self.ask()
            case ResponseCancel():
                self.interrupt("cancel", Signal.CANCEL)
            case _:
                pass
        return self.out

    def _updating(self) -> None:
        self.signal(Signal.UPDATE)
        self.timers.start(Timer.UPDATE, self.now)

    def _committing(self) -> None:
        self.signal(Signal.COMMIT)
        self.state.unanswered += 1
        self.state.clip_ms = 0.0

    def _creating(self, sent: Sent, event: ConversationItemCreate) -> None:
        sent.entry = self.state.history.add_text(event.item)
        self.state.unanswered += 1
        self.state.items += 1
        if sent.call is Call.CREATE_RESULT:
            self._answer_call(event.item.call_id or "")

    def _answer_call(self, call_id: str) -> None:
        left = self.state.calls_open()
        exact = [call for call in left if call_id and call.call_id == call_id]
        for call in (exact or left)[:1]:
            call.answered = True

    def keep(self, wanted: SessionConfig) -> None:
        """Remember a configuration for the next connection."""
        self.state.wanted = self.state.before = wanted

    def tell_again(self, entries: Sequence[Entry], now: float) -> list[Output]:
        """Say things again that a change of mode made the platform forget."""
        self.begin(now)
        self.state.history.keep(entries)
        self.tell(entries, 0)
        return self.out

    # ── the connection's life ──────────────────────────────────────────────────────────────────────

    def dial(self) -> None:
        """Begin to connect, for the first time or again."""
        if self.state.connection is not Connection.BACKOFF:
            judge(self.state, Asked(Call.CONNECT))
        self.signal(Signal.DIAL)

    def opened(self, now: float) -> None:
        """Note that the handshake succeeded."""
        self.signal(Signal.OPENED)
        self.timers.start(Timer.GREETING, now)
        self.timers.start(Timer.SETUP, now)

    def alive(self, now: float) -> None:
        """Note any sign of life; before the session is usable, other clocks watch."""
        self.timers.stop(Timer.PONG)
        if self.state.connection is Connection.READY:
            self.timers.start(Timer.LIVENESS, now)

    def close(self) -> Verdict:
        """Begin to close; say whether there is anything to do."""
        verdict = judge(self.state, Asked(Call.CLOSE))
        self.signal(Signal.CLOSE)
        return verdict

    def lost(self, error: RealtimeClosed, now: float, *, again: bool) -> list[Output]:
        """Settle everything that hung on a connection; `again` says whether another one follows."""
        self.begin(now)
        for record in self.everything_under_way():
            self.fail(record, LOST, error)
        self.out.extend(Failed(sent, error) for sent in self.acks.drain())
        self.signal(Signal.LOST if again else Signal.ENDED)
        self._forget_connection()
        self.state.end = None if again or error.whose == "ours" else error
        return self.out

    def _forget_connection(self) -> None:
        state = self.state
        state.before = state.wanted  # an update under way is what the next connection begins with
        state.calls, state.overtaken = [], []
        state.history.retire()
        state.clip_ms, state.frames = 0.0, 0
        self.told()
        self.timers.clear()
        self.records.clear()
        self.rest()
        self.set_turn_mode()

    @property
    def resting(self) -> bool:
        """Whether nobody would notice a change of connection now."""
        state = self.state
        quiet = state.configuration is Configuration.SETTLED and not state.unanswered
        return state.connection is Connection.READY and quiet and not busy(state)

    # ── what the platform says ─────────────────────────────────────────────────────────────────────

    def receive(self, event: PlatformEvent | UnknownEvent, now: float) -> list[Output]:
        """Act on a message."""
        self.begin(now)
        self.alive(now)
        if handle(self, event):
            self.out.insert(0, Deliver(event))
        return self.out

    # ── time ───────────────────────────────────────────────────────────────────────────────────────

    def next_due(self) -> float | None:
        """Return when `tick` has something to do, if nothing else happens."""
        return self.timers.next()

    def tick(self, now: float) -> list[Output]:
        """Act on the waits that are over."""
        self.begin(now)
        for timer in self.timers.expired(now):
            self._timed_out(timer)
        return self.out

    def _timed_out(self, timer: Timer) -> None:
        match timer:
            case Timer.GREETING:
                self.configure()
            case Timer.SETUP:
                self.out.append(GiveUp(self._stalled(timer)))
            case Timer.UPDATE:
                self._update_unanswered()
            case Timer.RESTORE:
                self.told()
            case Timer.ANSWER:
                self._deliver_stall(timer, "")
                self._give_up(TIMED_OUT, self._stalled(timer))
            case Timer.CANCEL:
                self._give_up(CANCELLED, None)
            case Timer.SPEECH | Timer.ENDPOINT:
                self._deliver_stall(timer, STALLED_SPEECH if self.state.wanted.tools else "")
            case Timer.LIVENESS:
                self.timers.start(Timer.PONG, self.now)
                self.out.append(Ping())
            case _:  # PONG
                self.out.append(GiveUp(RealtimeClosed("The connection is dead: no sign of life.")))

    def _update_unanswered(self) -> None:
        self.signal(Signal.UPDATE_REFUSED)
        self.state.wanted = self.state.before  # as far as anybody knows, nothing has changed
        for call in (Call.UPDATE, Call.UPDATE_TRANSCRIPTION):
            sent = self.acks.answered(call)
            if sent is not None:
                self.out.append(Failed(sent, self._stalled(Timer.UPDATE)))

    def _give_up(self, status: str, failure: RealtimeError | None) -> None:
        """Settle an answer whose end does not come."""
        if self.active is not None and not self.active.settled:
            self.acks.responding(self.active)
            self.fail(self.active, status, failure or self.active.failure)

    def _stalled(self, timer: Timer) -> TurnStalled:
        seconds = self.timers.patience.seconds(timer)
        message = f"The platform did not send {timer.value} within {seconds:g} s."
        return TurnStalled(message, waiting_for=timer.value, seconds=seconds)

    def _deliver_stall(self, timer: Timer, hint: str) -> None:
        seconds = self.timers.patience.seconds(timer)
        self.out.append(Deliver(TurnStall(waiting_for=timer.value, seconds=seconds, hint=hint)))
