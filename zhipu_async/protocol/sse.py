"""Server-sent events: any split of the bytes in, events out, by the WHATWG rules. No I/O here.

The standard: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

EVENT_BYTES = 16 * 1024 * 1024  # a spoken answer in one event is under 10 MiB; more than this is an attack
LINE_COST = 40  # what keeping a line costs beside its bytes: empty lines must not come for free
DONE = b"[DONE]"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Dialect(Enum):
    """Whose rules hold."""

    STRICT = "the standard's"
    BIGMODEL = "the standard's, and whole JSON events also count without `data:` or their blank line"


class Event(NamedTuple):
    """One event; `name` is "" where the standard says "message"."""

    name: str
    data: bytes
    id: str = ""

    @property
    def text(self) -> str:
        """Return the data as text; what is not UTF-8 becomes U+FFFD, as the standard wants."""
        return self.data.decode("utf-8", "replace")


class EventParser:
    """Takes bytes as they come, gives events as they are complete."""

    __slots__ = (
        "_bare",
        "_bigmodel",
        "_id",
        "_limit",
        "_lines",
        "_name",
        "_size",
        "_skip_newline",
        "_tail",
        "begun",
        "retry_ms",
        "too_long",
    )

    def __init__(self, dialect: Dialect = Dialect.STRICT, *, limit: int = EVENT_BYTES) -> None:
        self._bigmodel = dialect is Dialect.BIGMODEL
        self._limit = limit
        self._tail = bytearray()  # the unfinished line
        self._lines: list[bytes] = []  # the data lines of the unfinished event
        self._size = 0  # of these lines
        self._name = ""
        self._id = ""
        self._bare = False  # inside JSON that was laid over several lines without `data:`
        self._skip_newline = False  # the last piece ended in CR: a LF now belongs to it
        self.begun: bool = False  # past the place where a byte order mark may stand
        self.too_long: bool = False
        self.retry_ms: int | None = None

    @property
    def idle(self) -> bool:
        """Tell whether the parser stands between two events, with nothing kept."""
        return not (self._tail or self._keeps_more_than_a_tail())

    def _keeps_more_than_a_tail(self) -> bool:
        return bool(self._lines or self._name or self._skip_newline)

    def give_back(self, limit: int) -> bytes | None:
        """Return what is kept and forget it, if that is nothing or the beginning of a data line.

        None, and all is kept, when it is something else or longer than `limit`.
        """
        tail = self._tail
        if not self.begun or self._keeps_more_than_a_tail():
            return None
        if len(tail) > limit or not b"data:".startswith(tail[:5]):
            return None
        line = bytes(tail)
        tail.clear()
        return line

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete; `too_long` is set when one outgrows the limit."""
        if self._skip_newline and data:
            self._skip_newline = False
            data = data[1:] if data[:1] == b"\n" else data
        if not data or self.too_long:
            return []
        if b"\r" in data:
            self._skip_newline = data[-1:] == b"\r"
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *lines = data.split(b"\n")
        self._tail += first
        events = self._finish_lines(lines) if lines else []
        self.too_long = self._size + len(self._tail) > self._limit
        return events

    def end(self) -> list[Event]:
        """Return what the end of the input completes: nothing, or in the platform's dialect a whole event."""
        if not self._bigmodel or self.too_long:
            return []
        events: list[Event] = []
        self._take_line(self._line(), events)
        self._dispatch_whole(events)
        return events

    def _finish_lines(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        last = lines.pop()
        self._take_line(self._line(), events)
        for line in lines:
            self._take_line(line, events)
        self._tail += last
        return events

    def _line(self) -> bytes:
        line = bytes(self._tail)
        self._tail.clear()
        if not self.begun:
            self.begun = True
            line = line.removeprefix(BYTE_ORDER_MARK)
        return line

    def _take_line(self, line: bytes, events: list[Event]) -> None:
        if not line:
            self._dispatch(events)
        elif line[:1] == b"{" and self._bigmodel:
            self._take_bare(line, events)
        elif self._bare and line[:5] != b"data:":
            self._keep(line)
        elif line[:1] != b":":
            self._take_field(line, events)

    def _take_field(self, line: bytes, events: list[Event]) -> None:
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if field == b"data":
            self._take_data(value, events)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif field == b"retry" and value.isdigit():
            self.retry_ms = int(value[:18])  # longer than the age of the universe, and a bounded conversion

    def _take_data(self, value: bytes, events: list[Event]) -> None:
        if self._bigmodel and (value[:1] == b"{" or value.rstrip() == DONE):
            # The layout of the platform's pages has no blank lines. In JSON an object never follows an object
            # without a comma, so where that happens the first one is an event of its own.
            self._dispatch_whole(events)
        self._bare = False
        self._keep(value)
        if self._bigmodel and value.rstrip() == DONE:
            self._dispatch(events)

    def _take_bare(self, line: bytes, events: list[Event]) -> None:
        self._dispatch_whole(events)
        self._keep(line)
        self._bare = True
        self._dispatch_whole(events)

    def _keep(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line) + LINE_COST

    def _dispatch_whole(self, events: list[Event]) -> None:
        if self._lines and is_whole(self._lines[0], self._lines[-1]):
            self._dispatch(events)

    def _dispatch(self, events: list[Event]) -> None:
        if self._lines:
            events.append(Event(self._name, b"\n".join(self._lines), self._id))
            self._lines = []
            self._size = 0
        self._name = ""
        self._bare = False


def is_whole(first: bytes, last: bytes) -> bool:
    """Tell by its first and last line whether data can be a whole event of the platform."""
    return (first[:1] == b"{" and last.rstrip()[-1:] == b"}") or last.rstrip() == DONE
