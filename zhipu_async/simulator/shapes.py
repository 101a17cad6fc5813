"""Reading plain JSON: what a request holds, by the kind of value we hope to find. No I/O here."""

from __future__ import annotations

from typing import TypeGuard

Body = dict[str, object]
"""A JSON object, as it came in or as it goes out."""


def is_object(value: object) -> TypeGuard[Body]:
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_of(body: Body, name: str, default: str = "") -> str:
    value = body.get(name)
    return value if isinstance(value, str) else default


def number_of(body: Body, name: str, default: float = 0) -> float:
    value = body.get(name)
    return value if is_number(value) else default


def integer_of(body: Body, name: str, default: int = 0) -> int:
    return int(number_of(body, name, default))


def flag_of(body: Body, name: str, default: bool = False) -> bool:
    """True for JSON true and, as multipart forms send it, for the text `true`."""
    value = body.get(name)
    if isinstance(value, str):
        return value.lower() == "true"
    return value if isinstance(value, bool) else default


def object_of(body: Body, name: str) -> Body:
    value = body.get(name)
    return value if is_object(value) else {}


def array_of(body: Body, name: str) -> list[object]:
    value = body.get(name)
    return value if is_array(value) else []


def objects_of(body: Body, name: str) -> list[Body]:
    return [item for item in array_of(body, name) if is_object(item)]


def texts_of(body: Body, name: str) -> list[str]:
    return [item for item in array_of(body, name) if isinstance(item, str)]


def without_nulls(value: object) -> object:
    """JSON null counts as absent: the official clients send every argument that they were not given."""
    if is_object(value):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return [without_nulls(item) for item in value] if is_array(value) else value
