"""Tasks: submitted work that is asked about until it ends."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import defaultdict
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec

from zhipu_async.errors import APITimeoutError, ConcurrencyLimit, IllegalCall, InvalidArgument, TaskFailed
from zhipu_async.flows.ledger import Ledger, Line, keep_going, new_entry, reason_of, taken_back
from zhipu_async.flows.observe import TaskRecord
from zhipu_async.flows.places import Holder, Places
from zhipu_async.flows.request import Request
from zhipu_async.flows.scheduler import OF_THE_KIND, Patience, Polling, Scheduler
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.protocol.kinds import Kind, kind_named
from zhipu_async.protocol.ledger import Entry, State
from zhipu_async.protocol.limits import Pool
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.schedule import Phase, Rhythm, phase_of
from zhipu_async.types.base import Reply
from zhipu_async.types.tasks import TaskReceipt, TaskRef

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.flows.permits import Permit

T = TypeVar("T", bound=Reply)

POLL_SECONDS = 30.0  # one poll: a stalled one must not keep its place among those under way


class PendingTask(Generic[T]):
    """Work that the platform is at: `await task` gives its result.

    It pickles into a `TaskRef`; `zhipu.tasks.attach(ref)` makes a task of that again, in any process.
    """

    def __init__(
        self,
        flow: TaskFlow,
        kind: Kind[T],
        ref: TaskRef[T],
        *,
        submitted: float | None = None,
        record: TaskRecord | None = None,
        permit: Permit | None = None,
        line: Line | None = None,
    ) -> None:
        self.kind = kind
        self.ref = ref
        self.lane = ""
        self.receipt: TaskReceipt | None = None
        """What the submission answered, with its `.meta` and `.raw`; None for a task that was found again."""
        self._flow = flow
        self._submitted = submitted
        self._record = record
        self._permit = permit
        self._line = line
        self._result: T | None = None
        self._error: Exception | None = None

    def __repr__(self) -> str:
        ended = "failed" if self._error else "done" if self._result is not None else "pending"
        return f"<PendingTask {self.ref}, {ended}>"

    def __reduce__(self) -> tuple[object, ...]:
        return (TaskRef, (self.ref.kind, self.ref.id, dict(self.ref.extra)))

    def __await__(self) -> Generator[Any, None, T]:
        return self.wait().__await__()

    @property
    def id(self) -> str:
        """Return the platform's id of the task."""
        return self.ref.id

    @property
    def requested_model(self) -> str:
        """Return the model that was asked for; "" for a task found by its id alone."""
        return self.ref.model

    @property
    def served_model(self) -> str:
        """Return the model that answered, once the task is done; the platform substitutes some."""
        served: object = getattr(self._result, "model", "")
        return served if isinstance(served, str) else ""

    @property
    def done(self) -> bool:
        """Tell whether the end of the task is known here; nothing is asked for that."""
        return self._result is not None or self._error is not None

    @property
    def holds_place(self) -> bool:
        """Tell whether the task counts against the platform's limit, as far as is known here."""
        return self._permit is not None and not self.done

    async def wait(self, *, timeout: float | Patience | None = OF_THE_KIND) -> T:
        """Return the result, or raise `TaskFailed`, or `TaskTimeout` after this many seconds.

        The task lives on after a timeout and after cancelling: wait again, or attach to its `ref`.
        timeout: None waits without a limit; by default an hour, for videos three, for batches eight days.
        """
        if self._error is not None:
            raise self._error
        if self._result is not None:
            return self._result
        future = self.watch(timeout)
        try:
            return await future
        finally:
            future.cancel()

    async def status(self) -> str:
        """Ask now and return the platform's word for where the task stands. Cancelling is safe."""
        reply = await self._flow.ask(self.kind, self.ref)
        return self.kind.read(reply).status

    async def cancel(self) -> T:
        """Ask the platform to stop the task and return what it says; only batches can be stopped."""
        return await self._flow.stop(self.kind, self.ref)

    def watch(self, timeout: float | Patience | None = OF_THE_KIND) -> asyncio.Future[T]:
        """Return a future of the result, for callbacks; cancelling it ends the wait."""
        seconds = self.kind.patience if isinstance(timeout, Patience) else timeout
        now = self._flow.calls.clock.now()
        age = None if self._submitted is None else now - self._submitted
        future = self._flow.scheduler.watch(
            self.kind, self.ref, age=age, timeout=seconds, record=self._record
        )
        future.add_done_callback(self._hear)
        return future

    def _hear(self, future: asyncio.Future[T]) -> None:
        if future.cancelled() or self.done:
            return
        error = future.exception()
        if error is not None and not isinstance(error, TaskFailed):
            return
        self._error = error
        self._result = future.result() if error is None else None
        if self._permit is not None:
            self._permit.release()
        self._flow.ended(self, self._line, self._result, self._error)


class _Here(NamedTuple):
    """What one loop has."""

    scheduler: Scheduler
    places: Places


class TaskFlow:
    """Submits, watches and resumes tasks: one for each client, shared by its views."""

    def __init__(self, calls: Calls, ledger: Ledger | None = None) -> None:
        self.calls = calls
        self.ledger = ledger
        self.polling: Polling = Polling()
        # No retries here: the scheduler asks again, at its own pace.
        self._polls = calls.with_options(CallOptions(max_retries=0, timeout=POLL_SECONDS))
        self._rhythms: dict[str, Rhythm] = {}
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Here] = weakref.WeakKeyDictionary()
        self._in_hand: weakref.WeakValueDictionary[str, PendingTask[Any]] = weakref.WeakValueDictionary()
        self._sending: set[str] = set()
        self._notes: set[asyncio.Future[None]] = set()
        self._holding: defaultdict[str, weakref.WeakSet[PendingTask[Any]]] = defaultdict(weakref.WeakSet)
        self._lock = threading.Lock()  # of `_holding`: loops of other threads submit too

    def __repr__(self) -> str:
        held = sum(len(tasks) for tasks in self._holding.values())
        return f"<TaskFlow {held} submitted and not ended, {self.ledger or 'no ledger'}>"

    @property
    def scheduler(self) -> Scheduler:
        """Return the scheduler of the running loop."""
        return self._here().scheduler

    def _here(self) -> _Here:
        loop = asyncio.get_running_loop()
        return self._loops.get(loop) or self._loops.setdefault(loop, self._begin())

    def _begin(self) -> _Here:
        scheduler = Scheduler(
            self.ask,
            clock=self.calls.clock,
            random=self.calls.random,
            polling=self.polling,
            rhythms=self._rhythms,
            ended=self.calls.observers.task_ended,
        )
        return _Here(scheduler, Places(self._holders, self._cap, self.calls.clock))

    async def close(self) -> None:
        """End this loop's waits, and let go of the ledger; both come back when they are used again."""
        here = self._loops.pop(asyncio.get_running_loop(), None)
        if here is not None:
            here.scheduler.close("the client was closed; the task lives on and can be attached to again")
        if notes := [note for note in self._notes if note.get_loop() is asyncio.get_running_loop()]:
            await asyncio.wait(notes)
        if self.ledger is not None:
            await taken_back(self.ledger)
            await self.ledger.close()

    # ── submitting ─────────────────────────────────────────────────────────────────────────────────

    async def submit(
        self,
        calls: Calls,
        endpoint: Endpoint[TaskReceipt],
        kind: Kind[T],
        request: Request,
        *,
        extra: Mapping[str, str] | None = None,
        line: Line | None = None,
    ) -> PendingTask[T]:
        """Send a submission and return its task.

        Cancelled before the answer came, the submission may have been accepted: a ledger keeps the intent.
        """
        fields = request.fields or {}
        line = line or self.line(endpoint.name, fields)
        if line is None:
            return await self._send(calls, endpoint, kind, request, extra or {}, None)
        written = copy(request)
        written.intent = line.intend
        try:
            with self.sending(line):
                return await self._send(calls, endpoint, kind, written, extra or {}, line)
        except BaseException as error:
            await line.failed(error)
            raise

    @contextmanager
    def sending(self, line: Line) -> Generator[None]:
        """While a request is on its way, its intent is no riddle."""
        entry_id = line.entry.id
        self._sending.add(entry_id)
        try:
            yield
        finally:
            self._sending.discard(entry_id)

    def is_sending(self, entry_id: str) -> bool:
        """Tell whether a request of this process is on its way."""
        return entry_id in self._sending

    def line(
        self, endpoint: str, fields: Mapping[str, object], *, job: str = "", key: str = ""
    ) -> Line | None:
        """Return a request's line in the ledger, if there is one; nothing is written yet."""
        if self.ledger is None:
            return None
        wall = self.calls.clock.wall()
        return Line(self.ledger, new_entry(endpoint, fields, job=job, key=key, wall=wall))

    async def _send(
        self,
        calls: Calls,
        endpoint: Endpoint[TaskReceipt],
        kind: Kind[T],
        request: Request,
        extra: Mapping[str, str],
        line: Line | None,
    ) -> PendingTask[T]:
        receipt, permit = await self._accepted(calls, endpoint, request)
        ref = kind.ref_of(receipt, request.fields or {}, extra)
        finished = phase_of(receipt.task_status or receipt.status) is Phase.SUCCEEDED
        now = self.calls.clock.now()
        record = TaskRecord(kind.name, ref.id, str(ref), ref.model, now, submitted_here=True)
        submitted = None if finished else now
        task = PendingTask(self, kind, ref, submitted=submitted, record=record, permit=permit, line=line)
        self.calls.observers.task_submitted(record)
        task.lane, task.receipt = _lane(endpoint, request), receipt
        with self._lock:
            self._holding[task.lane].add(task)
        if line is not None:
            self._in_hand[line.entry.id] = task
            await line.submitted(str(ref))
        return task

    async def _accepted(
        self, calls: Calls, endpoint: Endpoint[TaskReceipt], request: Request
    ) -> tuple[TaskReceipt, Permit]:
        """Return the receipt, once the platform has room.

        Places are held for as long as tasks take. So the clocks run from the moment that there is one,
        unless the caller set them for this call: then the queue is a part of it.
        """
        if request.options.get("timeout") is not None:
            return await calls.submit(endpoint, request)
        lane = _lane(endpoint, request)
        while True:
            async with self._here().places.place(lane):
                try:
                    return await calls.submit(endpoint, request)
                except (ConcurrencyLimit, APITimeoutError) as error:
                    may_have_left = isinstance(error, APITimeoutError) and error.sent
                    if may_have_left or not self._holders(lane):
                        raise  # the places are not ours, so none of our tasks will free one

    def _holders(self, model: str) -> list[Holder]:
        with self._lock:
            return [task for task in self._holding[model] if task.holds_place]

    def _cap(self, model: str) -> int | None:
        """Return how many tasks the platform takes of a model; None while it never refused one."""
        caps = [
            state.cap
            for state in self.calls.permits.states()
            if state.pool is Pool.SUBMISSIONS and state.model == model
        ]
        return min((cap for cap in caps if cap is not None), default=None)

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────

    async def ask(self, kind: Kind[T], ref: TaskRef[T]) -> T:
        """Poll once."""
        path, fields = kind.place(ref)
        return await self._polls.call(kind.poll, Request(fields, path=path))

    async def stop(self, kind: Kind[T], ref: TaskRef[T]) -> T:
        """Ask the platform to stop a task."""
        if kind.cancel is None:
            raise IllegalCall(
                f"the platform cannot stop {kind.name} tasks",
                call="cancel",
                hint="Only batches can be stopped.",
            )
        return await self.calls.call(kind.cancel, Request(path=kind.place(ref).path))

    # ── finding again ──────────────────────────────────────────────────────────────────────────────

    def attach(self, ref: TaskRef[Any], entry: Entry | None = None) -> PendingTask[Any]:
        """Return the task of a reference; nothing is sent for that."""
        line = (
            Line(self.ledger, entry, written=True) if self.ledger is not None and entry is not None else None
        )
        task: PendingTask[Any] = PendingTask(self, kind_named(ref.kind), ref, line=line)
        if entry is not None:
            self._in_hand[entry.id] = task
        return task

    async def resume(self, job: str | None = None) -> AsyncIterator[PendingTask[Any]]:
        """Yield what the ledger knows as submitted and not ended."""
        for entry in await self._unfinished(job):
            if entry.state is State.SUBMITTED and entry.id not in self._in_hand:
                yield self.attach(TaskRef.parse(entry.ref), entry)

    async def intents(self, job: str | None = None) -> list[Entry]:
        """Return the requests of which nobody knows whether they arrived."""
        return [
            entry
            for entry in await self._unfinished(job)
            if entry.state is State.INTENT and entry.id not in self._sending
        ]

    async def _unfinished(self, job: str | None) -> list[Entry]:
        if self.ledger is None:
            raise InvalidArgument('there is no ledger: AsyncZhipuAI(ledger="tasks.sqlite3") keeps one')
        return await self.ledger.unfinished(job)

    # ── the end ────────────────────────────────────────────────────────────────────────────────────

    def ended(
        self, task: PendingTask[Any], line: Line | None, result: Reply | None, error: Exception | None
    ) -> None:
        """Write down how a task ended."""
        with self._lock:
            self._holding[task.lane].discard(task)
        self._here().places.freed(task.lane)
        if self.ledger is None:
            return
        state = State.DONE if error is None else State.FAILED
        kept = reason_of(error) if error is not None else msgspec.json.encode(result.raw if result else {})
        if line is not None:
            keep_going(self.ledger.finished(line.entry.id, state, kept))
        else:
            self._notes.add(note := keep_going(self._note(str(task.ref), state, kept)))
            note.add_done_callback(self._notes.discard)

    async def _note(self, ref: str, state: State, kept: bytes) -> None:
        assert self.ledger is not None
        entry = await self.ledger.find(ref)
        if entry is not None:
            await self.ledger.finished(entry.id, state, kept)


def _lane(endpoint: Endpoint[TaskReceipt], request: Request) -> str:
    """Return the model that a submission counts against."""
    return request.model or endpoint.default_model
