"""One call from its first attempt to its end, and the response that a stream reads from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from zhipu_async.flows.observe import CallRecord, TokenUsage
from zhipu_async.flows.request import Content, JsonContent, Request
from zhipu_async.protocol.checked_options import check_options
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.retry import MAX_RETRIES, Retries
from zhipu_async.protocol.timeouts import Timeout
from zhipu_async.types.base import Arrival, Meta

if TYPE_CHECKING:
    from zhipu_async.flows.alarm import Bell
    from zhipu_async.flows.permits import Permit, Pool
    from zhipu_async.transport.response import Response


T_co = TypeVar("T_co", covariant=True)


class Defaults(msgspec.Struct, frozen=True):
    """What a client does unless a call says otherwise."""

    options: CallOptions
    timeout: Timeout

    def override(self, options: CallOptions) -> Defaults:
        """Return these with the options of a call on top; mappings are joined."""
        if not options:
            return self
        check_options(options)
        return msgspec.structs.replace(
            self,
            options=_joined(self.options, options),
            timeout=self.timeout.override(options["timeout"]) if "timeout" in options else self.timeout,
        )

    @property
    def max_retries(self) -> int:
        """Return how often a failed attempt may be repeated."""
        return self.options.get("max_retries", MAX_RETRIES)


class Job(msgspec.Struct, Generic[T_co]):
    """What the retry loop knows about one call."""

    endpoint: Endpoint[T_co]
    request: Request
    content: Content | JsonContent | None
    defaults: Defaults
    model: str
    pool: Pool
    bell: Bell
    deadline: float | None
    first_id: str
    """The request_id of the first attempt, and of all when the caller gave it."""
    is_own_id: bool
    record: CallRecord
    key: str = ""
    request_id: str = ""
    """Of the attempt that was sent last."""
    permit: Permit | None = None
    """The one of the attempt that is under way, or that was answered."""
    retries: Retries | None = None
    """What the failures so far have used up; most calls have none."""

    def __repr__(self) -> str:
        return f"<Job {self.endpoint.name} {self.model}>"  # it holds the key

    def answered(self) -> None:
        """Let go of what was sent: a stream may be open for minutes, and prompts are long."""
        self.request = SENT
        self.content = None


SENT = Request()


class Opened(msgspec.Struct):
    """A response whose body is still arriving, with the permit that it holds until `end`."""

    response: Response
    arrival: Arrival
    permit: Permit
    job: Job[object]
    first_deadline: float | None
    """When the first delta is due, in the loop's time."""
    finish: Callable[[Job[object], BaseException | None], None]
    ended: bool = False

    @property
    def meta(self) -> Meta:
        """Return how the response began."""
        return self.arrival.meta()

    @property
    def endpoint(self) -> Endpoint[object]:
        """Return what was called."""
        return self.job.endpoint

    @property
    def request_id(self) -> str:
        """Return the id of the attempt that was answered."""
        return self.job.request_id

    @property
    def first_clock(self) -> str:
        """Return which clock the first deadline belongs to."""
        return "total" if self.first_deadline == self.job.deadline else "first"

    @property
    def timeout(self) -> Timeout:
        """Return the clocks of this call."""
        return self.job.defaults.timeout

    def abandon(self) -> None:
        """Drop the connection and return the permit."""
        self.response.close()
        self.end()

    def end(self, *, usage: TokenUsage | None = None, error: BaseException | None = None) -> None:
        """Return the permit and tell the observers how it went; only the first call counts."""
        if not self.ended:
            self.ended = True
            self.permit.release()
            self.job.record.usage = usage
            self.finish(self.job, error)


def _joined(base: CallOptions, top: CallOptions) -> CallOptions:
    joined: CallOptions = {**base, **top}
    if "extra_headers" in base and "extra_headers" in top:
        joined["extra_headers"] = {**base["extra_headers"], **top["extra_headers"]}
    if "extra_query" in base and "extra_query" in top:
        joined["extra_query"] = {**base["extra_query"], **top["extra_query"]}
    if "extra_body" in base and "extra_body" in top:
        joined["extra_body"] = {**base["extra_body"], **top["extra_body"]}
    return joined
