"""The events of an agent's stream, added up to its reply. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import msgspec

from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.types.agents import AgentChoice, AgentMessage, AgentPart, AgentReply

HEAD = ("id", "agent_id", "conversation_id", "async_id", "request_id", "created", "model", "status")


class GatheredAgent:
    """Adds up deltas, or the numbered messages of the slides agent."""

    def __init__(self) -> None:
        self._head = AgentReply()
        self._finish_reason = ""
        self._messages: list[AgentMessage] = []

    def take(self, event: AgentReply) -> None:
        """Add an event."""
        for name in HEAD:
            setattr(self._head, name, getattr(event, name) or getattr(self._head, name))
        if event.usage.total_tokens:
            self._head.usage = event.usage
        self._finish_reason = event.finish_reason or self._finish_reason
        self._messages += event.messages

    def text_of(self, event: AgentReply) -> str:
        """Return what an event says to the user."""
        return event.text

    def text(self) -> str:
        """Return what has been said to the user so far."""
        return "".join(message.text for message in self._messages)

    def reply(self) -> AgentReply:
        """Return the reply so far; messages of the same role and phase that follow each other are one."""
        messages = [
            AgentMessage(
                role=role, phase=phase, content=joined(part for each in group for part in each.parts)
            )
            for (role, phase), group in groupby(self._messages, lambda message: (message.role, message.phase))
        ]
        choice = AgentChoice(finish_reason=self._finish_reason, messages=messages)
        return msgspec.structs.replace(self._head, choices=[choice] if self._messages else [])


def joined(parts: Iterable[AgentPart]) -> list[AgentPart]:
    """The parts, with texts that follow each other as one."""
    found: list[AgentPart] = []
    for is_text, group in groupby(parts, lambda part: part.type == "text"):
        if is_text:
            first, *others = group
            text = first.text + "".join(part.text for part in others)
            found.append(msgspec.structs.replace(first, text=text))
        else:
            found += group
    return found


def agent_reader() -> GatheringReader[AgentReply, AgentReply]:
    """Return a reader for one stream."""
    return GatheringReader(AgentReply, GatheredAgent())
