"""What a handler is given, what it gives back, and how an operation is written down. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from typing import TYPE_CHECKING, Literal

import msgspec

from .refusals import illegal, missing
from .shapes import Body, is_object

if TYPE_CHECKING:
    from .fields import Field
    from .platform import Platform
    from .scripts import Script

__all__ = ["Answer", "Ask", "Events", "Operation", "Raw", "Upload", "Whole", "sse"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart form."""

    field: str
    filename: str
    content_type: str
    content: bytes = member(repr=False)


@dataclass(slots=True)
class Ask:
    """One request, read and checked: what every handler is called with."""

    platform: Platform
    path: str
    key: str
    body: Body = member(default_factory=dict[str, object], repr=False)
    """The JSON object without its nulls, or the text parts of a form."""
    query: Mapping[str, str] = member(default_factory=dict[str, str])
    params: Mapping[str, str] = member(default_factory=dict[str, str])
    """The variables of the path."""
    files: list[Upload] = member(default_factory=list[Upload])
    model: str = ""
    request_id: str = ""
    """The caller's, or a generated one."""
    coding: bool = False
    """True when the request came to the Coding Plan's base URL."""
    script: Script | None = None
    """What the test told this request to be answered with; most handlers need not look."""
    headers: Mapping[str, str] = member(default_factory=dict[str, str], repr=False)

    def file(self, name: str = "file") -> Upload:
        """Give the uploaded file of this form field, or refuse with 1213."""
        for upload in self.files:
            if upload.field == name:
                return upload
        raise missing(name)

    def refuse_unless(self, suits: bool, name: str, why: str) -> None:
        """Refuse with 1214 unless the field's value suits."""
        if not suits:
            raise illegal(name, why)


@dataclass(frozen=True, slots=True)
class Whole:
    """A JSON body."""

    body: Body | list[object]
    status: int = 200
    seconds: float = 0
    """How long the real platform would have worked on it; waited for times the simulator's pace."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes of any other content type."""

    content: bytes
    content_type: str
    seconds: float = 0
    status: int = 200


@dataclass(frozen=True, slots=True)
class Events:
    """A stream of server-sent events; make the frames with `sse`."""

    frames: Iterable[bytes]
    seconds: float = 0
    """Until the first event."""
    interval: float = 0
    """Between two events."""
    status: int = 200


Answer = Whole | Raw | Events
_encoder = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """Write a value as JSON."""
    return _encoder.encode(value)


def sse(message: object, *, event: str = "") -> bytes:
    """Write one event: `sse(chunk)`, or `sse("[DONE]")` for the end of a stream."""
    content = message.encode() if isinstance(message, str) else encode(message)
    name = f"event: {event}\n".encode() if event else b""
    return name + b"data: " + content + b"\n\n"


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint: where it is, what it takes, who answers."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    """From the API root on, such as `/paas/v4/files/{file_id}`; a variable is one path segment."""
    answer: Callable[[Ask], Answer]
    fields: Mapping[str, Field] | None = None
    """What the body may hold; other members are accepted and reported. None = the body is not looked at."""
    body: Literal["json", "form", "none"] = "json"
    models: frozenset[str] = frozenset()
    """Names it answers to, in lower case. Known elsewhere: 1212. Known nowhere: 1211. Empty: any name."""
    family: Literal["paas", "knowledge", "finagent", "flat"] = "paas"
    task: bool = False
    """True for submissions: they count against the cap of running tasks, not of requests in flight."""
    coding: bool = False
    """True when a Coding Plan key may call it."""
    optional_body: bool = False
    public: bool = False
    """True for the links in answers: they are fetched without a key."""


def parse_json(content: bytes) -> Body | None:
    """Read a JSON object, or None."""
    try:
        value: object = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if is_object(value) else None
