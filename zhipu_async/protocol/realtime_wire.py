"""Bytes of the realtime socket to events and back; one bad field never costs the event. No I/O here.

The fast way decodes straight into the event's Struct. What that refuses (nulls, a wrong type, another
spelling, a lone surrogate) is read again field by field: what fits is kept, what does not keeps its default
and is named in a `ProtocolWarning`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeGuard, TypeVar, get_args, get_origin

import msgspec

from zhipu_async.types.realtime import (
    ErrorEvent,
    PlatformEvent,
    ProtocolWarning,
    ResponseAudioDelta,
    UnknownEvent,
)
from zhipu_async.types.realtime_client import ClientEvent, ClientEvents

S = TypeVar("S", bound=msgspec.Struct)

# The platform's documents spell these in two ways; both are the same event.
ALIASES = {
    "rate_limites.updated": "rate_limits.updated",
    "transcription.session.updated": "transcription_session.updated",
    "response.function_call.simple_brower": "response.function_call.simple_browser",
    "response.function_call.simple_brower.result": "response.function_call.simple_browser.result",
}
FIELD_ALIASES = {"eventId": "event_id", "simple_brower": "simple_browser"}
SHOWN_TYPE_CHARACTERS = 100  # an event's name in a warning; the platform's longest has 57

_EVENTS: dict[str, type[PlatformEvent]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(PlatformEvent)
}
_encoder = msgspec.json.Encoder()


@cache
def decoder() -> msgspec.json.Decoder[PlatformEvent]:
    """Return the decoder of all events: to make it takes some milliseconds, so a thread does that before it dials."""
    return msgspec.json.Decoder(PlatformEvent)


def encode(event: ClientEvent) -> bytes:
    """Return the event as one JSON object."""
    return _encoder.encode(event)


def client_event(event: Mapping[str, object]) -> ClientEvent | None:
    """Return the event as one that the session understands, if it is nothing but that."""
    try:
        known = msgspec.convert(dict(event), ClientEvents)
    except msgspec.ValidationError:
        return None
    return known if msgspec.to_builtins(known) == dict(event) else None


def decode(message: bytes) -> tuple[PlatformEvent | UnknownEvent | None, tuple[ProtocolWarning, ...]]:
    """Read one message; what cannot be an event at all gives None and a warning."""
    try:
        event = decoder().decode(message)
    except ValueError:  # ValidationError, DecodeError and UnicodeDecodeError all are
        return _decode_leniently(message)
    if not event.event_id and b'"eventId"' in message:
        return _decode_leniently(message)
    if not isinstance(event, ResponseAudioDelta):  # speech would be kept twice
        vars(event)["_body"] = message
    return event, ()


def _decode_leniently(
    message: bytes,
) -> tuple[PlatformEvent | UnknownEvent | None, tuple[ProtocolWarning, ...]]:
    try:
        fields = json.loads(message.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None, (ProtocolWarning(what="a message that is not JSON"),)
    if not _is_object(fields):
        return None, (ProtocolWarning(what="a message that is not a JSON object"),)
    return _event_of(fields)


def _event_of(
    fields: dict[str, object],
) -> tuple[PlatformEvent | UnknownEvent, tuple[ProtocolWarning, ...]]:
    name = str(fields.get("type") or "")
    kind = _EVENTS.get(ALIASES.get(name, name))
    if kind is None:
        return UnknownEvent(type=name, event_id=str(fields.get("event_id") or ""), raw=fields), ()
    broken: list[str] = []
    event = _fitting(kind, fields, "", broken)
    vars(event)["_raw"] = fields
    if not broken:
        return event, ()
    what = "fields that cannot be read: " + ", ".join(sorted(broken))
    return event, (ProtocolWarning(what=what, event_type=name[:SHOWN_TYPE_CHARACTERS]),)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_struct(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _fitting(kind: type[S], fields: dict[str, object], path: str, broken: list[str]) -> S:
    """Build a Struct from what fits; name the rest in `broken`."""
    source = {FIELD_ALIASES.get(name, name): value for name, value in fields.items()}
    fit: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        value = source.get(field.name)
        if value is None:
            continue
        try:
            fit[field.name] = _value(field.type, value, f"{path}{field.name}.", broken)
        except (TypeError, ValueError):
            broken.append(f"{path}{field.name}")
    return kind(**fit)


def _value(kind: Any, value: object, path: str, broken: list[str]) -> object:
    if kind is str:
        return _text(value)
    if get_origin(kind) is list:
        return _list(get_args(kind)[0], value, path, broken)
    if _is_struct(kind):
        if not _is_object(value):
            raise TypeError(path)
        return _fitting(kind, value, path, broken)
    return msgspec.convert(value, kind, strict=False)


def _list(kind: Any, value: object, path: str, broken: list[str]) -> list[object]:
    """Read a list; where the documents disagree, a single thing stands for a list of one."""
    members = value if _is_list(value) else [value]
    return [_value(kind, member, path, broken) for member in members if member is not None]


def _text(value: object) -> str:
    """Read a string; a number becomes text, an object (a documented form of `delta`) gives its text."""
    if _is_object(value):
        value = value.get("text") or value.get("delta")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise TypeError("not a string")
    # An escaped half of a surrogate pair cannot be shown or sent again.
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def mark_answer(event: ErrorEvent, answers: str) -> None:
    """Note on an error which call it belongs to."""
    vars(event)["_answers"] = answers


def mark_audio(event: ResponseAudioDelta, samples: bytes) -> None:
    """Lay the decoded samples beside the wire's base64."""
    vars(event)["_audio"] = samples


EVENT_TYPES = frozenset(_EVENTS) | frozenset(ALIASES)
