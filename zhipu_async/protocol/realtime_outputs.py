"""What the realtime machine asks its shell to do. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from zhipu_async.errors import RealtimeError
from zhipu_async.protocol.realtime_acks import Sent
from zhipu_async.protocol.realtime_answers import AnswerRecord
from zhipu_async.types.realtime import RealtimeEvent
from zhipu_async.types.realtime_client import ClientEvent


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put the event into the caller's stream."""

    event: RealtimeEvent


@dataclass(frozen=True, slots=True)
class Send:
    """Write the event to the socket; it needs no permission."""

    event: ClientEvent


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The platform took a call; whoever waits for it goes on."""

    sent: Sent
    event: RealtimeEvent


@dataclass(frozen=True, slots=True)
class Failed:
    """The platform refused a call, or its connection is gone."""

    sent: Sent
    error: RealtimeError


@dataclass(frozen=True, slots=True)
class Began:
    """An answer was asked for, or began unasked."""

    record: AnswerRecord


@dataclass(frozen=True, slots=True)
class Progress:
    """An answer has more than before, or has settled."""

    record: AnswerRecord


@dataclass(frozen=True, slots=True)
class Flush:
    """Drop the unheard speech of this answer and tell the caller."""

    record: AnswerRecord
    reason: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The session is usable, for the first time or again."""

    restored_items: int = 0
    lost_items: int = 0


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask the other side for a sign of life."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Drop the connection: it is dead, or it was never set up."""

    error: RealtimeError


Output: TypeAlias = Deliver | Send | Acknowledged | Failed | Began | Progress | Flush | Ready | Ping | GiveUp
