"""From a response to a reply, or to the error that it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from zhipu_async.errors import APIConnectionError, APIError, APIResponseError, APIStatusError
from zhipu_async.flows.alarm import Alarm
from zhipu_async.flows.job import Job
from zhipu_async.protocol.auth import hide
from zhipu_async.protocol.codes import FINAGENT, PLATFORM, Rule, look_up
from zhipu_async.protocol.decoding import Undecodable, parse
from zhipu_async.protocol.endpoint import Endpoint, Envelope
from zhipu_async.protocol.replies import (
    PARTIAL_CONTENT,
    PROBED_BYTES,
    Fault,
    fault_in,
    read_content,
    read_fault,
    read_reply,
)
from zhipu_async.protocol.retry import Failure, Stage, retry_after_seconds, should_retry
from zhipu_async.types.base import Arrival, Reply, attach

if TYPE_CHECKING:
    from zhipu_async.transport.clock import Clock
    from zhipu_async.transport.response import Response

T = TypeVar("T")

REPLY_BYTES = 512 * 1024 * 1024  # a batch's output is a file, not a reply; nothing else comes near
ERROR_BYTES = 1024 * 1024  # of an error page
LOG_ID = "X-LOG-ID"  # of the platform, in a header
OK = 200
SUCCESS = range(200, 300)
REDIRECTS = range(300, 400)


class Answers:
    """Reads responses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def reply(self, job: Job[T], response: Response, alarm: Alarm) -> T:
        """Return the reply of a response, or raise its error."""
        endpoint = job.endpoint
        body = (response.arrived() if response.status == OK else b"") or await self._body(
            job, response, alarm
        )
        is_content = endpoint.envelope is Envelope.CONTENT
        try:
            if is_content:
                read = read_content(body, endpoint.reply, is_page=_is_page(response))
            else:
                read = read_reply(body, endpoint.reply, endpoint.envelope)
        except Undecodable as exc:
            raise self._unreadable(job, response, body, str(exc)) from exc
        if isinstance(read, Fault):
            raise self._refusal(job, response, read, body)
        if isinstance(read, Reply):
            attach(read, self._arrival(job, response), b"" if is_content else body)
        if endpoint.check is not None:
            endpoint.check(read)
        return read

    async def opened(self, job: Job[object], response: Response, alarm: Alarm) -> Arrival:
        """Return what is known of a response that may be streamed, or raise the error that it is instead."""
        if response.status not in SUCCESS:
            await self._body(job, response, alarm)
        if job.request.stream and _is_page(response) and response.status != PARTIAL_CONTENT:
            await self._look_for_fault(job, response, alarm)
        return self._arrival(job, response)

    async def _look_for_fault(self, job: Job[object], response: Response, alarm: Alarm) -> None:
        """Raise the error that stands where events or a file were due; what is larger than an error is content."""
        alarm.begin("idle")
        body, is_whole = await response.peek(PROBED_BYTES, alarm.moved)
        if response.content_type == "text/html":
            raise self._unreadable(job, response, body, "a page instead of events")
        fault = _fault_in(body, job.endpoint.envelope) if is_whole else None
        if fault is not None:
            raise self._refusal(job, response, fault, body)

    def failure(self, endpoint: Endpoint[object], error: APIError) -> Failure:
        """Return what the retry rules need to know about an error."""
        if isinstance(error, APIConnectionError):
            return Failure(Stage.LOST if error.sent else Stage.NOT_SENT)
        if not isinstance(error, APIStatusError):
            return Failure(Stage.UNREADABLE)
        return Failure(
            Stage.REFUSED,
            _rule_of(error, endpoint.envelope),
            retry_after_seconds(error.headers.get("retry-after"), self._clock.wall()),
            should_retry(error.headers.get("x-should-retry")),
        )

    async def _body(self, job: Job[object], response: Response, alarm: Alarm) -> bytes:
        fine = response.status in SUCCESS
        alarm.begin("idle")
        try:
            body = await response.read_all(REPLY_BYTES if fine else ERROR_BYTES, alarm.moved)
        except APIResponseError:
            if fine:
                raise
            body = b""  # too long or damaged: the status says enough
        response.release()
        if response.status in REDIRECTS and "Location" in response.headers:
            raise self._redirect(job, response)
        if not fine:
            raise self._refusal(job, response, read_fault(body), body)
        return body

    def _refusal(self, job: Job[object], response: Response, fault: Fault, body: bytes) -> APIStatusError:
        rule = fault.rule(response.status, job.endpoint.envelope)
        return rule.error(
            hide(fault.message, job.key) or rule.meaning,
            code=fault.code,
            status=response.status,
            body=hide(body.decode("utf-8", "replace"), job.key),
            headers={name: hide(value, job.key) for name, value in _plain(response.headers).items()},
            content_filter=fault.content_filter,
            request_id=job.request_id,
            log_id=_log_id(response),
            hint=rule.hint,
            docs=f"docs/errors.md#{rule.anchor}",
        )

    def _unreadable(self, job: Job[object], response: Response, body: bytes, why: str) -> APIResponseError:
        kind = response.content_type or "no content type"
        return APIResponseError(
            f"the answer cannot be read: {why} ({kind}, {len(body)} bytes)",
            status=response.status,
            body=hide(body[:ERROR_BYTES].decode("utf-8", "replace"), job.key),
            request_id=job.request_id,
            log_id=_log_id(response),
            hint="Is base_url the platform's?" if response.content_type == "text/html" else "",
        )

    def _redirect(self, job: Job[object], response: Response) -> APIResponseError:
        return APIResponseError(
            f"the address redirects to {_origin(response.headers['Location'])}, which is not followed with a key",
            status=response.status,
            request_id=job.request_id,
            hint="Put the final address into base_url.",
        )

    def _arrival(self, job: Job[object], response: Response) -> Arrival:
        record, headers = job.record, response.headers
        record.status, record.log_id = response.status, headers.get(LOG_ID, "")
        elapsed = self._clock.now() - record.started
        return Arrival(record.status, record.log_id, job.request_id, headers, record.attempts, elapsed)


def _rule_of(error: APIStatusError, envelope: Envelope) -> Rule:
    """The rule that made this error; FinAgent and the gateway in front of it number differently."""
    if envelope is Envelope.FINAGENT:
        rule = look_up(error.status, error.code, error.message, table=FINAGENT)
        if type(error) is rule.error:
            return rule
    return look_up(error.status, error.code, error.message, table=PLATFORM)


def _fault_in(body: bytes, envelope: Envelope) -> Fault | None:
    try:
        return fault_in(parse(body), envelope)
    except Undecodable:
        return None


def _is_page(response: Response) -> bool:
    return response.content_type in ("application/json", "text/html")


def _origin(location: str) -> str:
    from urllib.parse import urlsplit  # here, since the platform redirects nobody

    try:
        target = urlsplit(location)
        return f"{target.scheme}://{target.hostname}" if target.hostname else "another path"
    except ValueError:
        return "what is no address"


def _log_id(response: Response) -> str:
    return response.headers.get(LOG_ID, "")


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
