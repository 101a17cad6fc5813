"""What came in: one record per request, with what became of it, as many as may be kept. No I/O here."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .shapes import Body, is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .operation import Upload
    from .scripts import Script

KEPT_BYTES = 256 * 2**20
"""Bodies and files beyond this are forgotten, the oldest first: a day of pictures must not fill the memory."""


@dataclass(slots=True)
class Received:
    """One request as the simulator saw it; the outcome is filled in as it becomes known."""

    number: int
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Names as sent; look them up in any letter case."""
    key: str = field(default="", repr=False)
    body: Body = field(default_factory=dict[str, object], repr=False)
    """The JSON object as it came, nulls included, or the text parts of a form."""
    content: bytes = field(default=b"", repr=False)
    files: list[Upload] = field(default_factory=list["Upload"], repr=False)
    unknown_fields: tuple[str, ...] = ()
    """Members of the body that the platform does not document; it accepts them silently."""
    at: float = field(default=0.0, repr=False)
    """When it came, on the monotonic clock."""
    status: int | None = None
    """The HTTP status of the answer; None while it is not decided, or when the connection was reset."""
    code: str = ""
    """The business code of a refusal."""
    fault: str = ""
    """Which scripted fault struck."""
    submits: bool = field(default=False, repr=False)
    """Whether it submits a task."""
    script: Script | None = field(default=None, repr=False)
    """What it was answered with, if a script answered it."""
    finished: bool = False
    gone: bool = False
    """The client went away before the answer was complete."""
    size: int = field(default=0, repr=False)
    """Bytes of the body, once it is read."""

    @property
    def model(self) -> str:
        value = self.body.get("model")
        return value if isinstance(value, str) else ""

    @property
    def request_id(self) -> str:
        value = self.body.get("request_id")
        return value if isinstance(value, str) else ""

    @property
    def text(self) -> str:
        """Every string of the body on a line of its own, to search in."""
        return "\n".join(strings(self.body))


class Records:
    """The newest requests: at most so many, and so many bytes; whatever is in flight keeps its own."""

    def __init__(self, most: int, most_bytes: int = KEPT_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, Received] = OrderedDict()
        self._bytes = 0

    def add(self, received: Received) -> None:
        """Keep it; its body may still be on the way."""
        self._kept[id(received)] = received
        self._forget_the_oldest()

    def weigh(self, received: Received) -> None:
        """Count what was read of its body, unless it was forgotten meanwhile."""
        if id(received) in self._kept:
            received.size = len(received.content) + sum(len(file.content) for file in received.files)
            self._bytes += received.size
            self._forget_the_oldest()

    def all(self) -> list[Received]:
        """Oldest first."""
        return list(self._kept.values())

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0

    def _forget_the_oldest(self) -> None:
        while len(self._kept) > self._most or (self._bytes > self._most_bytes and len(self._kept) > 1):
            self._bytes -= self._kept.popitem(last=False)[1].size


def strings(value: object) -> Iterator[str]:
    """Walk the JSON value and give its strings in order."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for member in value.values():
            yield from strings(member)
    elif is_array(value):
        for item in value:
            yield from strings(item)
