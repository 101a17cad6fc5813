"""The realtime machine in motion: one task that dials, reads and dials again, and never waits for the caller."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection
from typing import Protocol

from zhipu_async.errors import RealtimeClosed, RealtimeError, ZhipuError
from zhipu_async.flows.realtime_answer import Answers
from zhipu_async.flows.realtime_events import Bell, Events
from zhipu_async.flows.realtime_link import Dial, Link
from zhipu_async.flows.realtime_tools import ToolRunner
from zhipu_async.protocol.realtime import Machine
from zhipu_async.protocol.realtime_answers import AnswerRecord
from zhipu_async.protocol.realtime_calls import Refusal, Verdict
from zhipu_async.protocol.realtime_ends import NORMAL, Outages, Reconnect, as_closed, closed
from zhipu_async.protocol.realtime_outputs import (
    Acknowledged,
    Began,
    Deliver,
    Failed,
    Flush,
    GiveUp,
    Output,
    Ping,
    Progress,
    Ready,
    Send,
)
from zhipu_async.protocol.realtime_wire import decode, encode
from zhipu_async.transport.clock import Clock
from zhipu_async.types.realtime import AudioFlushed, ProtocolWarning, RealtimeEvent, Reconnecting
from zhipu_async.types.realtime_client import (
    ClientEvent,
)


class Restores(Protocol):
    """What has to be sent again on a new connection, before anything else."""

    def restore(self) -> int:
        """Begin; return how many milliseconds of sound are lost."""
        ...


class Driver:
    """Owns the connection, the clocks and the queues of one session."""

    def __init__(
        self,
        machine: Machine,
        dial: Dial,
        clock: Clock,
        random: Callable[[], float],
        *,
        reconnect: Reconnect | None = None,
        tools: Collection[object] = (),
        manual_tools: Collection[str] = (),
    ) -> None:
        self.machine = machine
        self.events: Events = Events()
        self.answers: Answers = Answers()
        self.restores: Restores | None = None
        self.clock = clock
        self._dial = dial
        self._random = random
        self._outages = Outages(reconnect)
        self._tools = ToolRunner(tools, manual_tools, self)
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self._closer: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._changed = Bell()
        self._acks: dict[str, asyncio.Future[RealtimeEvent]] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf
        self._planned: asyncio.TimerHandle | None = None
        self._last_message = b""
        self._change_due = False

    # ── for the session ────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Connect; return when the session is configured. Cancelling leaves nothing behind."""
        self.machine.dial()
        self._ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._run())
        try:
            await self._ready
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Say goodbye and stop; a cancelled close still completes."""
        over = self.machine.close() is Verdict.NOTHING
        if self._closer is None and self._task is not None:
            self._closer = asyncio.ensure_future(
                self._tidy_up(self._task) if over else self._hang_up(self._task)
            )
        if self._closer is not None:
            await asyncio.shield(self._closer)

    async def allowed(
        self, event: ClientEvent, *, milliseconds: float = 0.0, waived: Collection[Refusal] = ()
    ) -> Verdict:
        """Wait until a call may be sent, or learn that it is kept or needless; illegal ones raise."""
        while True:
            verdict = self.machine.judge(event, milliseconds=milliseconds, waived=waived)
            if verdict is not Verdict.WAIT:
                return verdict
            await self._changed.wait()

    async def change(self) -> None:
        """Wait until anything happens."""
        await self._changed.wait()

    def post(self, event: ClientEvent, *, milliseconds: float = 0.0) -> None:
        """Send a call that was found legal just now."""
        outputs = self.machine.sent(event, self.clock.now(), milliseconds=milliseconds)
        self._write(event)
        self.act(outputs)

    def write(self, message: bytes) -> None:
        """Send what the machine does not know."""
        if self._link is not None:
            self._link.post(message)

    async def room(self) -> None:
        """Wait until what was posted is mostly written. Cancelling takes nothing back."""
        if self._link is not None:
            await self._link.room()

    async def answered(self, event: ClientEvent) -> RealtimeEvent:
        """Send a call and return the platform's answer to it, or raise the error it gave."""
        self.post(event)
        answer: asyncio.Future[RealtimeEvent] = asyncio.get_running_loop().create_future()
        self._acks[event.event_id] = answer
        try:
            return await answer
        finally:
            del self._acks[event.event_id]

    # ── the one task ───────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        try:
            await self._live()
        except Exception as exc:  # noqa: BLE001  a fault of ours, or of a key's giver, is the caller's to see
            self._finish(exc)
        finally:
            if self._link is not None:
                self._link.drop()

    async def _live(self) -> None:
        while True:
            error = await self._connection()
            if self._closer is not None:
                return
            delay = self._outages.failed(error, self.clock.now(), self._random)
            self._outages.lost_response = self._response_id() or self._outages.lost_response
            lost = as_closed(error)
            # Nothing is awaited before this: a call must not find a usable state without a connection.
            self.act(self.machine.lost(lost, self.clock.now(), again=delay is not None))
            await self._leave_link()
            if delay is None:
                self._finish(error)
                return
            await self._wait_to_dial(delay, lost)

    async def _connection(self) -> RealtimeError:
        """Dial and read until it ends; return why."""
        try:
            link = self._link = Link(await self._dial())
            self.machine.opened(self.clock.now())
            self._wind()
            while True:
                self._take(await link.receive())
                if self.events.turn_due:  # messages that have come already are received without a pause
                    await self.events.turn()
        except RealtimeError as exc:
            return exc if self._link is None else self._link.reason(exc)

    async def _leave_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.abandon()

    def _take(self, message: bytes) -> None:
        now = self.clock.now()
        if message == self._last_message and b'"event_id":' in message:
            # The very same, with an id of its own: its speech was heard.
            self.machine.alive(now)
            self.events.put(ProtocolWarning(what="a message that came twice"))
            return
        self._last_message = message
        event, warnings = decode(message)
        if event is None:
            self.machine.alive(now)
        else:
            self.act(self.machine.receive(event, now))
        for warning in warnings:
            self.events.put(warning)

    async def _wait_to_dial(self, delay: float, error: RealtimeClosed) -> None:
        attempt = self._outages.attempt
        self.events.put(
            Reconnecting(attempt=attempt, delay=delay, close_code=error.close_code, reason=error.reason)
        )
        await self.clock.sleep(delay)
        self.machine.dial()

    def _response_id(self) -> str:
        active = self.machine.active
        return active.id if active is not None and not active.settled else ""

    def _finish(self, error: Exception) -> None:
        """Tell everyone who waits that it is over."""
        said_goodbye = isinstance(error, RealtimeClosed) and error.close_code == NORMAL
        self.events.end(None if said_goodbye else error)
        self.answers.end(error if isinstance(error, ZhipuError) else closed(NORMAL, "", "ours"))
        self._stop_clocks()
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(error)
        self._changed.ring()

    async def _tidy_up(self, task: asyncio.Task[None]) -> None:
        """Let a session that is over finish what it is at."""
        await asyncio.gather(task, return_exceptions=True)
        await self._tools.close()

    async def _hang_up(self, task: asyncio.Task[None]) -> None:
        if self._link is not None:
            await self._link.close()
        task.cancel()
        await self._tidy_up(task)
        over = closed(NORMAL, "", "ours")
        self.act(self.machine.lost(over, self.clock.now(), again=False))
        if self._ready is not None:
            self._ready.cancel()
        self._finish(over)

    # ── what the machine asks for ──────────────────────────────────────────────────────────────────

    def act(self, outputs: list[Output]) -> None:
        """Do what a step of the machine asks for."""
        for output in outputs:
            self._do(output)
        if self.machine.timers.soonest < self._alarm_at:
            self._wind()
        if self._changed.waiting:
            self._changed.ring()
        if self._change_due and self.machine.resting:
            self._change_connection()

    def _do(self, output: Output) -> None:
        match output:
            case Deliver(event):
                self.events.put(event)
            case Progress(record):
                self._progress(record)
            case Began(record):
                self.answers.begin(record, goes_on=self._tools.asking)
            case Flush(record, reason):
                self._flush(record, reason)
            case Send(event):
                self._write(event)
            case Acknowledged(sent, event):
                self._settle_ack(sent.id, event)
            case Failed(sent, error):
                self._settle_ack(sent.id, error)
            case Ready():
                self._got_ready(output)
            case Ping():
                assert self._link is not None  # only a connection is pinged
                self._link.ping(self._pong)
            case GiveUp(error):
                assert self._link is not None  # and only a connection is given up
                self._link.give_up(error)

    def _progress(self, record: AnswerRecord) -> None:
        due = self.machine.due(record) if record.settled and not record.interrupted else []
        if record.calls:
            self._tools.progress(record, due)
        answer = self.answers.of(record)
        if answer is None:
            return
        answer.moved()
        if record.settled and not (due and all(map(self._tools.runs, due))):
            self._tools.rounds = 0
            answer.finish()

    def _flush(self, record: AnswerRecord, reason: str) -> None:
        handed_ms, dropped_ms = self.events.flush(record.id)
        answer = self.answers.of(record)
        if answer is not None:
            # Whoever follows `audio()` hears that; then the events are read for something else.
            handed_ms, dropped_ms = answer.unheard_ms(record) or (handed_ms, dropped_ms)
            answer.moved()
        if record.settled and not dropped_ms:
            return
        record.interrupted = record.interrupted or reason
        self.events.put(
            AudioFlushed(
                response_id=record.id,
                reason=reason,
                handed_over_ms=round(handed_ms),
                dropped_ms=round(dropped_ms),
            )
        )

    def _got_ready(self, ready: Ready) -> None:
        now = self.clock.now()
        self._outages.ready(now)
        self._plan_ahead()
        assert self._ready is not None  # set before anything is dialled
        if not self._ready.done():
            self._ready.set_result(None)
            return
        lost_ms = self.restores.restore() if self.restores is not None else 0
        self.events.put(
            self._outages.report(
                now,
                restored_items=ready.restored_items,
                lost_items=ready.lost_items,
                lost_audio_ms=lost_ms,
            )
        )

    def _settle_ack(self, event_id: str, outcome: RealtimeEvent | RealtimeError) -> None:
        waiting = self._acks.get(event_id)
        if waiting is None or waiting.done():
            return
        if isinstance(outcome, RealtimeError):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)

    def _write(self, event: ClientEvent) -> None:
        event.client_timestamp = event.client_timestamp or int(self.clock.wall() * 1000)
        self.write(encode(event))

    # ── clocks ─────────────────────────────────────────────────────────────────────────────────────

    def _wind(self) -> None:
        """Have the machine look at its clocks when the first one is due, no later."""
        due = self.machine.next_due()
        if due is None or self._alarm_at <= due:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        delay = max(0.0, due - self.clock.now())
        self._alarm_at = due
        self._alarm = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._alarm, self._alarm_at = None, math.inf
        self.act(self.machine.tick(self.clock.now()))

    def _pong(self) -> None:
        self.machine.alive(self.clock.now())
        self._wind()

    def _stop_clocks(self) -> None:
        for timer in (self._alarm, self._planned):
            if timer is not None:
                timer.cancel()
        self._alarm, self._alarm_at, self._planned = None, math.inf, None

    def _plan_ahead(self) -> None:
        policy = self._outages.policy
        if policy is not None and policy.planned_after is not None:
            loop = asyncio.get_running_loop()
            self._planned = loop.call_later(policy.planned_after, self._plan_change)

    def _plan_change(self) -> None:
        self._change_due = True
        self.act([])

    def _change_connection(self) -> None:
        """Leave a connection that would end soon, while nobody is speaking."""
        if self._link is not None:
            self._change_due = False
            self._outages.plan(self.clock.now())
            self._link.leave(closed(NORMAL, "a planned change of connection", "ours"))
