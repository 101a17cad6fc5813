"""One request on its way down: what a method hands to the retry loop."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

from zhipu_async.errors import InvalidType
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.sendable import as_object, encode, refuse_unsendable

NOTHING: Mapping[str, str] = MappingProxyType({})

JSON_TYPE = "application/json"


class Content(Protocol):
    """A body that is not JSON: a multipart form."""

    failure: Exception | None
    """What the caller's own code raised while the body was sent."""

    def with_fields(self, fields: Mapping[str, object]) -> Content:
        """Return the body with more fields in it."""
        ...

    @property
    def content_type(self) -> str:
        """Return the media type with its parameters."""
        ...

    @property
    def length(self) -> int | None:
        """Return the number of bytes, or None when it shows only at the end."""
        ...

    @property
    def replayable(self) -> bool:
        """Tell whether `open` may be called again for another attempt."""
        ...

    def open(self, request_id: str, moved: Callable[[], None]) -> AsyncIterable[bytes]:
        """Return the bytes from their beginning; `moved` hears of each piece that was sent."""
        ...


class Request(
    msgspec.Struct
):  # there is one per call, and a Struct is made in a quarter of a dataclass's time
    """What goes to one endpoint: JSON fields or other content, path arguments, query, options."""

    fields: Mapping[str, object] | None = None
    path: Mapping[str, str] = NOTHING
    query: Mapping[str, str] = NOTHING
    content: Content | None = None
    headers: Mapping[str, str] = NOTHING
    model: str = ""
    options: CallOptions = msgspec.field(default_factory=CallOptions)
    stream: bool = False
    intent: Callable[[], Awaitable[None]] | None = None
    """Awaited before the bytes of each attempt leave: a ledger writes it down. With it, nothing is resent blindly."""

    def __repr__(self) -> str:
        return f"<Request for {self.model or 'no model'}>"  # the fields hold prompts


class JsonContent:
    """A JSON body, encoded once; only request_id differs between attempts, and stands last for that.

    request_id: of the first attempt; "" where the endpoint takes none, or the fields hold the caller's.
    """

    __slots__ = ("_encoded", "_first_id")

    content_type = JSON_TYPE
    replayable = True
    failure = None
    length = None  # the HTTP library counts bytes by itself

    def __init__(self, fields: Mapping[str, object], request_id: str) -> None:
        self._first_id = request_id
        self._encoded = encode({**fields, "request_id": request_id} if request_id else fields)

    def open(self, request_id: str, moved: Callable[[], None] | None = None) -> bytes:
        """Return the bytes of one attempt."""
        first_id = self._first_id
        if not first_id or request_id == first_id:
            return self._encoded
        body = memoryview(self._encoded)[: -len(first_id) - len('"}')]
        return b"".join((body, request_id.encode(), b'"}'))


def sent(**fields: object) -> dict[str, object]:
    """Return the fields that the caller gave: None is not sent."""
    return {name: value for name, value in fields.items() if value is not None}


def query(**fields: object) -> dict[str, str]:
    """Return query parameters as they are written in a URL; None is not sent."""
    return {name: _written(name, value) for name, value in fields.items() if value is not None}


def query_of(name: str, texts: Mapping[str, object]) -> dict[str, str]:
    """Return a query of the caller's own as it is written in a URL."""
    if not as_object(texts):
        raise InvalidType(f"{name} takes a mapping, not {type(texts).__name__}")
    return query(**texts)


def _written(name: str, value: object) -> str:
    refuse_unsendable(value, name)
    return str(value).lower() if isinstance(value, bool) else str(value)


def fresh_request_id() -> str:
    """Return an id for one attempt."""
    return os.urandom(16).hex()
