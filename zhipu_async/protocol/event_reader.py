"""The bytes of any other endpoint's stream in, its events out. No I/O here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

from zhipu_async.errors import StreamDamaged, StreamError, StreamInterrupted
from zhipu_async.protocol.chat_reader import failed
from zhipu_async.protocol.decoding import Undecodable, convert, is_array, is_object, parse
from zhipu_async.protocol.endpoint import Envelope, StreamEnd
from zhipu_async.protocol.replies import Fault, fault_in, read_fault
from zhipu_async.protocol.sse import DONE, Dialect, Event, EventParser
from zhipu_async.types.base import UNKNOWN, Reply, attach
from zhipu_async.types.chat import ChatCompletion, Usage

T = TypeVar("T")

FAILURES = frozenset({"network_error", "error"})  # finish reasons that are none


class EventReader(Generic[T]):
    """Reads a stream of Structs. `last` names the events that end it, by `event:`, or their event or type member."""

    __slots__ = (
        "_ends",
        "_envelope",
        "_finished",
        "_into",
        "_last",
        "_parser",
        "done",
        "fault",
        "over",
        "usage",
    )

    def __init__(
        self,
        into: type[T],
        ends: StreamEnd = StreamEnd.DONE,
        *,
        last: Collection[str] = (),
        envelope: Envelope = Envelope.BARE,
    ) -> None:
        self._into = into
        self._ends = ends
        self._last = frozenset(last)
        self._envelope = envelope
        self._parser = EventParser(Dialect.BIGMODEL)
        self._finished = False
        self.done: bool = False
        self.fault: StreamError | None = None
        self.usage: Usage | None = None
        self.over: bool = False
        """Reading on is pointless."""

    def feed(self, data: bytes) -> list[T]:
        """Return the events that these bytes complete; [] for keep-alives and half events."""
        items: list[T] = []
        for event in self._parser.feed(data):
            self._take(event, items)
            if self.done or self.fault:
                break
        if self._parser.too_long:
            self.fault = self.fault or StreamDamaged("an event of the stream is longer than any event may be")
        self.over = self.done or self.fault is not None
        return items

    def end(self) -> list[T]:
        """Return what the end of the body completes."""
        items: list[T] = []
        for event in self._parser.end():
            self._take(event, items)
        if not items and isinstance(self.fault, StreamDamaged):
            self.fault = None  # half an event was cut off, not damaged: the verdict says so
        return items

    def fail(self, fault: Fault) -> None:
        """Note that the platform reported a failure."""
        self.fault = failed(fault)

    def verdict(self) -> StreamError | None:
        """Return what is wrong with the stream once it is over; None when it is whole."""
        whole = self.done or self._ends is StreamEnd.EOF or (self._finished and self._ends is StreamEnd.DONE)
        if self.fault is not None or whole:
            return self.fault
        return StreamInterrupted("the stream ended before its last event")

    def partial(self, request_id: str) -> ChatCompletion | None:
        """Return None: only chat adds its events up."""
        return None

    def _take(self, event: Event, items: list[T]) -> None:
        data = event.data.strip()
        if data == DONE:
            self.done = True
        elif event.name == "error":
            self.fault = failed(read_fault(data))
        elif data:
            self._take_frame(event.name, data, items)

    def _take_frame(self, name: str, data: bytes, items: list[T]) -> None:
        try:
            value = parse(data)
        except Undecodable:
            self.fault = StreamDamaged("an event of the stream is not JSON")
            return
        if not is_object(value):
            self.fault = StreamDamaged("an event of the stream is not an object")
            return
        if name:
            value.setdefault("event", name)
        fault = fault_in(value, self._envelope) or failure_in(value)
        if fault is not None:
            self.fail(fault)
        else:
            self._take_value(value, data, items)

    def _take_value(self, value: dict[str, object], data: bytes, items: list[T]) -> None:
        try:
            item = convert(value, self._into)
        except Undecodable as exc:
            self.fault = StreamDamaged(f"an event of the stream has another shape: {exc}")
            return
        if isinstance(item, Reply):
            attach(item, UNKNOWN, data)
        items.append(item)
        self.usage = usage_in(value) or self.usage
        self._finished = self._finished or any(choice.get("finish_reason") for choice in choices_in(value))
        self.done = any(value.get(name) == last for name in ("event", "type") for last in self._last)


def choices_in(value: dict[str, object]) -> list[dict[str, object]]:
    """The choices of an event; none where it has none."""
    choices = value.get("choices")
    return [choice for choice in choices if is_object(choice)] if is_array(choices) else []


def failure_in(value: dict[str, object]) -> Fault | None:
    """The failure that an event tells in its own words: a type, a status, a finish reason."""
    if value.get("type") == "error":
        return described(value.get("data"))
    if value.get("status") == "failed":
        return described(value.get("last_error"))
    for choice in choices_in(value):
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason in FAILURES:
            return described(choice.get("error_msg"), reason)
    return None


def described(detail: object, code: str = "") -> Fault:
    """The failure with what the event says about it."""
    if not is_object(detail):
        return Fault(code=code)
    message = detail.get("message") or detail.get("msg") or ""
    return Fault(code=str(detail.get("code") or code), message=str(message))


def usage_in(value: dict[str, object]) -> Usage | None:
    """The usage of an event, where it counts tokens as chat does."""
    usage = value.get("usage")
    if not is_object(usage) or "total_tokens" not in usage:
        return None
    try:
        return convert(usage, Usage)
    except Undecodable:
        return None
