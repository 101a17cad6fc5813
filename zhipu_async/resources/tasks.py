"""Pending tasks: `zhipu.tasks`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Sized
from typing import Any, TypeAlias, TypeGuard, TypeVar, overload

from zhipu_async.errors import InvalidType
from zhipu_async.flows.outcomes import Delivery, Outcomes
from zhipu_async.flows.race import Entrant, Race
from zhipu_async.flows.scheduler import OF_THE_KIND, Patience, Polling
from zhipu_async.flows.source import Source
from zhipu_async.flows.tasks import PendingTask, TaskFlow
from zhipu_async.protocol.ledger import Entry
from zhipu_async.types.base import Reply
from zhipu_async.types.tasks import Outcome, TaskRef

T = TypeVar("T", bound=Reply)

Waitable: TypeAlias = PendingTask[T] | TaskRef[T] | Awaitable[PendingTask[T]]
"""What can be waited for: a task, what finds one again, or a submission that nobody has awaited yet."""


class Tasks:
    """What the platform is still at."""

    def __init__(self, flow: TaskFlow) -> None:
        self._flow = flow

    def __repr__(self) -> str:
        return repr(self._flow).replace("TaskFlow", "Tasks", 1)

    @property
    def polling(self) -> Polling:
        """Return how often tasks are asked about; change it before the first one is waited for."""
        return self._flow.polling

    @overload
    def attach(self, ref: TaskRef[T]) -> PendingTask[T]: ...
    @overload
    def attach(self, ref: str) -> PendingTask[Reply]: ...
    def attach(self, ref: TaskRef[Any] | str) -> PendingTask[Any]:
        """Return the task of a reference, or of the text of one; nothing is sent for that."""
        return self._flow.attach(ref if isinstance(ref, TaskRef) else TaskRef.parse(ref))

    @overload
    def as_completed(
        self,
        tasks: Iterable[Waitable[T]] | AsyncIterable[Waitable[T]],
        *,
        timeout: float | Patience | None = OF_THE_KIND,
    ) -> Outcomes[T]: ...
    @overload
    def as_completed(
        self, tasks: Iterable[str] | AsyncIterable[str], *, timeout: float | Patience | None = OF_THE_KIND
    ) -> Outcomes[Reply]: ...
    def as_completed(
        self,
        tasks: Iterable[Waitable[Any] | str] | AsyncIterable[Waitable[Any] | str],
        *,
        timeout: float | Patience | None = OF_THE_KIND,
    ) -> Outcomes[Any]:
        """Return how each task ends, in the order of their ends; submissions are started as limits allow.

        Failures are outcomes too: `outcome.ok` tells, `outcome.result` raises. A cancelled wait loses nothing:
        `outcomes.finished()` gives at once what has ended. Dropping the outcomes, `aclose()` and closing the client
        end the waits and the submissions under way; tasks that have an id live on, `unfinished()` names them.
        timeout: seconds for each task, from the moment that it is waited for.
        """
        return self._outcomes(tasks, timeout, ordered=False)

    async def gather(
        self, *tasks: Waitable[T], timeout: float | Patience | None = OF_THE_KIND
    ) -> list[Outcome[T]]:
        """Return how each task ended, in the order of the arguments. Cancelling leaves the tasks alive."""
        return [outcome async for outcome in self._outcomes(tasks, timeout, ordered=True)]

    def resume(self, job: str | None = None) -> AsyncIterator[PendingTask[Reply]]:
        """Yield every task of the ledger that was submitted and has not ended, oldest first.

        Tasks that another living process is at are left to it. `as_completed(zhipu.tasks.resume())` waits for all.
        """
        return self._flow.resume(job)

    async def intents(self, job: str | None = None) -> list[Entry]:
        """Return the ledger's requests of which nobody knows whether they arrived: they were cut off on the way."""
        return await self._flow.intents(job)

    def _outcomes(
        self,
        tasks: Iterable[Waitable[Any] | str] | AsyncIterable[Waitable[Any] | str],
        timeout: float | Patience | None,
        *,
        ordered: bool,
    ) -> Outcomes[Any]:
        race: Race[Any, Any] = Race(Source(tasks), self._entrant, timeout=timeout, ordered=ordered)
        total = len(tasks) if isinstance(tasks, Sized) else None
        calls = self._flow.calls
        return Outcomes(Delivery(race, clock=calls.clock, handing=calls.tasking.handing, total=total))

    def _entrant(self, waitable: Waitable[Any] | str, index: int) -> Entrant[Any]:
        if isinstance(waitable, str | TaskRef):
            return Entrant(str(index), index, task=self.attach(waitable))
        if _is_task(waitable):
            return Entrant(str(index), index, task=waitable)
        if not isinstance(waitable, Awaitable):  # pyright: ignore[reportUnnecessaryIsInstance]  (as callers may)
            raise InvalidType(f"a task, a reference or a submission is needed, not {type(waitable).__name__}")
        return Entrant(str(index), index, start=lambda: waitable)


def _is_task(waitable: object) -> TypeGuard[PendingTask[Any]]:
    return isinstance(waitable, PendingTask)
