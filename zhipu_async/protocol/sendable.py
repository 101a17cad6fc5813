"""What JSON cannot carry, found before the platform reads something else. No I/O here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from types import NoneType
from typing import Any, TypeAlias, TypeGuard

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType, UsageError

Message: TypeAlias = dict[str, object]


class Seen(list[Message]):
    """Messages that were looked at one by one: those that are not unusual are a role and a text."""

    __slots__ = ("unusual",)

    def __init__(self, messages: Iterable[Message] = (), unusual: Sequence[Message] = ()) -> None:
        super().__init__(messages)
        self.unusual: Sequence[Message] = unusual


SURE: frozenset[type] = frozenset({str, int, bool, NoneType})  # written as what they are
INSIDE: Mapping[type, Callable[[Any], Iterable[object]]] = {
    dict: dict[object, object].values,
    list: iter,
    tuple: iter,
    Seen: attrgetter("unusual"),
}
JOINED: Callable[[Any], str] = "".join  # the fastest way to find that a key is no text: then it raises
BYTES: tuple[type, ...] = (bytes, bytearray, memoryview)
LEAVES: frozenset[type] = frozenset({NoneType, bool, int, float, str, *BYTES})
FAILURES = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)
DEEPEST = 200  # Python's own recursion limit is 1000 frames; no request of the platform nests beyond 20

_encoder = msgspec.json.Encoder()


def encode(body: object) -> bytes:
    """Return the body as JSON, or raise where the value stands that JSON cannot carry."""
    encoded, failure = b"", ""
    try:
        encoded = _encoder.encode(body)
        if is_plain((body,)):
            return encoded
    except FAILURES as exc:
        failure = type(exc).__name__  # that alone: some of these hold the text that could not be written
    refuse_unsendable(body)
    if failure:
        raise InvalidArgument(f"the request cannot be written as JSON: {failure}")
    return encoded


def is_plain(values: Iterable[object]) -> bool:
    """Tell whether JSON carries all of this as what it is; anything unusual wants the slow look.

    This one is on the way of every request, so it calls nothing for a text or a number. It comes after the encoder,
    which does not end either where a list holds itself.
    """
    rows = [values]
    try:
        for row in rows:
            for value in row:
                if type(value) in SURE:
                    continue
                inside = INSIDE.get(type(value))
                if inside is not None:
                    rows.append(inside(value))
                    if type(value) is dict:
                        JOINED(value)
                elif not isinstance(value, float) or not math.isfinite(value):
                    return False
    except TypeError:  # a key that is no text: a number is written as one, bytes are not what was meant
        return False
    return True


def refuse_unsendable(body: object, where: str = "") -> None:
    """Raise with the place of the first value that JSON cannot carry: NaN, bytes, half a surrogate pair.

    The encoder writes NaN as null and bytes as base64, which the platform would take for something
    else. This walk is slow: it is for bodies that failed to encode, or that hold a null.
    """
    _walk(body, where, DEEPEST)


def refuse_misfit(value: msgspec.Struct) -> None:
    """Raise with the place of the first member that is of a wrong type, or that JSON cannot carry.

    A Struct that a caller has filled in was never looked at: types are checked only where bytes are read.
    """
    refuse_unsendable(value)
    try:
        msgspec.convert(msgspec.to_builtins(value), type(value))
    except msgspec.ValidationError as exc:
        problem, _, place = str(exc).partition(" - at ")
        raise InvalidType(f"{place.strip('`').removeprefix('$.')}: {problem}") from exc


def as_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether this becomes a JSON object."""
    return isinstance(value, Mapping)


def as_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether this becomes a JSON list: texts are sequences too, and are not meant."""
    # A list is what it nearly always is, and asking the abstract class takes ten times as long.
    return type(value) is list or (
        isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)
    )


def _walk(value: object, where: str, depth: int) -> None:
    if depth == 0:
        raise InvalidArgument(f"{_place(where)} is nested deeper than {DEEPEST} levels, or holds itself")
    if _is_object(value):
        for key, member in value.items():
            _check_key(key, where)
            _walk(member, f"{where}.{key}" if where else str(key), depth - 1)
    elif _is_row(value):
        for position, member in enumerate(value):
            _walk(member, f"{where}[{position}]", depth - 1)
    elif type(value) in LEAVES:
        _check_leaf(value, where)
    else:
        _walk(_as_builtin(value, where), where, depth - 1)


def _is_object(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, dict)


def _is_row(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


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
    if isinstance(value, str) and _is_broken(value):
        return InvalidArgument, "holds half of a surrogate pair, which UTF-8 cannot carry"
    if isinstance(value, float) and not math.isfinite(value):
        return InvalidArgument, f"is {value}: JSON has no such number"
    if type(value) in BYTES:
        return InvalidType, "is bytes; decode it, or let zhipu_async.parts build a content part from it"
    return None


def _as_builtin(value: object, where: str) -> object:
    # The encoder knows more than JSON's own types: dates, sets, Structs.
    try:
        return msgspec.to_builtins(value, builtin_types=BYTES)
    except (TypeError, ValueError, RecursionError):
        raise InvalidType(
            f"{_place(where)} is of type {type(value).__name__}, which JSON cannot carry"
        ) from None


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
