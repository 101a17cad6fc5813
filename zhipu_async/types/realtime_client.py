"""The events a realtime client sends. No I/O here."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from zhipu_async.types.realtime_session import NoiseReduction, SessionConfig, TurnDetection


class ClientEvent(msgspec.Struct, tag_field="type", kw_only=True, omit_defaults=True):
    """What every event to the platform carries; the session fills both in when it sends."""

    event_id: str = ""
    client_timestamp: int = 0

    @property
    def type(self) -> str:
        """Return the event's name on the wire."""
        return str(self.__struct_config__.tag)


class SessionUpdate(ClientEvent, tag="session.update"):
    """Replace the session's configuration."""

    session: SessionConfig


class TranscriptionConfig(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Configuration of a session that only transcribes."""

    input_audio_format: str | None = None
    input_audio_noise_reduction: NoiseReduction | None = None
    modalities: tuple[str, ...] | None = None
    turn_detection: TurnDetection | None = None


class TranscriptionSessionUpdate(ClientEvent, tag="transcription_session.update"):
    """Replace the configuration of a transcription session."""

    session: TranscriptionConfig


class InputAudioBufferAppend(ClientEvent, tag="input_audio_buffer.append"):
    """Add audio, base64; in WAV mode each append is a WAV of its own."""

    audio: str


class InputAudioBufferAppendVideoFrame(ClientEvent, tag="input_audio_buffer.append_video_frame"):
    """Add one JPEG, base64."""

    video_frame: str


class InputAudioBufferCommit(ClientEvent, tag="input_audio_buffer.commit"):
    """End the turn (client VAD)."""


class InputAudioBufferClear(ClientEvent, tag="input_audio_buffer.clear"):
    """Throw away what was appended."""


class InputContent(msgspec.Struct, kw_only=True, omit_defaults=True):
    """User text is `input_text`, assistant text is `text`."""

    type: str
    text: str


class InputItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An item as we send it: `status` stays out, `object` is always there."""

    type: str
    object: str
    id: str | None = None
    role: str | None = None
    content: tuple[InputContent, ...] | None = None
    name: str | None = None
    arguments: str | None = None
    call_id: str | None = None
    output: str | None = None


class ConversationItemCreate(ClientEvent, tag="conversation.item.create"):
    """Add text, or the result of a function call."""

    item: InputItem


class ConversationItemDelete(ClientEvent, tag="conversation.item.delete"):
    """Take an item out of the history."""

    item_id: str


class ConversationItemRetrieve(ClientEvent, tag="conversation.item.retrieve"):
    """Ask for an item of the history."""

    item_id: str


class ResponseCreate(ClientEvent, tag="response.create"):
    """Ask for an answer."""


class ResponseCancel(ClientEvent, tag="response.cancel"):
    """Stop the answer under way; stops everything the platform has queued, so send it once."""


ClientEvents: TypeAlias = (
    SessionUpdate
    | TranscriptionSessionUpdate
    | InputAudioBufferAppend
    | InputAudioBufferAppendVideoFrame
    | InputAudioBufferCommit
    | InputAudioBufferClear
    | ConversationItemCreate
    | ConversationItemDelete
    | ConversationItemRetrieve
    | ResponseCreate
    | ResponseCancel
)


def text_item(text: str, role: str = "user") -> InputItem:
    """Build a message; the platform calls a user's text `input_text` and an assistant's `text`."""
    kind = "text" if role == "assistant" else "input_text"
    return InputItem(
        type="message", object="realtime.item", role=role, content=(InputContent(type=kind, text=text),)
    )


def function_result(output: str, call_id: str = "") -> InputItem:
    """Build the result of a function call; `call_id` only if the call had one."""
    return InputItem(
        type="function_call_output", object="realtime.item", call_id=call_id or None, output=output
    )


def function_call(name: str, arguments: str, call_id: str = "") -> InputItem:
    """Build a finished function call, for a conversation that is told again."""
    return InputItem(
        type="function_call", object="realtime.item", name=name, arguments=arguments, call_id=call_id or None
    )
