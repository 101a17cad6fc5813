"""The events of an application's stream, added up to its reply. No I/O here."""

from __future__ import annotations

import msgspec

from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.types.applications import (
    ApplicationChoice,
    ApplicationData,
    ApplicationEvent,
    ApplicationReply,
    ApplicationWhole,
)

HEAD = ("request_id", "conversation_id", "app_id", "node_usage")


class GatheredApplication:
    """Adds up texts, materials and steps."""

    def __init__(self) -> None:
        self._head = ApplicationReply()
        self._pieces: list[str] = []
        self._materials: list[ApplicationData] = []
        self._events: list[ApplicationEvent] = []
        self._finish_reason = ""

    def take(self, event: ApplicationReply) -> None:
        """Add an event."""
        for name in HEAD:
            setattr(self._head, name, getattr(event, name) or getattr(self._head, name))
        self._pieces.append(event.text)
        self._events += event.events
        self._finish_reason = event.finish_reason or self._finish_reason
        contents = [content for choice in event.choices for content in choice.contents]
        self._materials += [content for content in contents if content.type not in ("", "text")]

    def text_of(self, event: ApplicationReply) -> str:
        """Return the text that an event brings."""
        return event.text

    def text(self) -> str:
        """Return the text so far."""
        return "".join(self._pieces)

    def reply(self) -> ApplicationReply:
        """Return the reply so far."""
        whole = ApplicationWhole(
            content=ApplicationData(type="text", msg=self.text()),
            event=list(self._events),
            materials=list(self._materials),
        )
        choice = ApplicationChoice(finish_reason=self._finish_reason, messages=whole)
        return msgspec.structs.replace(self._head, choices=[choice])


def application_reader() -> GatheringReader[ApplicationReply, ApplicationReply]:
    """Return a reader for one stream."""
    return GatheringReader(ApplicationReply, GatheredApplication())
