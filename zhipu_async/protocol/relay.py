"""A streamed answer in the shape that OpenAI's clients read. No I/O here."""

from __future__ import annotations

import msgspec

from zhipu_async.types.chat import (
    ChatCompletionChunk,
    ChunkChoice,
    ContentFilter,
    Delta,
    FinishReason,
    ToolCallChunk,
    Usage,
    WebSearchResult,
)

DONE_FRAME = b"data: [DONE]\n\n"
HEARTBEAT_FRAME = b": keep-alive\n\n"
OPENAI_REASONS = {FinishReason.SENSITIVE: "content_filter"}

Plain = dict[str, object]

_encode = msgspec.json.Encoder().encode


class RelayedChoice(msgspec.Struct):
    """A choice with the fields that those clients expect, also where they are null."""

    index: int
    delta: Delta
    finish_reason: str | None


class RelayedChunk(msgspec.Struct, omit_defaults=True):
    """A chunk likewise."""

    id: str
    object: str
    created: int
    model: str
    choices: list[RelayedChoice]
    usage: Plain | None = None
    content_filter: list[ContentFilter] | None = None
    web_search: list[WebSearchResult] | None = None


def frame(chunk: ChatCompletionChunk) -> bytes:
    """The chunk as one event of an OpenAI-shaped stream."""
    relayed = RelayedChunk(
        chunk.id,
        chunk.object or "chat.completion.chunk",
        chunk.created,
        chunk.model,
        [relayed_choice(choice) for choice in chunk.choices],
        None if chunk.usage is None else relayed_usage(chunk.usage),
        chunk.content_filter,
        chunk.web_search,
    )
    return b"data: %b\n\n" % _encode(relayed)


def error_frame(message: str, kind: str, code: str) -> bytes:
    """An error in mid-stream; no [DONE] follows it."""
    return b"data: %b\n\n" % error_body(message, kind, code)


def error_body(message: str, kind: str, code: str) -> bytes:
    """An error as OpenAI's clients read it."""
    return _encode({"error": {"message": message, "type": kind, "param": None, "code": code or None}})


def relayed_choice(choice: ChunkChoice) -> RelayedChoice:
    """The choice with its finish reason in OpenAI's words, and every tool call with its index."""
    reason, delta = choice.finish_reason, choice.delta
    if delta.tool_calls:
        calls = [with_index(call, position) for position, call in enumerate(delta.tool_calls)]
        delta = msgspec.structs.replace(delta, tool_calls=calls)
    return RelayedChoice(choice.index, delta, OPENAI_REASONS.get(reason, reason) if reason else None)


def with_index(call: ToolCallChunk, position: int) -> ToolCallChunk:
    """The piece with an index."""
    return call if call.index is not None else msgspec.structs.replace(call, index=position)


def relayed_usage(usage: Usage) -> Plain:
    """The usage with its zeros."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
