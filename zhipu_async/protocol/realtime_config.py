"""What a caller says about a session, as the whole session the platform is told. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, TypedDict, runtime_checkable

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.audio import MESSAGE_BYTES, input_rate
from zhipu_async.protocol.decoding import is_object
from zhipu_async.protocol.sendable import refuse_misfit
from zhipu_async.types.realtime_session import (
    AUDIO,
    CLIENT_VAD,
    SERVER_VAD,
    BetaFields,
    FunctionTool,
    Greeting,
    NoiseReduction,
    SessionConfig,
    TurnDetection,
)

MODEL = "glm-realtime"
GREETING_CHARACTERS = 1024
OUTPUT_TOKENS = 1024
OUTPUT_FORMAT = "pcm"  # the only one the platform still offers


@runtime_checkable
class NamedFunction(Protocol):
    """What `@tool` makes of a function."""

    @property
    def name(self) -> str:
        """Return the name that models call it by."""
        ...

    @property
    def description(self) -> str:
        """Return what models are told about it."""
        ...

    @property
    def parameters(self) -> Mapping[str, object]:
        """Return the JSON Schema of the arguments."""
        ...


RealtimeTool: TypeAlias = NamedFunction | FunctionTool | Mapping[str, object]


class Settings(TypedDict, total=False):
    """Everything about a session that can be chosen, and changed while it runs; None asks for the default.

    model: "glm-realtime", "glm-realtime-flash" or "glm-realtime-air".
    voice: such as "tongtong" or "xiaochen".
    instructions: the system prompt; without one the platform uses a persona of its own.
    modalities: ["text"] switches speech off.
    input_audio_format: "wav", "pcm" (16 kHz) or "pcmN" with N in kHz.
    turn_detection: "client_vad" (you commit and ask), "server_vad" (the platform does), or a TurnDetection.
    noise_reduction: "near_field" for a headset, "far_field" for a room.
    temperature: 0.0 to 1.0.
    max_response_output_tokens: 1 to 1024, or "inf" for the most.
    tools: functions with @tool, which run by themselves, or plain dicts, which you answer.
    chat_mode: "audio" or "video_passive".
    auto_search: whether the platform searches the web by itself (audio only).
    greeting: the model speaks first: True, or the words it says.
    tts_source: "e2e".
    """

    model: str | None
    voice: str | None
    instructions: str | None
    modalities: Sequence[str] | None
    input_audio_format: str
    turn_detection: Literal["client_vad", "server_vad"] | TurnDetection | None
    noise_reduction: str | None
    temperature: float | None
    max_response_output_tokens: int | str | None
    tools: Sequence[RealtimeTool] | None
    chat_mode: str
    auto_search: bool
    greeting: bool | str | None
    tts_source: str | None


NOTHING_CHOSEN = SessionConfig(
    input_audio_format="wav",
    output_audio_format=OUTPUT_FORMAT,
    turn_detection=TurnDetection(type=CLIENT_VAD),
    beta_fields=BetaFields(chat_mode=AUDIO, auto_search=True),
    model=MODEL,
)


def changed(config: SessionConfig, settings: Settings) -> SessionConfig:
    """Return the session with some settings changed, or raise which of them cannot work."""
    unknown = settings.keys() - Settings.__annotations__.keys()
    if unknown:
        raise InvalidType(f"A realtime session has no setting {', '.join(map(repr, sorted(unknown)))}.")
    beta = msgspec.structs.replace(config.beta_fields, **_beta(settings))
    new = msgspec.structs.replace(config, beta_fields=beta, **_fields(settings))
    _check(new)
    return new


def function_tool(tool: RealtimeTool) -> FunctionTool:
    """Return a tool as the platform is told of it: flat, unlike in the chat API."""
    if isinstance(tool, FunctionTool):
        return tool
    if isinstance(tool, NamedFunction):
        return FunctionTool(name=tool.name, description=tool.description, parameters=dict(tool.parameters))
    if not isinstance(tool, Mapping):
        raise InvalidType(f"A tool is a function with @tool, or a dict, not {type(tool).__name__}.")
    nested = tool.get("function")
    fields = nested if is_object(nested) else tool
    try:
        return msgspec.convert({**fields, "type": "function"}, FunctionTool)
    except msgspec.ValidationError as exc:
        raise InvalidType(
            f"A tool as a dict needs a name and takes a description and parameters: {exc}"
        ) from exc


def runs_by_itself(tool: RealtimeTool) -> bool:
    """Tell functions from descriptions of functions, which the caller answers."""
    return isinstance(tool, NamedFunction) and not isinstance(tool, FunctionTool)


def _beta(settings: Settings) -> dict[str, object]:
    names = ("chat_mode", "auto_search", "tts_source")
    chosen: dict[str, object] = {name: value for name, value in settings.items() if name in names}
    if "greeting" in settings:
        chosen["greeting_config"] = _greeting(settings["greeting"])
    return chosen


def _greeting(greeting: bool | str | None) -> Greeting | None:
    if greeting is None:
        return None
    words = greeting if isinstance(greeting, str) else None
    return Greeting(enable=greeting is not False, content=words)


_SAME = ("model", "voice", "instructions", "input_audio_format", "temperature")


def _fields(settings: Settings) -> dict[str, object]:
    fields: dict[str, object] = {name: value for name, value in settings.items() if name in _SAME}
    if "modalities" in settings:
        fields["modalities"] = tuple(settings["modalities"] or ()) or None
    if "turn_detection" in settings:
        fields["turn_detection"] = _detection(settings["turn_detection"])
    if "noise_reduction" in settings:
        kind = settings["noise_reduction"]
        fields["input_audio_noise_reduction"] = NoiseReduction(type=kind) if kind else None
    if "max_response_output_tokens" in settings:
        most = settings["max_response_output_tokens"]
        fields["max_response_output_tokens"] = None if most is None else str(most)
    if "tools" in settings:
        fields["tools"] = tuple(map(function_tool, settings["tools"] or ()))
    return fields


def _detection(detection: str | TurnDetection | None) -> TurnDetection:
    if isinstance(detection, TurnDetection):
        return detection
    return TurnDetection(type=detection or CLIENT_VAD)


def _check(config: SessionConfig) -> None:
    refuse_misfit(config)
    input_rate(config.input_audio_format)
    if config.turn_detection.type not in (CLIENT_VAD, SERVER_VAD):
        raise InvalidArgument(
            f"turn_detection is 'client_vad' or 'server_vad', not {config.turn_detection.type!r}."
        )
    if config.temperature is not None and not 0.0 <= config.temperature <= 1.0:
        raise InvalidArgument(f"temperature is 0.0 to 1.0, not {config.temperature}.")
    _check_tokens(config.max_response_output_tokens)
    size = len(msgspec.json.encode(config))
    if size > MESSAGE_BYTES:
        raise InvalidArgument(
            f"The session has {size:,} bytes, {MESSAGE_BYTES:,} is the most.",
            hint="Shorten the instructions, or leave out tools.",
        )
    greeting = config.beta_fields.greeting_config
    if greeting is not None and len(greeting.content or "") > GREETING_CHARACTERS:
        raise InvalidArgument(f"A greeting has at most {GREETING_CHARACTERS} characters.")
    if config.tools and config.video:
        raise InvalidArgument(
            "The platform offers function calls in voice calls only.", hint="Leave out tools, or chat_mode."
        )


def _check_tokens(most: str | None) -> None:
    if most is None or most == "inf":
        return
    if not most.isdecimal() or not 1 <= int(most) <= OUTPUT_TOKENS:
        raise InvalidArgument(f"max_response_output_tokens is 1 to {OUTPUT_TOKENS}, or 'inf', not {most!r}.")
