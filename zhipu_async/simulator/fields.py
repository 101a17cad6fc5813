"""What each operation expects in its body, and the check that refuses everything else. No I/O here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .refusals import illegal, missing
from .shapes import Body, is_array, is_number, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "number", "integer", "flag", "array", "object", "anything"]


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a request body: its kind and its bounds (of the value, the characters or the items)."""

    kind: Kind
    required: bool = False
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    from_text: bool = False
    """Whether a number may also come as a text."""

    @property
    def needed(self) -> Field:
        """The same field, refused with 1213 where it is missing."""
        return replace(self, required=True)


def text(at_least: int | None = None, at_most: int | None = None, *, pattern: str = "") -> Field:
    return Field("text", at_least=at_least, at_most=at_most, pattern=pattern)


def choice(*choices: str) -> Field:
    return Field("text", choices=choices)


def number(at_least: float | None = None, at_most: float | None = None) -> Field:
    return Field("number", at_least=at_least, at_most=at_most)


def integer(at_least: int | None = None, at_most: int | None = None) -> Field:
    return Field("integer", at_least=at_least, at_most=at_most)


def flag() -> Field:
    return Field("flag")


def array(at_least: int | None = None, at_most: int | None = None) -> Field:
    return Field("array", at_least=at_least, at_most=at_most)


def anything() -> Field:
    return Field("anything")


def an_object() -> Field:
    return Field("object")


REQUEST_ID_LENGTHS = (6, 64)
USER_ID_LENGTHS = (6, 128)
COMMON = {"request_id": text(*REQUEST_ID_LENGTHS), "user_id": text(*USER_ID_LENGTHS)}
"""Taken by nearly every operation, so checked in all of them."""


def check(body: Body, fields: Mapping[str, Field], *, inside: str = "", form: bool = False) -> None:
    """Raise 1213 for the first missing field, else 1214 for the first illegal one."""
    for name, field in fields.items():
        if field.required and body.get(name) in (None, ""):
            raise missing(inside + name)
    for name, field in fields.items():
        value = body.get(name)
        if value is not None:
            why = what_is_wrong(form_value(value, field) if form or field.from_text else value, field)
            if why:
                raise illegal(inside + name, why)


def form_value(value: object, field: Field) -> object:
    """The parts of a form are texts: read numbers, objects and lists out of them."""
    if not isinstance(value, str) or field.kind in ("text", "anything", "flag", "array", "object"):
        return None if field.kind in ("array", "object") else value
    try:
        return int(value) if field.kind == "integer" else float(value)
    except ValueError:
        return value


def what_is_wrong(value: object, field: Field) -> str:
    """Say in words why the value does not suit the field; the empty text says that it does."""
    match field.kind:
        case "text":
            return wrong_text(value, field)
        case "number" | "integer":
            return wrong_number(value, field)
        case "flag":
            suits = isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))
            return "" if suits else "true or false expected"
        case "array":
            return out_of_bounds(len(value), field, " items") if is_array(value) else "a list expected"
        case "object":
            return "" if is_object(value) else "an object expected"
        case "anything":
            return ""


def wrong_text(value: object, field: Field) -> str:
    if not isinstance(value, str):
        return "a string expected"
    if field.choices and value not in field.choices:
        return "one of " + ", ".join(field.choices) + " expected"
    if field.pattern and not re.fullmatch(field.pattern, value):
        return f"it does not match {field.pattern}"
    return out_of_bounds(len(value), field, " characters")


def wrong_number(value: object, field: Field) -> str:
    if not is_number(value) or value != value:  # NaN is the number that is not itself
        return "a number expected"
    if field.kind == "integer" and value != int(value):
        return "a whole number expected"
    return out_of_bounds(value, field, "")


def out_of_bounds(measure: float, field: Field, unit: str) -> str:
    if field.at_least is not None and measure < field.at_least:
        return f"at least {field.at_least:g}{unit} expected"
    if field.at_most is not None and measure > field.at_most:
        return f"at most {field.at_most:g}{unit} expected"
    return ""
