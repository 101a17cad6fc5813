"""The events of FinAgent's workflows, of which only the last is documented, and that one flat. No I/O here.

Where the result stands, how an event is named, and how a stream ends can therefore be read in several ways; all are
accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zhipu_async.errors import StreamError
from zhipu_async.protocol.codes import FINAGENT
from zhipu_async.protocol.decoding import is_array, is_object
from zhipu_async.protocol.endpoint import Envelope, StreamEnd
from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.protocol.replies import Fault
from zhipu_async.protocol.sse import Event
from zhipu_async.types.finagent import FinagentEvent, FinagentResult

LAST = (FinagentEvent.WORKFLOW_FINISHED, FinagentEvent.MESSAGE_FINISHED)


class GatheredFinagent:
    """Keeps the newest of everything: the last event holds the whole result."""

    def __init__(self) -> None:
        self._result = FinagentResult()

    def take(self, event: FinagentEvent) -> None:
        """Add an event."""
        result = self._result
        for name in ("svg", "session_id", "step_id", "created"):
            setattr(result, name, getattr(event, name) or getattr(result, name))
        result.result = event.output or result.result
        result.usage = event.usage or result.usage

    def text_of(self, event: FinagentEvent) -> str:
        """Return the result; whether the outputs before it are pieces of it is not documented."""
        return event.output if event.is_last else ""

    def text(self) -> str:
        """Return the newest output."""
        return self._result.result

    def reply(self) -> FinagentResult:
        """Return the result so far."""
        return self._result


class FinagentReader(GatheringReader[FinagentEvent, FinagentResult]):
    """Reads a stream that ends with an event, with [DONE], or with the body once there is a result."""

    def __init__(self) -> None:
        super().__init__(
            FinagentEvent, GatheredFinagent(), StreamEnd.EVENT, last=LAST, envelope=Envelope.FINAGENT
        )
        self._name = ""

    def verdict(self) -> StreamError | None:
        """Return what is wrong with the stream once it is over; a result without a last event is fine."""
        return self.fault if self.gathering.text() else super().verdict()

    def _take(self, event: Event, items: list[FinagentEvent]) -> None:
        self._name = event.name
        super()._take(event, items)

    def _take_value(self, value: dict[str, object], data: bytes, items: list[FinagentEvent]) -> None:
        fault = None if value.get("event") else fault_in_code(value)
        if fault is not None:
            self.fail(fault)
        else:
            super()._take_value(flattened(value, self._name), data, items)


def fault_in_code(value: Mapping[str, object]) -> Fault | None:
    """The failure that a message without an event tells by its code, in the words of FinAgent's own table."""
    code = str(value.get("code") or "0")
    if code == "0":
        return None
    rule = FINAGENT.get(code)
    return Fault(code, str(value.get("message") or (rule.meaning if rule else "")))


def flattened(value: Mapping[str, object], name: str) -> dict[str, object]:
    """The event with its output, flowchart and usage at the top, wherever they stood."""
    places = list(_places(value))
    inner = value.get("data")
    return {
        "event": value.get("event") if value.get("event") in LAST else name or value.get("event"),
        "session_id": value.get("session_id"),
        "step_id": value.get("step_id"),
        "created": value.get("created"),
        "output": _first_text(places, "output") or _first_text(places, "result"),
        "svg": _first_text(places, "svg"),
        "usage": next((found for place in places if is_object(found := place.get("usage"))), None),
        "data": inner if is_object(inner) else {},
    }


def _places(value: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Where members may stand: in the items of `data.text`, in `data`, in the message itself."""
    inner = value.get("data")
    holder = inner if is_object(inner) else value
    text = holder.get("text")
    for item in text if is_array(text) else [text]:
        if is_object(item):
            yield item
        elif isinstance(item, str):
            yield {"output": item}
    yield holder
    yield value


def _first_text(places: list[Mapping[str, object]], name: str) -> str:
    return next((found for place in places if isinstance(found := place.get(name), str) and found), "")
