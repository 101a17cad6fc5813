"""What the realtime machine asks its shell to do. No I/O here."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from zhipu_async.errors import RealtimeError
from zhipu_async.protocol.realtime_acks import Sent
from zhipu_async.protocol.realtime_answers import AnswerRecord
from zhipu_async.types.realtime import RealtimeEvent
from zhipu_async.types.realtime_client import ClientEvent


class Deliver(msgspec.Struct, frozen=True):
    """Put the event into the caller's stream."""

    event: RealtimeEvent


class Send(msgspec.Struct, frozen=True):
    """Write the event to the socket; it needs no permission."""

    event: ClientEvent


class Acknowledged(msgspec.Struct, frozen=True):
    """The platform took a call; whoever waits for it goes on."""

    sent: Sent
    event: RealtimeEvent


class Failed(msgspec.Struct, frozen=True):
    """The platform refused a call, or its connection is gone."""

    sent: Sent
    error: RealtimeError


class Began(msgspec.Struct, frozen=True):
    """An answer was asked for, or began unasked."""

    record: AnswerRecord


class Progress(msgspec.Struct, frozen=True):
    """An answer has more than before, or has settled."""

    record: AnswerRecord


class Flush(msgspec.Struct, frozen=True):
    """Drop the unheard speech of this answer and tell the caller."""

    record: AnswerRecord
    reason: str


class Ready(msgspec.Struct, frozen=True):
    """The session is usable, for the first time or again."""

    restored_items: int = 0
    lost_items: int = 0


class Ping(msgspec.Struct, frozen=True):
    """Ask the other side for a sign of life."""


class GiveUp(msgspec.Struct, frozen=True):
    """Drop the connection: it is dead, or it was never set up."""

    error: RealtimeError


Output: TypeAlias = Deliver | Send | Acknowledged | Failed | Began | Progress | Flush | Ready | Ping | GiveUp
