"""The session object: what `session.update` may say, and the echo it is answered with. No I/O here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .realtime_events import Invalid, is_list, is_number, is_object, without_nulls
from .realtime_sound import MAX_RATE, MIN_RATE

MODELS = ("glm-realtime", "glm-realtime-flash", "glm-realtime-air")
INPUT_FORMAT = re.compile(r"wav\d{0,2}|pcm\d{0,2}")  # wav48 stood in an early document
OUTPUT_FORMATS = ("pcm", "wav", "mp3")  # early clients ask for mp3 or wav; what comes is pcm all the same
GREETING_LIMIT = 1024  # characters
MAX_OUTPUT_TOKENS = 1024  # "inf" means this
MAX_TOOLS = 128  # as in the chat API; the realtime page names no number
TEMPERATURE_LIMIT = 1.2  # the page says 1.0, the vendor's own client allows 1.2
DEFAULT_GREETING = "你好，我是小智，有什么可以帮助你的吗？"
SEARCH_TOOL: dict[str, object] = {
    "type": "function",
    "name": "search_engine_auto",
    "description": "Searches the web for current facts.",
    "parameters": {
        "type": "object",
        "properties": {"q": {"type": "string", "description": "What to search for"}},
    },
}


@dataclass(frozen=True)
class ServerVad:
    """Turn detection by the server, its zeros and gaps filled with the defaults."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True

    def echo(self) -> dict[str, object]:
        return {"type": "server_vad", **vars(self)}


@dataclass(frozen=True)
class Config:
    """One whole session configuration: an update replaces it, nothing is merged."""

    input_format: str = "wav"
    voice: str = "default"
    modalities: tuple[str, ...] = ("text", "audio")
    vad: ServerVad | None = None
    chat_mode: str = "audio"
    tools: tuple[dict[str, object], ...] = ()
    auto_search: bool = False
    greeting: str = ""
    max_tokens: int = MAX_OUTPUT_TOKENS
    transcription_only: bool = False
    echo: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def speaks(self) -> bool:
        return "audio" in self.modalities

    @property
    def video(self) -> bool:
        return self.chat_mode.startswith("video")


def created() -> Config:
    """The configuration of a session that was never updated."""
    echo: dict[str, object] = {
        "model": "glm-realtime",
        "modalities": ["text", "audio"],
        "voice": "default",
        "input_audio_format": "wav",
        "output_audio_format": "pcm",
        "temperature": 0.05,
        "beta_fields": {"chat_mode": "audio"},
    }
    return Config(echo=echo)


def updated(session: dict[str, object]) -> Config:
    """Read a `session.update`; what is left out goes back to its default."""
    beta = _object(session, "beta_fields")
    chat_mode = _text(beta, "chat_mode", "audio")
    if chat_mode != "audio" and not chat_mode.startswith("video"):
        raise Invalid(f"beta_fields.chat_mode must be audio or video_passive, not {chat_mode!r}.")
    config = Config(
        input_format=_input_format(session),
        voice=_text(session, "voice", "tongtong"),
        modalities=_modalities(session),
        vad=_vad(session),
        chat_mode=chat_mode,
        tools=_tools(session),
        auto_search=beta.get("auto_search") is not False and chat_mode == "audio",
        greeting=_greeting(_object(beta, "greeting_config") or _object(session, "greeting_config")),
        max_tokens=_max_tokens(session),
        echo=_echo(session, beta, chat_mode),
    )
    return _with_shown_turns(config)


def transcription(session: dict[str, object]) -> Config:
    """Read a `transcription_session.update`: speech in, transcripts out, no answers."""
    vad = _vad(session)
    input_format = _input_format(session)
    echo: dict[str, object] = {
        "object": "realtime.transcription_session",
        "input_audio_format": "pcm16" if input_format == "pcm" else input_format,
        "input_audio_noise_reduction": _object(session, "input_audio_noise_reduction")
        or {"type": "far_field"},
        "modalities": list(_modalities(session)),
    }
    if vad:
        echo["turn_detection"] = vad.echo()
    return Config(input_format=input_format, vad=vad, transcription_only=True, echo=echo)


def _echo(session: dict[str, object], beta: dict[str, object], chat_mode: str) -> dict[str, object]:
    """What was asked with the defaults filled in, in the order of the platform's samples."""
    model = _text(session, "model", "glm-realtime")
    if model not in MODELS:
        raise Invalid(f"Unknown model {model!r}: one of {', '.join(MODELS)}.")
    shown: dict[str, object] = {
        "model": model,
        "modalities": list(_modalities(session)),
        "instructions": session.get("instructions"),
        "voice": _text(session, "voice", "tongtong"),
        "input_audio_format": _input_format(session),
        "output_audio_format": _output_format(session),
        "input_audio_noise_reduction": _noise_reduction(session),
        "turn_detection": session.get("turn_detection"),
        "tools": session.get("tools"),
        "temperature": _temperature(session),
        "max_response_output_tokens": session.get("max_response_output_tokens"),
        "beta_fields": {**{k: v for k, v in beta.items() if k != "greeting_config"}, "chat_mode": chat_mode},
    }
    return without_nulls(shown)


def _with_shown_turns(config: Config) -> Config:
    """The echo is not what was sent: turn detection is filled up, the built-in search appears as a tool."""
    if config.vad:
        config.echo["turn_detection"] = config.vad.echo()
    if config.auto_search:
        config.echo["tools"] = [SEARCH_TOOL, *config.tools]
    return config


def _object(holder: dict[str, object], name: str) -> dict[str, object]:
    value = holder.get(name)
    if value is None:
        return {}
    if not is_object(value):
        raise Invalid(f"'{name}' must be an object.")
    return without_nulls(value)


def _text(holder: dict[str, object], name: str, default: str) -> str:
    value = holder.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"'{name}' must be a string.")
    return value or default


def _input_format(session: dict[str, object]) -> str:
    name = _text(session, "input_audio_format", "wav")
    kilohertz = int(name[3:] or 16) if INPUT_FORMAT.fullmatch(name) else 0
    if not MIN_RATE <= kilohertz * 1000 <= MAX_RATE:
        raise Invalid(f"Unsupported input_audio_format {name!r}: wav, pcm (16 kHz) or pcmN for N kHz.")
    return name


def _output_format(session: dict[str, object]) -> str:
    name = _text(session, "output_audio_format", "pcm")
    if name not in OUTPUT_FORMATS:
        raise Invalid(f"Unsupported output_audio_format {name!r}: only pcm.")
    return "pcm"


def _modalities(session: dict[str, object]) -> tuple[str, ...]:
    value = session.get("modalities")
    if value is None:
        return ("text", "audio")
    names = [value] if isinstance(value, str) else value
    if not is_list(names) or not names:
        raise Invalid("'modalities' must be a list of text and audio.")
    chosen = tuple(name for name in names if isinstance(name, str) and name in ("text", "audio"))
    if len(chosen) != len(names):
        raise Invalid("'modalities' must be a list of text and audio.")
    return chosen


def _noise_reduction(session: dict[str, object]) -> dict[str, object] | None:
    value = _object(session, "input_audio_noise_reduction")
    if value and value.get("type") not in ("near_field", "far_field"):
        raise Invalid("input_audio_noise_reduction.type must be near_field or far_field.")
    return value or None


def _temperature(session: dict[str, object]) -> float:
    value = session.get("temperature")
    if value is None:
        return 0.05
    if not is_number(value) or not 0 <= value <= TEMPERATURE_LIMIT:
        raise Invalid("'temperature' must be a number from 0.0 to 1.0.")
    return value


def _max_tokens(session: dict[str, object]) -> int:
    value = session.get("max_response_output_tokens")
    if value is None or value == "inf":
        return MAX_OUTPUT_TOKENS
    digits = str(value)
    number = int(digits) if digits.isascii() and digits.isdigit() else 0
    if not 0 < number <= MAX_OUTPUT_TOKENS:
        raise Invalid("'max_response_output_tokens' must be inf or 1 to 1024.")
    return number


def _vad(session: dict[str, object]) -> ServerVad | None:
    """Client VAD is said in four ways: absent, null, client_vad, none."""
    value = _object(session, "turn_detection")
    kind = value.get("type")
    if not value or kind in ("client_vad", "none"):
        return None
    if kind != "server_vad":
        raise Invalid("turn_detection.type must be server_vad or client_vad.")
    default = ServerVad()
    return ServerVad(
        threshold=_tuned(value, "threshold", 1.0) or default.threshold,  # zero means default too
        prefix_padding_ms=int(_tuned(value, "prefix_padding_ms", 10_000)) or default.prefix_padding_ms,
        silence_duration_ms=int(_tuned(value, "silence_duration_ms", 10_000)) or default.silence_duration_ms,
        create_response=value.get("create_response") is not False,
        interrupt_response=value.get("interrupt_response") is not False,
    )


def _tuned(vad: dict[str, object], name: str, limit: float) -> float:
    value = vad.get(name, 0)
    if not is_number(value) or not 0 <= value <= limit:
        raise Invalid(f"turn_detection.{name} must be a number from 0 to {limit:g}.")
    return value


def _tools(session: dict[str, object]) -> tuple[dict[str, object], ...]:
    value = session.get("tools")
    if value is None:
        return ()
    if not is_list(value) or len(value) > MAX_TOOLS:
        raise Invalid(f"'tools' must be a list of at most {MAX_TOOLS} functions.")
    return tuple(_tool(tool) for tool in value)


def _tool(tool: object) -> dict[str, object]:
    """A tool is flat here: no nested `function` object as in the chat API."""
    if not is_object(tool) or tool.get("type") != "function":
        raise Invalid("Each tool must be an object with type function.")
    if not isinstance(tool.get("name"), str) or not tool["name"]:
        raise Invalid("Each tool needs a name beside its type; there is no nested function object here.")
    if not isinstance(tool.get("parameters", {}), dict):
        raise Invalid("A tool's parameters must be a JSON Schema object.")
    return tool


def _greeting(greeting: dict[str, object]) -> str:
    content = _text(greeting, "content", "")
    if len(content) > GREETING_LIMIT:
        raise Invalid(f"greeting_config.content must not exceed {GREETING_LIMIT} characters.")
    return (content or DEFAULT_GREETING) if greeting.get("enable") else ""
