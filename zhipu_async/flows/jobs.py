"""Jobs: bulk work with a name, which a later run goes on with where an earlier one stopped."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from zhipu_async.errors import InvalidArgument, LedgerError, MaybeSubmitted
from zhipu_async.flows.ledger import Line, error_of
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.protocol.decoding import decode
from zhipu_async.protocol.kinds import kind_named
from zhipu_async.protocol.ledger import Entry, State
from zhipu_async.types.base import Meta, Reply, attach
from zhipu_async.types.tasks import Outcome, TaskRef

if TYPE_CHECKING:
    from zhipu_async.flows.tasks import TaskFlow

log: logging.Logger = logging.getLogger("zhipu_async.bulk")

V = TypeVar("V", bound=Reply)

Repeat = Literal["nothing", "failed", "unknown", "both"]
"""What a job sends again: what failed, what may or may not have arrived, both, or neither."""

SENT_AGAIN = {State.FAILED: ("failed", "both"), State.INTENT: ("unknown", "both")}

ENDS = (State.DONE, State.FAILED)


@dataclass(frozen=True, slots=True)
class Job:
    """What a job's name means for its items; without a name nothing is remembered of them."""

    flow: TaskFlow
    name: str = ""
    repeat: Repeat = "nothing"

    def __post_init__(self) -> None:
        if self.name and self.flow.ledger is None:
            raise InvalidArgument('job= needs a ledger: AsyncZhipuAI(ledger="tasks.sqlite3") keeps one')
        if self.repeat not in ("nothing", "failed", "unknown", "both"):
            raise InvalidArgument(f"repeat is 'nothing', 'failed', 'unknown' or 'both', not {self.repeat!r}")
        if self.repeat != "nothing" and not self.name:
            raise InvalidArgument("repeat= needs job=: without a job nothing is remembered")

    def line(self, endpoint: str, fields: Mapping[str, object], key: str) -> Line | None:
        """Return an item's line in the ledger, None without a job; nothing is written yet."""
        return self.flow.line(endpoint, fields, job=self.name, key=key) if self.name else None

    async def known(self, line: Line, into: type[V]) -> PendingTask[Any] | Outcome[V] | None:
        """Return what earlier runs know about an item; None when it is to be sent. Cancelling is safe."""
        entry = await line.ledger.lookup(line.entry.job, line.entry.key)
        if entry is None:
            return None
        again = self.repeat in SENT_AGAIN.get(entry.state, ())
        self._refuse_other(entry, line, is_over=entry.state in ENDS and not again)
        if again:
            line.send_again(entry)
            return None
        if entry.state is State.SUBMITTED:
            return self.flow.attach(TaskRef.parse(entry.ref), entry)
        if entry.state is State.DONE:
            return _replayed(entry, into)
        if entry.state is State.FAILED:
            return Outcome(error=error_of(entry.result), replayed=True)
        raise MaybeSubmitted(
            f"item {entry.key!r} of job {entry.job!r} was on its way when an earlier run ended",
            endpoint=entry.endpoint,
            hint='It was not sent again, because it may be charged twice; repeat="unknown" does that.',
        )

    async def begun(self, submitting: Awaitable[PendingTask[Any]]) -> PendingTask[Any]:
        """Return a submitted task, also when its id could not be written down: it was paid for."""
        try:
            return await submitting
        except LedgerError as error:
            if not error.ref:
                raise
            log.warning("the id of a task was not kept: %s", error)
            return self.flow.attach(TaskRef.parse(error.ref))

    def _refuse_other(self, entry: Entry, line: Line, *, is_over: bool) -> None:
        if not is_over and (entry.held or self.flow.is_sending(entry.id)):
            raise LedgerError(
                f"item {entry.key!r} of job {entry.job!r} is being worked on elsewhere",
                hint="Another process is at it, or this run has it twice.",
            )
        if entry.fingerprint != line.entry.fingerprint:
            raise InvalidArgument(
                f"job {entry.job!r} knows item {entry.key!r} with another request",
                hint="A changed request needs a key, or a job, of its own.",
            )


def _replayed(entry: Entry, into: type[V]) -> Outcome[V]:
    ref: TaskRef[Any] | None = TaskRef.parse(entry.ref) if entry.ref else None
    reply: V = decode(entry.result, into if ref is None else kind_named(ref.kind).poll.reply)
    attach(reply, Meta(attempts=0), entry.result)
    return Outcome(value=reply, ref=ref, replayed=True)
