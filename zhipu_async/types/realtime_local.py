"""What a realtime session reports about itself, between the platform's events; never on the wire."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class EventsDropped(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody read in time: the oldest unread events are gone. Gathered answers are not affected."""

    count: int
    audio_bytes: int = 0


class AudioFlushed(msgspec.Struct, frozen=True, kw_only=True):
    """Stop playing this answer: it was interrupted. Nothing of its speech follows.

    The platform's history keeps the whole answer, also what nobody heard.
    """

    response_id: str
    reason: str  # "cancel" or "speech_started"
    handed_over_ms: int = 0
    dropped_ms: int = 0


class TurnStall(msgspec.Struct, frozen=True, kw_only=True):
    """The platform owes a step and does not take it: a known fault; the session goes on."""

    waiting_for: str
    seconds: float
    hint: str = ""


class HistoryDropped(msgspec.Struct, frozen=True, kw_only=True):
    """The platform forgot the conversation; item ids from before mean nothing now."""

    reason: str
    items: int = 0


class Reconnecting(msgspec.Struct, frozen=True, kw_only=True):
    """The connection is lost and will be dialled again."""

    attempt: int
    delay: float
    close_code: int = 1006
    reason: str = ""


class Reconnected(msgspec.Struct, frozen=True, kw_only=True):
    """A new connection stands, and a new conversation: this much of the old one was told again."""

    attempt: int
    downtime: float
    restored_items: int = 0
    lost_items: int = 0
    lost_response: str = ""
    lost_audio_ms: int = 0
    planned: bool = False
    same_history: bool = False


class ProtocolWarning(msgspec.Struct, frozen=True, kw_only=True):
    """The platform sent, or did, something that its documents do not describe; nothing was lost."""

    what: str
    event_type: str = ""


SessionEvent: TypeAlias = (
    EventsDropped | AudioFlushed | TurnStall | HistoryDropped | Reconnecting | Reconnected | ProtocolWarning
)
