"""The parameters of every chat call, each once, and the caps of those that are several calls. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from zhipu_async.protocol.options import CallOptions
from zhipu_async.types.chat_request import (
    AnyTool,
    CharacterMeta,
    CodeExtra,
    Messages,
    ResponseFormat,
    SensitiveWordCheck,
    Thinking,
)

REPAIR_TURNS = 2  # a model that fails three times at the same schema fails at the fourth, too
MOST_ROUNDS = 10  # a model that still calls tools then goes in circles, and each round costs the whole talk


class ChatParams(CallOptions, total=False):
    """What a chat call takes beside `model` and `messages`; None is not sent."""

    temperature: float | None
    """0 to 1, two decimals at most; the default depends on the model."""
    top_p: float | None
    """0.01 to 1, two decimals at most; the default depends on the model."""
    max_tokens: int | None
    """The most tokens to answer with; thinking counts. At least 1024 is advised."""
    do_sample: bool | None
    """False always takes the likeliest token; `temperature` and `top_p` then say nothing."""
    stop: str | Sequence[str] | None
    """Words that end the answer, and are not part of it."""
    thinking: Thinking | None
    """Whether the model thinks first (GLM-4.5 and newer)."""
    reasoning_effort: Literal["max", "xhigh", "high", "medium", "low", "minimal", "none"] | str | None
    """How much to think (GLM-5.2 and newer); which levels exist depends on the model."""
    tools: Sequence[AnyTool] | None
    """Functions (at most 128), knowledge bases, web search, MCP servers."""
    tool_choice: Literal["auto"] | str | Mapping[str, object] | None
    """The platform knows `auto` and takes everything else for it."""
    tool_stream: bool | None
    """Send the arguments of tool calls piece by piece (streams of GLM-4.6 and newer)."""
    response_format: ResponseFormat | None
    """`{"type": "json_object"}` asks for JSON; say in the prompt what it should hold."""
    request_id: str | None
    """An id of your own for this request, never used twice; one is made if absent."""
    user_id: str | None
    """Your end user, 6 to 128 characters."""
    watermark_enabled: bool | None
    """The watermark in the audio of `glm-4-voice`; False needs a signed disclaimer."""
    meta: CharacterMeta | None
    """Who is talking to whom, for Emohaa and CharGLM."""
    sensitive_word_check: SensitiveWordCheck | None
    """The safety review, for approved accounts."""
    seed: int | None
    """Passed on; the platform does not say what it does."""
    extra: CodeExtra | None
    """What CodeGeeX-4 completes."""


class ChatRequest(ChatParams):
    """One request of `map`: what `create` takes, as a dict."""

    model: str
    messages: Messages
