"""Scripts as JSON spells them, for the control URL and for files. No I/O here."""

from __future__ import annotations

from dataclasses import fields

import msgspec

from .faults import BY_NAME, Fault
from .scripts import Script
from .shapes import Body, is_array, is_object


class ScriptOrder(msgspec.Struct, forbid_unknown_fields=True):
    """A script as JSON spells it; an unknown member is an error, so that a typo does not go unnoticed."""

    text: str | None = None
    pieces: list[str] | None = None
    reasoning: str | None = None
    tool_calls: list[dict[str, object]] | None = None
    finish_reason: str | None = None
    body: object = None
    events: list[object] | None = None
    status: int | None = None
    code: str | int | None = None
    message: str | None = None
    headers: dict[str, str] | None = None
    content_type: str | None = None
    fault: object = None
    match: dict[str, object] | None = None
    times: int | None = 1


def fault_of(value: object) -> Fault | None:
    """Read `"reset"` or `{"cut": {"after_events": 3}}`; raise ValueError for anything else."""
    if value is None:
        return None
    named: object = Body({value: Body()}) if isinstance(value, str) else value
    if not is_object(named) or len(named) != 1:
        raise ValueError("a fault is its name, or an object with the name as its only member")
    [(name, settings)] = named.items()
    if name not in BY_NAME:
        raise ValueError(f"no fault is called {name}; there are {', '.join(BY_NAME)}")
    kind = BY_NAME[name]
    unknown = set(settings if is_object(settings) else ()) - {field.name for field in fields(kind)}
    if unknown:
        raise ValueError(f"the fault {name} has no {', '.join(sorted(unknown))}")
    return msgspec.convert(settings, kind)


def scripts_of(content: object) -> list[Script]:
    """Read one script or a list of them; raise ValueError where something is not understood."""
    try:
        orders = msgspec.convert(content if is_array(content) else [content], list[ScriptOrder])
        return [script_of(order) for order in orders]
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def script_of(order: ScriptOrder) -> Script:
    return Script(
        order.text, order.pieces, order.reasoning, order.tool_calls, order.finish_reason, order.body, order.events,
        order.status, None if order.code is None else str(order.code), order.message, order.headers or {},
        order.content_type, fault_of(order.fault), order.match, order.times,
    )  # fmt: skip
