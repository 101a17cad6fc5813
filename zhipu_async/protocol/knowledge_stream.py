"""The events of the knowledge agent, added up to its answer. No I/O here."""

from __future__ import annotations

import msgspec

from zhipu_async.protocol.endpoint import StreamEnd
from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.types.knowledge_agent import EventType, KnowledgeAnswer, KnowledgeEvent

KEPT = {EventType.ANSWER: "text", EventType.REASONING: "reasoning", EventType.THOUGHT: "thoughts"}


class GatheredKnowledge:
    """Adds up the pieces of each kind; the last event repeats the whole text, which counts then."""

    def __init__(self) -> None:
        self._head = KnowledgeAnswer()
        self._pieces: dict[str, list[str]] = {name: [] for name in KEPT.values()}

    def take(self, event: KnowledgeEvent) -> None:
        """Add an event."""
        head = self._head
        head.session_id = event.session_id or head.session_id
        head.message_id = event.message_id or head.message_id
        head.usage = event.usage or head.usage
        if event.step is not None:
            head.steps.append(event.step)
        elif event.type in KEPT:
            self._pieces[KEPT[event.type]].append(event.text)
        elif event.type == EventType.DONE and event.text:
            self._pieces["text"] = [event.text]

    def text_of(self, event: KnowledgeEvent) -> str:
        """Return the piece of the answer that an event brings."""
        return event.text if event.type == EventType.ANSWER else ""

    def text(self) -> str:
        """Return the answer's text so far."""
        return "".join(self._pieces["text"])

    def reply(self) -> KnowledgeAnswer:
        """Return the answer so far."""
        texts = {name: "".join(pieces) for name, pieces in self._pieces.items()}
        return msgspec.structs.replace(self._head, steps=list(self._head.steps), **texts)


def knowledge_reader() -> GatheringReader[KnowledgeEvent, KnowledgeAnswer]:
    """Return a reader for one stream, which ends with the event `done`."""
    return GatheringReader(KnowledgeEvent, GatheredKnowledge(), StreamEnd.EVENT, last=(EventType.DONE,))
