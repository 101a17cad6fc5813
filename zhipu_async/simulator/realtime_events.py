"""Server events of the realtime socket as plain dicts: ids, stamps, error bodies. No I/O here."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeGuard

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

Event = dict[str, object]


class Invalid(Exception):
    """A client event the platform answers with an `error` event; the session stays open."""

    def __init__(
        self, message: str, *, code: str = "invalid_event", kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.kind = kind


class Mint:
    """Makes ids and stamps events: the same seed makes the same ids."""

    def __init__(self, seed: str, epoch_ms: Callable[[], int]) -> None:
        self._random = random.Random(seed)
        self._epoch_ms = epoch_ms

    def id(self, prefix: str) -> str:
        return f"{prefix}{self._random.getrandbits(128):032x}"

    def event(self, type: str, **fields: object) -> Event:
        return {"event_id": self.id("event"), "type": type, "client_timestamp": self._epoch_ms(), **fields}

    def error(self, refusal: Invalid) -> Event:
        body = {"type": refusal.kind, "code": refusal.code, "message": refusal.message}
        return {"event_id": self.id("event"), "type": "error", "error": body}

    def choice(self, options: tuple[str, ...]) -> str:
        return self._random.choice(options)

    def shuffled_key(self) -> float:
        """A number to sort by when order is to mean nothing."""
        return self._random.random()


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def without_nulls(value: dict[str, object]) -> dict[str, object]:
    """The vendor's client sends null for whatever was not set: null counts as absent."""
    return {key: member for key, member in value.items() if member is not None}


def object_field(event: Event, name: str) -> dict[str, object]:
    value = event.get(name)
    if not is_object(value):
        raise Invalid(f"The '{name}' field is missing or is not an object.")
    return without_nulls(value)


def text_field(event: Event, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid(f"The '{name}' field is missing or is not a string.")
    return value


def parse(message: str | bytes) -> Event:
    """Read one message; text or binary, UTF-8 JSON either way."""
    try:
        event: object = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Invalid("The message is not valid JSON.") from None
    if not is_object(event):
        raise Invalid("The message is not a JSON object.")
    if not isinstance(event.get("type"), str) or not event["type"]:
        raise Invalid("The 'type' field is missing.")
    return event
