"""FinAgent, four workflows for finance: `zhipu.finagent`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Unpack

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.request import Request, sent
from zhipu_async.flows.upload import FileField, Form, Named, file_field, form_values
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay, Root, StreamEnd
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.streaming import Streaming
from zhipu_async.types.finagent import FinagentEvent, FinagentModel, FinagentResult, Turn

if TYPE_CHECKING:
    from zhipu_async.flows.answer_stream import AnswerStream

IMAGE_BYTES = 5 * 2**20  # the page's limit for a picture to audit


def _whole(name: str, path: str) -> Endpoint[FinagentResult]:
    return Endpoint(
        name=f"finagent.{name}",
        path=f"/aico-saas/bm/v1/{path}",
        reply=FinagentResult,
        replay=Replay.BILLED,
        root=Root.API,
        envelope=Envelope.FINAGENT,
        default_model=FinagentModel.PLUS,
    )


def _streamed(name: str, path: str) -> Endpoint[FinagentEvent]:
    return Endpoint(
        name=f"finagent.{name}_stream",
        path=f"/aico-saas/bm/v1/{path}",
        reply=FinagentEvent,
        replay=Replay.BILLED,
        root=Root.API,
        envelope=Envelope.FINAGENT,
        ends=StreamEnd.EVENT,
        default_model=FinagentModel.PLUS,
    )


DUE_DILIGENCE = _whole("due_diligence", "DueDiligenceReport")
DUE_DILIGENCE_STREAM = _streamed("due_diligence", "DueDiligenceReport")
AUDIT = _whole("consumer_protection_audit", "ConsumerProtectionAudit")
AUDIT_STREAM = _streamed("consumer_protection_audit", "ConsumerProtectionAudit")
SPARRING = _whole("adviser_sparring", "FinancialAdviserSparring")
SPARRING_STREAM = _streamed("adviser_sparring", "FinancialAdviserSparring")
UPDATES = _whole("regulatory_updates", "RegulatoryUpdatesTracker")
UPDATES_STREAM = _streamed("regulatory_updates", "RegulatoryUpdatesTracker")


class Finagent(Streaming):
    """Due diligence, consumer protection, adviser training, regulatory news: long texts that take minutes.

    An answer that got lost is not asked for again, because it may have been billed.
    Errors carry FinAgent's own codes, 1001 to 1010, which mean other things than the platform's. Of a stream only the
    last event is documented; `stream.finish()` gives the result in any case.
    """

    def with_raw_key(self) -> Finagent:
        """Return the same with the bare key as the Authorization header, as FinAgent's page shows it.

        By default the key is sent as everywhere on the platform, behind `Bearer`.
        """
        calls = copy(self._calls)
        calls.credentials = calls.credentials.raw()
        return Finagent(calls)

    async def due_diligence(
        self,
        *,
        company: str,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> FinagentResult:
        """Return a report about a company, with a flowchart. Cancelling closes the connection.

        company: its name, 2 to 25 characters. model: "4-Plus" or "4-Air". temperature: 0 to 1, by default 0.5.
        """
        return await self._call(DUE_DILIGENCE, options, company=company, model=model, temperature=temperature)

    def due_diligence_stream(
        self,
        *,
        company: str,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[FinagentEvent, FinagentResult]:
        """Return the work on a report about a company, event by event: `async with ... as stream`.

        Leaving the `async with` closes the connection.
        """
        fields = sent(company=company, model=model, temperature=temperature)
        return self._workflow(DUE_DILIGENCE_STREAM, _json(fields, options))

    async def consumer_protection_audit(
        self,
        *,
        query: str | None = None,
        image: Named | None = None,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> FinagentResult:
        """Return what a text, a picture or both break of consumer protection. Cancelling closes the connection.

        query: the text, up to 10,000 characters.
        image: a jpg or png of at most 5 MB: a path, bytes, a file, an async iterator, or (file name, content).
        """
        form = await _audit_form(query, image, model, temperature, stream=None)
        request = Request(content=form, model=model or "", options=options)
        return await self._calls.call(AUDIT, request)

    def consumer_protection_audit_stream(
        self,
        *,
        query: str | None = None,
        image: Named | None = None,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[FinagentEvent, FinagentResult]:
        """Return the review of a text, a picture or both, event by event: `async with ... as stream`.

        The picture is read on entering. Leaving the `async with` closes the connection.
        """

        async def make() -> Request:
            form = await _audit_form(query, image, model, temperature, stream=True)
            return Request(content=form, model=model or "", options=options, stream=True)

        return self._workflow(AUDIT_STREAM, make)

    async def adviser_sparring(
        self,
        *,
        query: str,
        history: Sequence[Turn] | None = None,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> FinagentResult:
        """Return the sparring partner's next turn. Cancelling closes the connection.

        query: the turn of the adviser in training, up to 2,000 characters.
        history: at most 30 earlier turns, oldest first; nothing is kept by the platform.
        """
        return await self._call(
            SPARRING, options, query=query, history=history, model=model, temperature=temperature
        )

    def adviser_sparring_stream(
        self,
        *,
        query: str,
        history: Sequence[Turn] | None = None,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[FinagentEvent, FinagentResult]:
        """Return the sparring partner's next turn, event by event: `async with ... as stream`.

        Leaving the `async with` closes the connection.
        """
        fields = sent(query=query, history=history, model=model, temperature=temperature)
        return self._workflow(SPARRING_STREAM, _json(fields, options))

    async def regulatory_updates(
        self,
        *,
        query: str,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> FinagentResult:
        """Return an analysis of what regulators said about a topic of 2 to 25 characters.

        Cancelling closes the connection.
        """
        return await self._call(UPDATES, options, query=query, model=model, temperature=temperature)

    def regulatory_updates_stream(
        self,
        *,
        query: str,
        model: str | None = None,
        temperature: float | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[FinagentEvent, FinagentResult]:
        """Return the analysis of a topic, with a flowchart, event by event: `async with ... as stream`.

        Leaving the `async with` closes the connection.
        """
        fields = sent(query=query, model=model, temperature=temperature)
        return self._workflow(UPDATES_STREAM, _json(fields, options))

    def _workflow(
        self, endpoint: Endpoint[FinagentEvent], request: Request | Callable[[], Awaitable[Request]]
    ) -> AnswerStream[FinagentEvent, FinagentResult]:
        from zhipu_async.protocol.finagent_stream import FinagentReader

        return self._stream(endpoint, FinagentReader(), request)


def _json(fields: dict[str, object], options: CallOptions) -> Request:
    model = str(fields.get("model", ""))
    return Request({**fields, "stream": True}, model=model, options=options, stream=True)


async def _audit_form(
    query: str | None,
    image: Named | None,
    model: str | None,
    temperature: float | None,
    *,
    stream: bool | None,
) -> Form:
    if not query and image is None:
        raise InvalidArgument("an audit takes a query, an image, or both")
    files = [] if image is None else [await _picture(image)]
    values = form_values(query=query or None, stream=stream, model=model, temperature=temperature)
    return Form(values, files)


async def _picture(image: Named) -> FileField:
    return await file_field("image", image, limit_bytes=IMAGE_BYTES, by_extension=True)
