"""The one retry loop: every request of every endpoint passes here, with a permit and clocks per attempt."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from zhipu_async.errors import APIConnectionError, APIError, MaybeSubmitted
from zhipu_async.flows.alarm import Alarm, bell
from zhipu_async.flows.answers import Answers
from zhipu_async.flows.headers import SentHeaders, UsualHeaders
from zhipu_async.flows.job import Defaults, Job, Opened
from zhipu_async.flows.observe import CallRecord, Observers
from zhipu_async.flows.permits import Permit, Permits, Pool
from zhipu_async.flows.request import JSON_TYPE, NOTHING, Content, JsonContent, Request, fresh_request_id
from zhipu_async.flows.tasking import Tasking
from zhipu_async.flows.veil import veil
from zhipu_async.protocol.addresses import Address
from zhipu_async.protocol.auth import key_id
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.retry import Again, GiveUp, Policy, Retries
from zhipu_async.types.links import Linked, connect

if TYPE_CHECKING:
    from zhipu_async.flows.connection import Connection
    from zhipu_async.flows.credentials import Credentials
    from zhipu_async.flows.download import Download
    from zhipu_async.flows.ledger import Ledger
    from zhipu_async.transport.clock import Clock
    from zhipu_async.transport.http import Http
    from zhipu_async.transport.response import Response

T = TypeVar("T")
R = TypeVar("R")

# Of a file: pictures shrink no more, and what is packed cannot be gone on with in the middle.
PLAIN = {"Accept-Encoding": "identity"}

Receive = Callable[[Job[T], "Response", Alarm], Awaitable[R]]


class Calls:
    """Sends requests, and repeats those that may be repeated."""

    def __init__(
        self,
        *,
        address: Address,
        credentials: Credentials,
        connection: Connection,
        clock: Clock,
        random: Callable[[], float],
        permits: Permits,
        observers: Observers,
        defaults: Defaults,
        headers: Mapping[str, str],
        ledger: str | os.PathLike[str] | Ledger | None = None,
    ) -> None:
        self.address = address
        self.credentials = credentials
        self.clock = clock
        self.random = random
        self.permits = permits
        self.observers = observers
        self.defaults = defaults
        self._connection = connection
        self.headers = headers
        self._usual_headers = UsualHeaders(headers)
        self._answers = Answers(clock)
        self.tasking: Tasking = Tasking(self, ledger)

    def with_options(self, options: CallOptions) -> Calls:
        """Return the same with other defaults."""
        from copy import copy  # here, since most programs have no views

        view = copy(self)
        view.defaults = self.defaults.override(options)
        return view

    async def call(self, endpoint: Endpoint[T], request: Request) -> T:
        """Return the reply. Cancelling closes the connection and returns the permit."""
        job = self._job(endpoint, request, Pool.CALLS)
        reply = await self._repeated(job, self._answers.reply)
        self._replied(job, reply).release()
        return reply

    async def submit(self, endpoint: Endpoint[T], request: Request) -> tuple[T, Permit]:
        """Return the receipt, and the permit that its task holds until it ends. Cancelling returns it."""
        job = self._job(endpoint, request, Pool.SUBMISSIONS)
        reply = await self._repeated(job, self._answers.reply)
        return reply, self._replied(job, reply)

    def _replied(self, job: Job[T], reply: T) -> Permit:
        """Tell the observers of a reply; return the permit that brought it."""
        record = job.record
        if isinstance(reply, Linked):
            connect(reply, self.download)
        usage = getattr(reply, "usage", None)
        record.usage = usage if hasattr(usage, "total_tokens") else None  # moderations count calls
        if not job.model:
            record.model = getattr(reply, "model", "")  # a poll learns it from the answer
        self.finished(record, None)
        assert job.permit is not None
        return job.permit

    def open(self, endpoint: Endpoint[object], request: Request) -> Awaitable[Opened]:
        """Return the response at its first byte, with its permit. Cancelling closes and returns both."""
        return self._repeated(self._job(endpoint, request, Pool.CALLS), self._hand_over)

    async def _hand_over(self, job: Job[object], response: Response, alarm: Alarm) -> Opened:
        arrival = await self._answers.opened(job, response, alarm)
        job.answered()
        assert job.permit is not None
        return Opened(response, arrival, job.permit, job, alarm.due, self.finish)

    def download(self, url: str) -> Download:
        """Return the download of a link that the platform gave."""
        from zhipu_async.flows.download import of_link  # here, since few programs need it

        return of_link(self, url)

    async def fetch(self, url: str, headers: Mapping[str, str], deadline: float | None) -> Response:
        """Return the response of a link outside the platform's API, without the key."""
        http = await self._connection.http()
        with Alarm(bell(), self.defaults.timeout, deadline) as alarm:
            alarm.begin("first")
            return await http.send(
                "GET", url, {**PLAIN, **headers}, connect=self.defaults.timeout.connect, redirects=True
            )

    def finish(self, job: Job[object], error: BaseException | None) -> None:
        """Tell the observers how a call ended."""
        self.finished(job.record, error)

    def finished(self, record: CallRecord, error: BaseException | None) -> None:
        """Tell the observers how a call, or what is like one, ended."""
        record.error = error
        record.elapsed = self.clock.now() - record.started
        self.observers.finished(record)

    # ── the loop ───────────────────────────────────────────────────────────────────────────────────

    async def _repeated(self, job: Job[T], receive: Receive[T, R]) -> R:
        self.observers.started(job.record)
        before: APIError | None = None
        try:
            while True:
                try:
                    return await self._attempt(job, receive)
                except APIError as error:
                    # A clock that ran out says nothing of the refusals that used up its time.
                    error.__cause__ = error.__cause__ or before
                    delay = self._pause(job, error)
                    veil(error)
                    self.observers.retrying(job.record, error, delay)
                    before = error.with_traceback(None)
                await self.clock.sleep(delay)
        except BaseException as error:
            veil(error)
            self.finish(job, error)
            raise

    async def _attempt(self, job: Job[T], receive: Receive[T, R]) -> R:
        with Alarm(job.bell, job.defaults.timeout, job.deadline) as alarm:
            job.key = self.credentials.fixed or await self.credentials.key()
            lane = key_id(job.key), job.model, job.pool
            permit = job.permit = self.permits.try_acquire(*lane) or await self.permits.acquire(*lane)
            response: Response | None = None
            try:
                job.record.attempts += 1
                if job.request.intent is not None:
                    await job.request.intent()
                response = await self._send(job, alarm)
                return await receive(job, response, alarm)
            except BaseException as error:
                if response is not None:
                    response.close()
                permit.release(getattr(error, "code", None))
                raise

    async def _send(self, job: Job[object], alarm: Alarm) -> Response:
        http = self._connection.opened or await self._connection.http()
        request, content = job.request, job.content
        keeps_id = job.is_own_id or job.record.attempts == 1
        job.request_id = job.record.request_id = job.first_id if keeps_id else fresh_request_id()
        headers = self._headers(http, job)
        body = None if content is None else content.open(job.request_id, alarm.sending)
        url = self.address.url(job.endpoint.root, job.endpoint.path, request.path)
        query = request.query
        if "extra_query" in job.defaults.options:
            query = {**query, **job.defaults.options["extra_query"]}
        if job.endpoint.replay is Replay.ONCE or request.intent is not None:
            await _hear_of_closed_connections()
        alarm.begin("first")
        try:
            return await http.send(
                job.endpoint.method,
                url,
                headers,
                body,
                query=query,
                connect=job.defaults.timeout.connect,
                leaving=alarm.leave,
            )
        except APIConnectionError as error:
            if content is not None and content.failure is not None:
                raise content.failure from None  # the connection broke because the caller's own code did
            error.sent = error.sent and alarm.sent
            raise

    def _headers(self, http: Http, job: Job[object]) -> Mapping[str, str]:
        """What an attempt says of itself: the call's own headers win over the client's, those of the body over both."""
        content, own = job.content, job.request.headers
        extra = job.defaults.options.get("extra_headers", NOTHING)
        authorization = self.credentials.authorization(job.key)
        is_post = job.endpoint.method == "POST"  # without a type, the HTTP library calls its body a file
        if not own and not extra and (content is None or isinstance(content, JsonContent)):
            return self._usual_headers.of(http, authorization, JSON_TYPE if content or is_post else "")
        headers = SentHeaders(self._usual_headers.of(http, authorization, ""))
        headers.update(own)
        headers.update(extra)
        if content is not None:
            headers["Content-Type"] = content.content_type
            if content.length is not None:
                headers["Content-Length"] = str(content.length)
        elif is_post:
            headers.setdefault("Content-Type", JSON_TYPE)
        return headers

    def _pause(self, job: Job[object], error: APIError) -> float:
        """Return how long to wait before the next attempt, or raise what the caller is to see."""
        error.attempts = job.record.attempts
        error.endpoint = job.endpoint.name
        error.request_id = error.request_id or job.request_id
        replayable = job.content is None or job.content.replayable
        remaining = None if job.deadline is None else job.deadline - job.bell.time()
        retries = job.retries = job.retries or self._retries(job)
        match retries.after(self._answers.failure(job.endpoint, error), remaining):
            case Again(delay=delay, renew_token=renew) if replayable:
                if renew:
                    self.credentials.forget_token()
                return delay
            case Again():
                error.hint = (
                    f"{error.hint} The body could be read only once, so it was not sent again.".strip()
                )
                raise error
            case GiveUp(why=why):
                error.hint = f"{error.hint} {why}".strip()
                raise error
            case _:
                raise MaybeSubmitted(
                    "the platform may have accepted this: the answer is missing",
                    endpoint=job.endpoint.name,
                    request_id=job.request_id,
                    log_id=error.log_id,
                    attempts=job.record.attempts,
                    hint="It was not sent again, because it may be charged twice. Look for it before you repeat it.",
                ) from error

    def _retries(self, job: Job[object]) -> Retries:
        policy = Policy(job.defaults.max_retries, job.defaults.options.get("overload_patience", 0.0))
        replay = job.endpoint.replay if job.request.intent is None else Replay.ONCE
        return Retries(policy, replay, self.random, can_renew=self.credentials.renewable)

    def _job(self, endpoint: Endpoint[T], request: Request, pool: Pool) -> Job[T]:
        defaults = self.defaults.override(request.options) if request.options else self.defaults
        fields, extra = request.fields, defaults.options.get("extra_body")
        if extra:
            fields = {**(fields or {}), **extra}
        own_id = fields.get("request_id") if fields else None
        first_id = str(own_id) if own_id else fresh_request_id()
        total, here = defaults.timeout.total, bell()
        model = request.model or endpoint.default_model
        return Job(
            endpoint,
            request,
            _content(endpoint, request, fields, extra, first_id),
            defaults,
            model,
            pool if model else Pool.SUBMISSIONS,  # without a model no limit is known until one is met
            here,
            None if total is None else here.time() + total,
            first_id,
            bool(own_id),
            CallRecord(endpoint.name, model, request.stream, self.clock.now()),
        )


async def _hear_of_closed_connections() -> None:
    """Let the loop see what the platform has closed while it was busy: a request sent there would be lost.

    One pass reads the end of the stream, the next one tells the pool.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _content(
    endpoint: Endpoint[object],
    request: Request,
    fields: Mapping[str, object] | None,
    extra: Mapping[str, object] | None,
    first_id: str,
) -> Content | JsonContent | None:
    if request.content is not None:
        return request.content.with_fields(extra) if extra else request.content
    if fields is None:
        return None
    return JsonContent(fields, first_id if endpoint.takes_request_id and "request_id" not in fields else "")
