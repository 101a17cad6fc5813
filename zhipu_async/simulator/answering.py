"""From a received request to its answer: key, form, cap, handler, in the platform's order. No I/O here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .fields import COMMON, check
from .operation import Answer, Ask, Events, Operation, Raw, Upload, Whole, encode, parse_json, sse
from .refusals import STATUS_OF_CODE, Refusal
from .shapes import Body, is_array, is_object, without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .platform import Platform
    from .requests import Received
    from .routes import Route, Routes
    from .scripts import Script

WITHOUT_BODY = (204, 205, 304)
"""Statuses after which HTTP allows no body."""
EVERYWHERE = frozenset(COMMON) | {"model"}


def prepare(platform: Platform, routes: Routes, route: Route, received: Received) -> Ask:
    """Check everything that can be checked before a place in flight is taken."""
    operation = route.operation
    body = read_body(operation, received)
    model = received.model or default_model(operation)
    ask = Ask(
        platform, received.path, received.key, body, received.query, route.params, received.files,
        model, received.request_id or platform.new_id(), route.coding, headers=received.headers,
    )  # fmt: skip
    check_plan(platform, operation, ask)
    if operation.fields is not None:
        received.unknown_fields = tuple(
            name for name in body if name not in operation.fields and name not in EVERYWHERE
        )
    check_model(operation, routes, platform, received)
    if operation.fields is not None and operation.family == "paas":
        form = operation.body == "form"
        check(body, COMMON, form=form)
        check(body, operation.fields, form=form)
    elif operation.fields is not None:
        check(body, operation.fields, form=operation.body == "form")
    return ask


def default_model(operation: Operation) -> str:
    """Operations without a model field share one cap under their path."""
    return operation.path


def read_body(operation: Operation, received: Received) -> Body:
    if operation.body != "json" or operation.fields is None:
        return received.body
    if not received.content and operation.optional_body:
        return {}
    body = without_nulls(received.body)
    if not is_object(body) or parse_json(received.content) is None:
        raise Refusal("1210", "The body is not a JSON object")
    return body


def check_plan(platform: Platform, operation: Operation, ask: Ask) -> None:
    """A Coding Plan key works for chat at the coding base URL and nowhere else."""
    if ask.key in platform.keys.coding and not (ask.coding and operation.coding):
        raise Refusal("1113", gateway=True)


def check_model(operation: Operation, routes: Routes, platform: Platform, received: Received) -> None:
    """Refuse unknown models with 1211, and those of another operation with 1212."""
    if not operation.models or operation.body == "none":
        return
    name = received.body.get("model")
    if not isinstance(name, str) or not name:
        return  # the table of fields says whether that is allowed
    lower = name.lower()
    if lower in operation.models or lower in platform.extra_models:
        return
    raise Refusal("1212" if lower in routes.models else "1211")


def accept(platform: Platform, ask: Ask, received: Received) -> None:
    """Remember the caller's request_id once the request is let in; refuse one that was used before."""
    if received.request_id and not platform.is_new_request_id(ask.key, received.request_id):
        raise Refusal("1231")


def answer(operation: Operation, ask: Ask) -> Answer:
    """Let the script speak where it gives the answer, else the handler."""
    if ask.script is None:
        return operation.answer(ask)
    made = scripted_answer(ask.script) or operation.answer(ask)
    if ask.script.status in WITHOUT_BODY:
        return Raw(b"", "text/plain", status=ask.script.status)
    return made if ask.script.status is None else replace(made, status=ask.script.status)


def scripted_answer(script: Script) -> Answer | None:
    """Give the answer that a script spells out whole."""
    if script.events is not None:
        return Events([frame(event) for event in script.events])
    body = script.body
    if isinstance(body, bytes):
        return Raw(body, script.content_type or "application/octet-stream")
    if isinstance(body, str):
        return Raw(body.encode(), script.content_type or "text/plain; charset=utf-8")
    if not is_object(body) and not is_array(body):
        return None
    return Raw(encode(body), script.content_type) if script.content_type else Whole(body)


def frame(event: object) -> bytes:
    return event if isinstance(event, bytes) else sse(event)


def scripted_refusal(script: Script) -> Refusal:
    code = script.code or code_of_status(script.status or 500)
    belongs_to_a_family = code.isdecimal() and code not in STATUS_OF_CODE
    return Refusal(code, script.message or "", status=script.status, gateway=not belongs_to_a_family)


def code_of_status(status: int) -> str:
    """A business code that goes with an HTTP status, when a test names only the status."""
    return {400: "1214", 401: "1000", 403: "1220", 404: "1222", 429: "1302", 500: "500"}.get(
        status, str(status)
    )


def form_body(parts: Iterable[tuple[str, str | Upload]]) -> tuple[Body, list[Upload]]:
    """Sort the parts of a form into texts and files; a name that comes twice becomes a list."""
    body: Body = {}
    files: list[Upload] = []
    for name, part in parts:
        if isinstance(part, Upload):
            files.append(part)
        elif name in body:
            earlier = body[name]
            body[name] = [*earlier, part] if is_array(earlier) else [earlier, part]
        else:
            body[name] = part
    return body, files
