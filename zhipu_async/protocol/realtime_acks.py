"""Which of our calls the platform's answers and errors belong to: no acknowledgement names its call. No I/O here."""

from __future__ import annotations

from collections import deque

import msgspec

from zhipu_async.protocol.realtime_answers import AnswerRecord
from zhipu_async.protocol.realtime_calls import Call
from zhipu_async.protocol.realtime_history import Entry
from zhipu_async.types.realtime import Item
from zhipu_async.types.realtime_client import (
    ClientEvent,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
)
from zhipu_async.types.realtime_session import ErrorDetail

# Calls that the platform acknowledges. Sound and pictures it takes in silence.
ACKNOWLEDGED = frozenset(Call) - {Call.CONNECT, Call.SEND, Call.CLOSE, Call.APPEND, Call.APPEND_PICTURE}
# Calls that someone waits for: these leave only by their own answer.
AWAITED = frozenset((Call.UPDATE, Call.UPDATE_TRANSCRIPTION, Call.DELETE_ITEM, Call.RETRIEVE_ITEM))
UNANSWERED_CALLS = 256  # the platform answers most within a second; beyond this the oldest are not coming

# Errors whose name says which call they answer, whatever else is open.
_BY_NAME = {"stop_task_error": Call.CANCEL, "video_model_query_error": Call.RESPOND}


class Sent(msgspec.Struct, eq=False):
    """A call on its way: what it was, and what it changed on our side."""

    id: str
    call: Call
    event: ClientEvent
    entry: Entry | None = None
    record: AnswerRecord | None = None


class Acks(msgspec.Struct):
    """The calls that have not been answered, oldest first."""

    open: deque[Sent] = msgspec.field(default_factory=lambda: deque[Sent](maxlen=UNANSWERED_CALLS))

    def add(self, sent: Sent) -> None:
        """Note a call that was sent."""
        if sent.call in ACKNOWLEDGED:
            self.open.append(sent)

    def answered(self, *calls: Call) -> Sent | None:
        """Take out the oldest of these calls, and what was certainly handled before it."""
        return self._take(next((sent for sent in self.open if sent.call in calls), None))

    def item_created(self, item: Item) -> Sent | None:
        """Find the call that created this item; the user's speech and the model's answers have none."""
        return self._take(next((sent for sent in self.open if _created(sent, item)), None))

    def item_answered(self, call: Call, item_id: str) -> Sent | None:
        """Find the call that names this item."""
        return self._take(next((sent for sent in self.open if _names(sent, call, item_id)), None))

    def failed(self, error: ErrorDetail) -> Sent | None:
        """Find the call an error answers: by our event id, by its name, else the oldest open one."""
        sent = self._by_id(error.event_id) or self._by_name(error)
        if sent is None and not error.names & _BY_NAME.keys():
            sent = self.open[0] if self.open else None
        if sent is not None:
            self.open.remove(sent)
        return sent

    def responding(self, record: AnswerRecord) -> None:
        """Note that the platform took the request for this answer."""
        for sent in [sent for sent in self.open if sent.record is record]:
            self._take(sent)

    def forget(self, sent: Sent) -> None:
        """Stop waiting for an answer to this call."""
        if sent in self.open:
            self.open.remove(sent)

    def drain(self) -> list[Sent]:
        """Take out everything: the connection is gone."""
        gone = list(self.open)
        self.open.clear()
        return gone

    def _by_id(self, event_id: str) -> Sent | None:
        return next((sent for sent in self.open if event_id and sent.id == event_id), None)

    def _by_name(self, error: ErrorDetail) -> Sent | None:
        wanted = {_BY_NAME[name] for name in error.names if name in _BY_NAME}
        return next((sent for sent in self.open if sent.call in wanted), None)

    def _take(self, found: Sent | None) -> Sent | None:
        if found is None:
            return None
        # The platform handles our events in order, so what stood before this one was not refused.
        while self.open and self.open[0] is not found and self.open[0].call not in AWAITED:
            self.open.popleft()
        self.open.remove(found)
        return found


def _created(sent: Sent, item: Item) -> bool:
    if sent.call not in (Call.CREATE_ITEM, Call.CREATE_RESULT):
        return False
    assert isinstance(sent.event, ConversationItemCreate)
    ours = sent.event.item
    if (item.type or ours.type) != ours.type or (item.role or ours.role) != ours.role:
        return False
    echoed = [part.text for part in item.content if part.text]
    return not echoed or echoed == [part.text for part in ours.content or ()]


def _names(sent: Sent, call: Call, item_id: str) -> bool:
    if sent.call is not call:
        return False
    assert isinstance(sent.event, ConversationItemDelete | ConversationItemRetrieve)
    return not item_id or sent.event.item_id == item_id
