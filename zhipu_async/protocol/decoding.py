"""The one door for replies: bytes to Structs, tolerant of nulls and of numbers in strings. No I/O here."""

from __future__ import annotations

import re
import sys
from array import array
from typing import Any, TypeGuard, TypeVar

import msgspec

T = TypeVar("T")

# Of a character beyond U+FFFF, escaped; the other half may be missing.
HALF = re.compile(rb"\\u[dD][89a-fA-F]")


class Undecodable(ValueError):
    """The bytes are not JSON, or not of the expected shape; the sentence says where."""


def decode(body: bytes, into: type[T]) -> T:
    """Return the Struct; nulls in a reply mean the same as absent fields."""
    try:
        kept: msgspec.json.Decoder[T] = _decoders.get(into) or decoder(into)
        return kept.decode(body)
    except (ValueError, RecursionError, OverflowError):
        pass  # a null, or what json takes and strict JSON does not
    return convert(parse(body), into)


def convert(value: object, into: type[T]) -> T:
    """Return plain JSON values as the Struct: nulls pruned, and what is of the wrong kind mended where it can be."""
    try:
        return _mended_into(without_nulls(value), into)
    except (msgspec.ValidationError, RecursionError, OverflowError) as exc:
        raise Undecodable(str(exc)) from exc


def _mended_into(value: object, into: type[T]) -> T:
    try:
        return _as_it_is(value, into)
    except msgspec.ValidationError as exc:
        refusal = str(exc)
    from zhipu_async.protocol.mending import MOST_MENDS, mended  # here, since most replies never need it

    for _ in range(MOST_MENDS):
        before, value = value, mended(value, refusal)
        if value == before:
            break
        try:
            return _as_it_is(value, into)
        except msgspec.ValidationError as exc:
            refusal = str(exc)
    return _as_it_is(value, into)


def _as_it_is(value: object, into: type[T]) -> T:
    return msgspec.convert(value, into, strict=False, dec_hook=_vector)


def parse(body: bytes) -> object:
    """Return what the bytes say as JSON, more tolerant than the fast decoder."""
    import json  # here, since most replies never need it

    try:
        value: object = json.loads(body)
        return _whole_characters(value) if HALF.search(body) else value
    except (ValueError, RecursionError):
        pass  # such exceptions hold the whole body, and show it
    raise Undecodable("the body is not JSON" if body.strip() else "the body is empty")


def _whole_characters(value: object) -> object:
    """Put halves of surrogate pairs together, and U+FFFD in the place of those that are alone."""
    if is_object(value):
        return {str(_whole_characters(key)): _whole_characters(item) for key, item in value.items()}
    if is_array(value):
        return [_whole_characters(item) for item in value]
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def without_nulls(value: object) -> object:
    """Return the value with the null members of its objects, and the null items of its arrays, left out."""
    if is_object(value):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if is_array(value):
        return [without_nulls(item) for item in (_dense(value) if None in value else value)]
    return value


def _dense(items: list[object]) -> list[object]:
    """Return the items without null, except where places count: a vector keeps it, and a null page is an empty one."""
    kinds = {type(item) for item in items}
    if list in kinds:
        return [[] if item is None else item for item in items]
    return items if kinds & {int, float} else [item for item in items if item is not None]


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Tell whether the value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Tell whether the value is a JSON array."""
    return isinstance(value, list)


_decoders: dict[object, msgspec.json.Decoder[Any]] = {}


def decoder(into: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder kept for this type; there are as many as there are kinds of reply."""
    kept: msgspec.json.Decoder[T] | None = _decoders.get(into)
    if kept is None:
        kept = _decoders[into] = msgspec.json.Decoder(into, dec_hook=_vector)
    return kept


def _vector(kind: object, value: object) -> object:
    """Build the types that msgspec leaves to us; the list of one vector is gone before the next is read."""
    if kind is object:
        return value
    numpy = sys.modules.get("numpy")
    is_numpy = numpy is not None and kind is numpy.ndarray
    if kind is not array and not is_numpy:
        raise NotImplementedError(kind)
    floats: array[float] = array("f", value)  # type: ignore[call-overload]  # pyright: ignore
    # On the same memory: numpy itself would take half as long again, and make NaN of a null.
    return numpy.asarray(floats) if numpy is not None and is_numpy else floats
