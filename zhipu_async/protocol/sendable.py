"""What JSON cannot carry, found before the platform reads something else. No I/O here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeGuard

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType, UsageError

DEEPEST = 200  # Python's own recursion limit is 1000 frames; no request of the platform nests beyond 20


def refuse_unsendable(body: object, where: str = "") -> None:
    """Raise with the place of the first value that JSON cannot carry: NaN, bytes, half a surrogate pair.

    The encoder writes NaN as null and bytes as base64, which the platform would take for something
    else. This walk is slow: it is for bodies that failed to encode, or that hold a null.
    """
    _walk(body, where, DEEPEST)


def as_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether this becomes a JSON object."""
    return isinstance(value, Mapping)


def as_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether this becomes a JSON list: texts are sequences too, and are not meant."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def _walk(value: object, where: str, depth: int) -> None:
    if depth == 0:
        raise InvalidArgument(f"{_place(where)} is nested deeper than {DEEPEST} levels, or holds itself")
    if as_object(value) and isinstance(value, dict):
        for key, member in value.items():
            _check_key(key, where)
            _walk(member, f"{where}.{key}" if where else str(key), depth - 1)
    elif as_list(value) and isinstance(value, list | tuple):
        for position, member in enumerate(value):
            _walk(member, f"{where}[{position}]", depth - 1)
    else:
        _check_leaf(value, where)


def _check_key(key: object, where: str) -> None:
    if not isinstance(key, str | int | float):
        raise InvalidType(f"{_place(where)} has a key of type {type(key).__name__}: JSON knows only text")
    if isinstance(key, str) and _is_broken(key):
        raise InvalidArgument(f"{_place(where)} has a key that holds half of a surrogate pair")


def _check_leaf(value: object, where: str) -> None:
    problem = _problem(value)
    if problem is not None:
        kind, sentence = problem
        raise kind(f"{_place(where)} {sentence}")


def _problem(value: object) -> tuple[type[UsageError], str] | None:
    if value is None or isinstance(value, int):
        return None
    if isinstance(value, str):
        sentence = "holds half of a surrogate pair, which UTF-8 cannot carry"
        return (InvalidArgument, sentence) if _is_broken(value) else None
    if isinstance(value, float):
        return None if math.isfinite(value) else (InvalidArgument, f"is {value}: JSON has no such number")
    if isinstance(value, bytes | bytearray | memoryview):
        return InvalidType, "is bytes; decode it, or let zhipu_async.parts build a content part from it"
    sentence = f"is of type {type(value).__name__}, which JSON cannot carry"
    return None if _is_encodable(value) else (InvalidType, sentence)


def _is_encodable(value: object) -> bool:
    # The encoder knows more than JSON's own types: dates, sets, Structs.
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_broken(text: str) -> bool:
    # isascii is a flag of the string; only the others have to be tried.
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _place(where: str) -> str:
    return where or "the request"
