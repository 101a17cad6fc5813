"""The events of a realtime session, as `async for event in call` yields them. No I/O here.

Events of the platform stand here, with every field but the type optional on the wire; what the session
says about itself is in realtime_local.py and importable from here too.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import field

from zhipu_async.types.base import Part
from zhipu_async.types.realtime_local import (
    AudioFlushed,
    EventsDropped,
    HistoryDropped,
    ProtocolWarning,
    Reconnected,
    Reconnecting,
    SessionEvent,
    TurnStall,
)
from zhipu_async.types.realtime_session import (
    ContentPart,
    Conversation,
    ErrorDetail,
    Item,
    RateLimit,
    RealtimeResponse,
    RealtimeUsage,
    Session,
    SessionBetaFields,
    TurnDetection,
)

__all__ = [
    "AudioFlushed",
    "ConversationCreated",
    "ConversationItemCreated",
    "ConversationItemDeleted",
    "ConversationItemInputAudioTranscriptionCompleted",
    "ConversationItemInputAudioTranscriptionFailed",
    "ConversationItemRetrieved",
    "ConversationItemTruncated",
    "ErrorEvent",
    "EventsDropped",
    "Heartbeat",
    "HistoryDropped",
    "InputAudioBufferCleared",
    "InputAudioBufferCommitted",
    "InputAudioBufferSpeechStarted",
    "InputAudioBufferSpeechStopped",
    "Item",
    "ProtocolWarning",
    "RateLimitsUpdated",
    "RealtimeEvent",
    "RealtimeResponse",
    "RealtimeUsage",
    "Reconnected",
    "Reconnecting",
    "ResponseAudioDelta",
    "ResponseAudioDone",
    "ResponseAudioTranscriptDelta",
    "ResponseAudioTranscriptDone",
    "ResponseCancelled",
    "ResponseContentPartAdded",
    "ResponseContentPartDone",
    "ResponseCreated",
    "ResponseDone",
    "ResponseFunctionCallArgumentsDelta",
    "ResponseFunctionCallArgumentsDone",
    "ResponseFunctionCallSimpleBrowser",
    "ResponseFunctionCallSimpleBrowserResult",
    "ResponseOutputItemAdded",
    "ResponseOutputItemDone",
    "ResponseTextDelta",
    "ResponseTextDone",
    "ServerEvent",
    "SessionCreated",
    "SessionUpdated",
    "TranscriptionSessionUpdated",
    "TurnDetection",
    "TurnStall",
    "UnknownEvent",
]


class ServerEvent(Part, dict=True, tag_field="type", kw_only=True):
    """What every event of the platform carries; the timestamp is the platform's clock, for logs only."""

    event_id: str = ""
    client_timestamp: int = 0

    @property
    def type(self) -> str:
        """Return the event's name on the wire."""
        return str(self.__struct_config__.tag)

    @property
    def raw(self) -> dict[str, object]:
        """Return the event as it came; of speech, the known fields."""
        if "_raw" in vars(self):
            fields: dict[str, object] = vars(self)["_raw"]
            return fields
        body: bytes = vars(self).get("_body", b"")
        return msgspec.json.decode(body, type=dict[str, object]) if body else self.to_dict()


class SessionCreated(ServerEvent, tag="session.created"):
    """The connection is open; comes unasked."""

    session: Session = field(default_factory=Session)


class SessionUpdated(ServerEvent, tag="session.updated"):
    """The configuration was taken; the echo may hold more than was sent."""

    session: Session = field(default_factory=Session)


class TranscriptionSessionUpdated(ServerEvent, tag="transcription_session.updated"):
    """The configuration of a transcription session was taken."""

    session: Session = field(default_factory=Session)


class Heartbeat(ServerEvent, tag="heartbeat"):
    """The platform is alive: on creation, on each update, then about every 30 s."""


class ErrorEvent(ServerEvent, tag="error"):
    """Something failed; most errors leave the session usable."""

    error: ErrorDetail = field(default_factory=ErrorDetail)

    @property
    def answers(self) -> str:
        """Return the type of the call this error belongs to; empty for an error of the session."""
        return str(vars(self).get("_answers", ""))


class ConversationCreated(ServerEvent, tag="conversation.created"):
    """A conversation exists; may come at any time, repeatedly."""

    conversation: Conversation = field(default_factory=Conversation)


class ConversationItemCreated(ServerEvent, tag="conversation.item.created"):
    """An item joined the history: the user's audio, an answer, or what we created."""

    previous_item_id: str = ""
    item: Item = field(default_factory=Item)


class ConversationItemDeleted(ServerEvent, tag="conversation.item.deleted"):
    """An item left the history."""

    item_id: str = ""


class ConversationItemRetrieved(ServerEvent, tag="conversation.item.retrieved"):
    """The item that was asked for."""

    item: Item = field(default_factory=Item)


class ConversationItemTruncated(ServerEvent, tag="conversation.item.truncated"):
    """An item was shortened; known from a vendor client only."""

    item_id: str = ""


class ConversationItemInputAudioTranscriptionCompleted(
    ServerEvent, tag="conversation.item.input_audio_transcription.completed"
):
    """What a separate recogniser heard; the model itself did not read it."""

    item_id: str = ""
    content_index: int = 0
    transcript: str = ""


class ConversationItemInputAudioTranscriptionFailed(
    ServerEvent, tag="conversation.item.input_audio_transcription.failed"
):
    """The recogniser heard nothing; the turn goes on."""

    item_id: str = ""
    content_index: int = 0
    error: ErrorDetail = field(default_factory=ErrorDetail)


class InputAudioBufferCommitted(ServerEvent, tag="input_audio_buffer.committed"):
    """The appended audio became a turn."""

    previous_item_id: str = ""
    item_id: str = ""


class InputAudioBufferCleared(ServerEvent, tag="input_audio_buffer.cleared"):
    """The appended audio was thrown away."""


class InputAudioBufferSpeechStarted(ServerEvent, tag="input_audio_buffer.speech_started"):
    """Speech was heard; the item id is not the one of the committed turn."""

    audio_start_ms: int = 0
    item_id: str = ""


class InputAudioBufferSpeechStopped(ServerEvent, tag="input_audio_buffer.speech_stopped"):
    """Speech ended."""

    audio_end_ms: int = 0
    item_id: str = ""


class ResponseCreated(ServerEvent, tag="response.created"):
    """An answer begins; need not be the first event of its response."""

    response: RealtimeResponse = field(default_factory=RealtimeResponse)


class ResponseCancelled(ServerEvent, tag="response.cancelled"):
    """The answer was stopped; `ResponseDone` may follow."""

    response: RealtimeResponse = field(default_factory=RealtimeResponse)


class ResponseDone(ServerEvent, tag="response.done"):
    """The end of an answer, whatever its outcome."""

    response: RealtimeResponse = field(default_factory=RealtimeResponse)


class ResponseEvent(ServerEvent, kw_only=True):
    """What the pieces of an answer carry."""

    response_id: str = ""
    item_id: str = ""
    output_index: int = 0
    content_index: int = 0


class ResponseOutputItemAdded(ResponseEvent, tag="response.output_item.added"):
    """The answer got an item."""

    item: Item = field(default_factory=Item)


class ResponseOutputItemDone(ResponseEvent, tag="response.output_item.done"):
    """An item of the answer is whole, or was interrupted."""

    item: Item = field(default_factory=Item)


class ResponseContentPartAdded(ResponseEvent, tag="response.content_part.added"):
    """An item of the answer got a part."""

    part: ContentPart = field(default_factory=ContentPart)


class ResponseContentPartDone(ResponseEvent, tag="response.content_part.done"):
    """A part is whole, or was interrupted."""

    part: ContentPart = field(default_factory=ContentPart)


class ResponseTextDelta(ResponseEvent, tag="response.text.delta"):
    """A piece of the answer's text."""

    delta: str = ""


class ResponseTextDone(ResponseEvent, tag="response.text.done"):
    """The answer's whole text."""

    text: str = ""


class ResponseAudioTranscriptDelta(ResponseEvent, tag="response.audio_transcript.delta"):
    """A piece of what is being said; from a separate model, so it may differ from the speech."""

    delta: str = ""


class ResponseAudioTranscriptDone(ResponseEvent, tag="response.audio_transcript.done"):
    """All that is being said; the speech itself usually ends later."""

    transcript: str = ""


class ResponseAudioDelta(ResponseEvent, tag="response.audio.delta"):
    """A piece of speech: `delta` as it came, `audio` as whole samples (24 kHz, mono, 16 bit PCM)."""

    delta: str = ""

    @property
    def audio(self) -> bytes:
        """Return the samples; an odd byte waits for the next piece of the same item."""
        samples: bytes = vars(self).get("_audio", b"")
        return samples


class ResponseAudioDone(ResponseEvent, tag="response.audio.done"):
    """The speech has been sent completely, or was interrupted."""


class ResponseFunctionCallArgumentsDelta(ResponseEvent, tag="response.function_call_arguments.delta"):
    """A piece of a function call's arguments; known from vendor clients only."""

    call_id: str = ""
    name: str = ""
    delta: str = ""


class ResponseFunctionCallArgumentsDone(ResponseEvent, tag="response.function_call_arguments.done"):
    """The model calls a function; `arguments` is JSON text."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""


class BrowsingSession(Part):
    """The part of a session that the platform's own web search reports in."""

    beta_fields: SessionBetaFields = field(default_factory=SessionBetaFields)


class ResponseFunctionCallSimpleBrowser(ServerEvent, tag="response.function_call.simple_browser"):
    """The platform searches the web by itself; there is nothing to answer."""

    name: str = ""
    session: BrowsingSession = field(default_factory=BrowsingSession)


class ResponseFunctionCallSimpleBrowserResult(
    ServerEvent, tag="response.function_call.simple_browser.result"
):
    """What that search found; known from a vendor client only."""

    name: str = ""
    session: BrowsingSession = field(default_factory=BrowsingSession)


class RateLimitsUpdated(ServerEvent, tag="rate_limits.updated"):
    """What is left of the platform's limits."""

    rate_limits: list[RateLimit] = field(default_factory=list[RateLimit])


class UnknownEvent(msgspec.Struct, kw_only=True):
    """An event this library does not know yet."""

    type: str
    event_id: str = ""
    raw: dict[str, object] = field(default_factory=dict[str, object])


PlatformEvent: TypeAlias = (
    SessionCreated
    | SessionUpdated
    | TranscriptionSessionUpdated
    | Heartbeat
    | ErrorEvent
    | ConversationCreated
    | ConversationItemCreated
    | ConversationItemDeleted
    | ConversationItemRetrieved
    | ConversationItemTruncated
    | ConversationItemInputAudioTranscriptionCompleted
    | ConversationItemInputAudioTranscriptionFailed
    | InputAudioBufferCommitted
    | InputAudioBufferCleared
    | InputAudioBufferSpeechStarted
    | InputAudioBufferSpeechStopped
    | ResponseCreated
    | ResponseCancelled
    | ResponseDone
    | ResponseOutputItemAdded
    | ResponseOutputItemDone
    | ResponseContentPartAdded
    | ResponseContentPartDone
    | ResponseTextDelta
    | ResponseTextDone
    | ResponseAudioTranscriptDelta
    | ResponseAudioTranscriptDone
    | ResponseAudioDelta
    | ResponseAudioDone
    | ResponseFunctionCallArgumentsDelta
    | ResponseFunctionCallArgumentsDone
    | ResponseFunctionCallSimpleBrowser
    | ResponseFunctionCallSimpleBrowserResult
    | RateLimitsUpdated
)

RealtimeEvent: TypeAlias = PlatformEvent | UnknownEvent | SessionEvent
