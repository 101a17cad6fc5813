"""Streams whose events add up to a reply: what arrives is handed on and gathered at once. No I/O here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, Protocol, TypeVar

from zhipu_async.protocol.endpoint import Envelope, StreamEnd
from zhipu_async.protocol.event_reader import EventReader
from zhipu_async.types.base import Reply
from zhipu_async.types.chat import ChatCompletion, Choice, Message

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)
R = TypeVar("R", bound=Reply)
R_co = TypeVar("R_co", bound=Reply, covariant=True)


class Gathering(Protocol[T_contra, R_co]):
    """Adds up the events of one endpoint."""

    def take(self, event: T_contra) -> None:
        """Add an event."""
        ...

    def text_of(self, event: T_contra) -> str:
        """Return what an event adds to the answer's text."""
        ...

    def reply(self) -> R_co:
        """Return what has been gathered so far."""
        ...

    def text(self) -> str:
        """Return the answer's text so far."""
        ...


class GatheringReader(EventReader[T], Generic[T, R]):
    """Reads events, and adds them up on their way."""

    def __init__(
        self,
        into: type[T],
        gathering: Gathering[T, R],
        ends: StreamEnd = StreamEnd.DONE,
        *,
        last: Collection[str] = (),
        envelope: Envelope = Envelope.BARE,
    ) -> None:
        super().__init__(into, ends, last=last, envelope=envelope)
        self.gathering = gathering

    def partial(self, request_id: str) -> ChatCompletion | None:
        """Return the text that had arrived, in the form that errors of all streams carry."""
        text = self.gathering.text()
        if not text:
            return None
        choice = Choice(message=Message(role="assistant", content=text))
        return ChatCompletion(request_id=request_id, choices=[choice])

    def _take_value(self, value: dict[str, object], data: bytes, items: list[T]) -> None:
        before = len(items)
        super()._take_value(value, data, items)
        for item in items[before:]:
            self.gathering.take(item)
