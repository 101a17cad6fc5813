"""The events of an assistant's stream, added up to its reply. No I/O here."""

from __future__ import annotations

import msgspec

from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.types.assistants import AssistantChoice, AssistantDelta, AssistantReply, AssistantToolCall

HEAD = ("id", "request_id", "assistant_id", "conversation_id", "created", "status", "model", "metadata")
ENDED = "completed"


class GatheredAssistant:
    """Adds up texts and tool calls; a call and what came of it stay two, as they are told."""

    def __init__(self) -> None:
        self._head = AssistantReply()
        self._pieces: list[str] = []
        self._calls: list[AssistantToolCall] = []
        self._finish_reason = ""

    def take(self, event: AssistantReply) -> None:
        """Add an event."""
        for name in HEAD:
            setattr(self._head, name, getattr(event, name) or getattr(self._head, name))
        if event.usage.total_tokens:
            self._head.usage = event.usage
        self._pieces.append(event.text)
        self._calls += event.tool_calls
        self._finish_reason = event.finish_reason or self._finish_reason

    def text_of(self, event: AssistantReply) -> str:
        """Return what an event says."""
        return event.text

    def text(self) -> str:
        """Return what has been said so far."""
        return "".join(self._pieces)

    def reply(self) -> AssistantReply:
        """Return the reply so far."""
        message = AssistantDelta(role="assistant", content=self.text(), tool_calls=list(self._calls))
        choice = AssistantChoice(finish_reason=self._finish_reason, message=message)
        return msgspec.structs.replace(self._head, choices=[choice])


class AssistantReader(GatheringReader[AssistantReply, AssistantReply]):
    """Reads a stream that ends with [DONE], or that just ends after a finish reason or the status `completed`."""

    def __init__(self) -> None:
        super().__init__(AssistantReply, GatheredAssistant())

    def _take_value(self, value: dict[str, object], data: bytes, items: list[AssistantReply]) -> None:
        super()._take_value(value, data, items)
        self._finished = self._finished or value.get("status") == ENDED
