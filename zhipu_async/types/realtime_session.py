"""What a realtime session is made of, in both directions: configuration, items, responses, usage."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import field

from zhipu_async.types.base import Part

# Named here because a field called `object` hides the builtin inside its class.
Fields: TypeAlias = dict[str, object]

CLIENT_VAD: Final = "client_vad"
SERVER_VAD: Final = "server_vad"
AUDIO: Final = "audio"
VIDEO_PASSIVE: Final = "video_passive"


# ── what we ask for ────────────────────────────────────────────────────────────────────────────────


class TurnDetection(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who notices that a turn has ended: the platform (`server_vad`) or the caller (`client_vad`)."""

    type: str  # no default, so that it is always sent: the platform takes an absent one for client VAD
    create_response: bool | None = None
    interrupt_response: bool | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    threshold: float | None = None

    @property
    def by_server(self) -> bool:
        """Whether the platform ends the turns."""
        return self.type == SERVER_VAD

    @property
    def answers_by_itself(self) -> bool:
        """Whether an answer follows each turn unasked."""
        return self.by_server and self.create_response is not False

    @property
    def interrupts(self) -> bool:
        """Whether speech stops a running answer."""
        return self.by_server and self.interrupt_response is not False


class Greeting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The model speaks first, with these words or its own."""

    enable: bool | None = None
    content: str | None = None


class BetaFields(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The platform's own additions to a session."""

    chat_mode: str
    auto_search: bool
    tts_source: str | None = None
    greeting_config: Greeting | None = None


class NoiseReduction(msgspec.Struct, frozen=True, kw_only=True):
    """`near_field` for a headset, `far_field` for a laptop or a conference microphone."""

    type: str


class FunctionTool(msgspec.Struct, frozen=True, kw_only=True):
    """A function the model may call; flat, unlike in the chat API."""

    type: str = "function"
    name: str
    description: str = ""
    parameters: Fields = field(default_factory=Fields)


class SessionConfig(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The whole wanted session. An update replaces instead of merging, so all of it is sent each time.

    Fields without a default are the ones that at least one of the platform's documents calls required.
    """

    input_audio_format: str
    output_audio_format: str
    turn_detection: TurnDetection
    beta_fields: BetaFields
    model: str | None = None
    modalities: tuple[str, ...] | None = None
    instructions: str | None = None
    voice: str | None = None
    input_audio_noise_reduction: NoiseReduction | None = None
    temperature: float | None = None
    max_response_output_tokens: str | None = None
    tools: tuple[FunctionTool, ...] = ()

    @property
    def video(self) -> bool:
        """Whether this is a video call; the documents spell the mode in four ways."""
        return self.beta_fields.chat_mode.startswith("video")


# ── what the platform says ─────────────────────────────────────────────────────────────────────────


class SessionTurnDetection(Part):
    """`turn_detection` as the platform echoes it."""

    type: str = ""
    create_response: bool = True
    interrupt_response: bool = True
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    threshold: float = 0.5


class SearchMeta(Part):
    """What the platform's own web search shows while it works; its shape is not documented."""

    description: str = ""
    search_meta: object = None
    meta: object = None
    text_citation: object = None


class SessionBetaFields(Part):
    """`beta_fields` as the platform echoes them."""

    chat_mode: str = AUDIO
    tts_source: str = ""
    auto_search: bool = True
    greeting_config: Greeting = Greeting()
    simple_browser: SearchMeta = field(default_factory=SearchMeta)
    fps: float = 0
    image_size_x: int = 0
    image_size_y: int = 0


class SessionTool(Part):
    """A tool as the platform echoes it; with web search on, it adds one of its own."""

    type: str = ""
    name: str = ""
    description: str = ""
    parameters: Fields = field(default_factory=Fields)


class Session(Part):
    """The session as the platform echoes it; never send it back."""

    id: str = ""
    object: str = ""
    model: str = ""
    modalities: list[str] = field(default_factory=list[str])
    instructions: str = ""
    voice: str = ""
    input_audio_format: str = ""
    output_audio_format: str = ""
    input_audio_noise_reduction: Fields = field(default_factory=Fields)
    turn_detection: SessionTurnDetection = field(default_factory=SessionTurnDetection)
    temperature: float = 0.0
    max_response_output_tokens: str = ""
    tools: list[SessionTool] = field(default_factory=list[SessionTool])
    beta_fields: SessionBetaFields = field(default_factory=SessionBetaFields)


class ContentPart(Part):
    """A piece of an item; `type` is `input_audio`, `input_text`, `text` or `audio`, and may be missing."""

    type: str = ""
    text: str = ""
    audio: str = ""
    transcript: str = ""


class Item(Part):
    """A message, a function call or its result; `type` says which."""

    id: str = ""
    type: str = ""
    object: str = ""
    status: str = ""
    role: str = ""
    content: list[ContentPart] = field(default_factory=list[ContentPart])
    name: str = ""
    arguments: str = ""
    call_id: str = ""
    output: str = ""


class TokenDetails(Part):
    """Where tokens went."""

    cached_tokens: int = 0
    text_tokens: int = 0
    audio_tokens: int = 0


class RealtimeUsage(Part):
    """Tokens of one response; absent, all zero and filled are all normal."""

    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: TokenDetails = field(default_factory=TokenDetails)
    output_token_details: TokenDetails = field(default_factory=TokenDetails)


class RealtimeResponse(Part):
    """One answer of the model; an unknown `status` means finished, not successful."""

    id: str = ""
    object: str = ""
    status: str = ""
    usage: RealtimeUsage = field(default_factory=RealtimeUsage)
    status_details: Fields = field(default_factory=Fields)
    output: list[Item] = field(default_factory=list[Item])


class Conversation(Part):
    """The conversation that the items belong to."""

    id: str = ""
    object: str = ""


class RateLimit(Part):
    """One of the limits that the platform reports at the start of a response."""

    name: str = ""
    limit: int = 0
    remaining: int = 0
    reset_seconds: float = 0.0


class ErrorDetail(Part):
    """What went wrong; a documented name may stand in `type` or in `code`."""

    type: str = ""
    code: str = ""
    message: str = ""
    param: str = ""
    event_id: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Return everything this error may be called by."""
        return frozenset(name for name in (self.type, self.code) if name)
