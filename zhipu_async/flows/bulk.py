"""Bulk work: many requests with back-pressure, each ending in an outcome, a job's finished items never paid twice."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sized
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypedDict, TypeGuard, TypeVar

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType, LedgerError
from zhipu_async.flows.jobs import Job, Repeat
from zhipu_async.flows.ledger import Line
from zhipu_async.flows.outcomes import Delivery, Outcomes
from zhipu_async.flows.progress import OnError, OnProgress
from zhipu_async.flows.race import Entrant, Race
from zhipu_async.flows.request import Request
from zhipu_async.flows.source import Source
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.flows.work import Work
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.protocol.kinds import Kind
from zhipu_async.protocol.options import CallOptions
from zhipu_async.types.base import Reply
from zhipu_async.types.tasks import Outcome, TaskReceipt

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls

log: logging.Logger = logging.getLogger("zhipu_async.bulk")

R = TypeVar("R")
V = TypeVar("V", bound=Reply)
V_co = TypeVar("V_co", covariant=True)

Via = Literal["direct", "task", "batch"]
CALLS_AT_ONCE = 128  # fills the limits of all but the largest accounts; the limiter holds back the rest
TASKS_AT_ONCE = 1000  # pending; the platform's own queue is behind them
SUBMISSIONS_AT_ONCE = 16
# Nobody watches each item of bulk work: it may wait for its turn as long as it takes, and outlast a busy hour.
PATIENT = CallOptions(max_retries=20, overload_patience=3600.0, timeout=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What all bulk work takes."""

    ordered: bool = False
    concurrency: int | None = None
    on_progress: OnProgress | None = None
    on_error: OnError = "collect"

    def __post_init__(self) -> None:
        if self.on_error not in ("collect", "raise"):
            raise InvalidArgument(f"on_error is 'collect' or 'raise', not {self.on_error!r}")
        if self.concurrency is not None:
            _check_count(self.concurrency)
        # Nothing would await what an async function gives, item after item.
        if self.on_progress is not None and (
            not callable(self.on_progress) or inspect.iscoroutinefunction(self.on_progress)
        ):
            raise InvalidType(
                f"on_progress takes a function that is called with a Progress, not {self.on_progress!r:.40}"
            )


class MapOptions(TypedDict, total=False):
    """What all bulk work takes, as keywords."""

    ordered: bool
    """Yield in the order of the input rather than of the ends."""
    concurrency: int | None
    """Requests under way at one time; the limiter decides below that."""
    on_progress: OnProgress | None
    """Called with a `Progress` after each item."""
    on_error: OnError
    """"collect" yields failures as outcomes, "raise" raises the first."""
    job: str | None
    """A name under which the client's ledger remembers each item."""
    repeat: Repeat
    """What a job sends again: "failed" items, "unknown" ones that may have arrived, or "both"."""


@dataclass(slots=True, kw_only=True)
class Bulk(Generic[R, V]):
    """One kind of bulk work: how an element becomes a request, and where it goes."""

    calls: Calls
    endpoint: Endpoint[V]
    prepare: Callable[[R], Awaitable[Request]]
    job: Job
    submission: tuple[Endpoint[TaskReceipt], Kind[Any]] | None = None
    """Where it goes `via="task"`."""

    def work(self, elements: Source[R | tuple[str, R]], *, at_once: int | None, ordered: bool) -> Work[V]:
        """Return the work on these items; nothing has begun yet."""
        if self.submission is None:
            window = starting = at_once or CALLS_AT_ONCE
        else:
            window, starting = at_once or TASKS_AT_ONCE, SUBMISSIONS_AT_ONCE
        return Race(elements, self._entrant, window=window, starting=starting, ordered=ordered)

    def _entrant(self, element: R | tuple[str, R], index: int) -> Entrant[V]:
        key, request = keyed(element, index)
        return Entrant(key, index, start=lambda: self._begin(key, request))

    async def one(self, key: str, element: R) -> Outcome[V]:
        """Return how one item ended, for work that never becomes a task. Cancelling ends the call."""
        ended = await self._begin(key, element)
        return ended if isinstance(ended, Outcome) else Outcome(value=await ended)

    async def _begin(self, key: str, element: R) -> PendingTask[Any] | Outcome[V]:
        request = await self.prepare(element)
        name = self.submission[0].name if self.submission is not None else self.endpoint.name
        line = self.job.line(name, request.fields or {}, key)
        known = await self.job.known(line, self.endpoint.reply) if line is not None else None
        if known is not None:
            return known
        if self.submission is None:
            return await self._call(request, line, key)
        submitting = self.calls.tasking.flow.submit(self.calls, *self.submission, request, line=line)
        return await self.job.begun(submitting)

    async def _call(self, request: Request, line: Line | None, key: str) -> Outcome[V]:
        if line is None:
            return Outcome(value=await self.calls.call(self.endpoint, request))
        written = copy(request)
        written.intent = line.intend
        try:
            with self.calls.tasking.flow.sending(line):
                reply = await self.calls.call(self.endpoint, written)
        except BaseException as error:
            await line.failed(error)
            raise
        try:
            await line.done(msgspec.json.encode(reply.raw))
        except LedgerError as error:
            # It was paid for: whoever waits gets it. The next run finds the intent and does not pay again.
            log.warning("the result of item %r was not kept: %s", key, error.message)
        return Outcome(value=reply)


class Way(Protocol[R, V_co]):
    """One way to get bulk work done."""

    def work(self, elements: Source[R | tuple[str, R]], *, at_once: int | None, ordered: bool) -> Work[V_co]:
        """Return the work on these items; nothing has begun yet."""
        ...


def outcomes(
    calls: Calls,
    way: Way[R, V_co],
    elements: Iterable[R | tuple[str, R]] | AsyncIterable[R | tuple[str, R]],
    wishes: Wishes,
) -> Outcomes[V_co]:
    """Return how each item ends, for whoever asks."""
    return Outcomes(
        Delivery(
            way.work(Source(elements), at_once=wishes.concurrency, ordered=wishes.ordered),
            clock=calls.clock,
            handing=calls.tasking.handing,
            total=len(elements) if isinstance(elements, Sized) else None,
            on_progress=wishes.on_progress,
            on_error=wishes.on_error,
        )
    )


def _check_count(concurrency: object) -> None:
    if isinstance(concurrency, bool) or not isinstance(concurrency, int):
        raise InvalidType(f"concurrency takes a whole number, not {type(concurrency).__name__}")
    if concurrency < 1:
        raise InvalidArgument(f"concurrency must be 1 or more, not {concurrency}")


def keyed(element: R | tuple[str, R], index: int) -> tuple[str, R]:
    """Return an item's key and its request; without a key of the caller's, its position."""
    if _is_pair(element):
        return element
    if isinstance(element, tuple):
        raise InvalidArgument("an item is a request, or a pair of its key (a str) and the request")
    return str(index), element


def _is_pair(element: R | tuple[str, R]) -> TypeGuard[tuple[str, R]]:
    match element:
        case (str(), _):
            return isinstance(element, tuple)
        case _:
            return False
