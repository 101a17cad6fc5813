"""The events of a streamed answer, from its chunks. No I/O here."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from zhipu_async.protocol.chat import CallsSoFar
from zhipu_async.types.chat import ChatCompletionChunk, ChunkChoice, ToolCallChunk, Usage
from zhipu_async.types.chat_events import (
    AudioDelta,
    ChatEvent,
    Filtered,
    Finished,
    ReasoningDelta,
    Searched,
    TextDelta,
    ToolCallDelta,
    ToolCallReady,
)


class ChatEvents:
    """Translates chunks into events. A tool call is whole when its choice ends: pieces may interleave."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[int, CallsSoFar] = {}

    def of(self, chunk: ChatCompletionChunk) -> Iterator[ChatEvent]:
        """Give the events of one chunk, in the order in which they are of use."""
        if chunk.web_search:
            yield Searched(chunk.web_search)
        if chunk.content_filter:
            yield Filtered(chunk.content_filter)
        for choice in chunk.choices:
            yield from self._of_choice(choice, chunk.usage)

    def _of_choice(self, choice: ChunkChoice, usage: Usage | None) -> Iterator[ChatEvent]:
        delta, index = choice.delta, choice.index
        if delta.reasoning_content:
            yield ReasoningDelta(delta.reasoning_content, index)
        if delta.content:
            yield TextDelta(delta.content, index)
        for position, piece in enumerate(delta.tool_calls or ()):
            yield self._of_piece(piece, position, index)
        if delta.audio is not None and delta.audio.data:
            yield AudioDelta(decoded(delta.audio.data), delta.audio.id or "", index)
        if choice.finish_reason:
            yield from self._of_end(choice.finish_reason, usage, index)

    def _of_piece(self, piece: ToolCallChunk, position: int, choice: int) -> ToolCallDelta:
        index = self._calls.setdefault(choice, CallsSoFar()).add(piece, position)
        function = piece.function
        return ToolCallDelta(
            index=index,
            arguments=(function.arguments or "") if function else "",
            name=(function.name or "") if function else "",
            id=piece.id or "",
            choice=choice,
        )

    def _of_end(self, reason: str, usage: Usage | None, choice: int) -> Iterator[ChatEvent]:
        calls = self._calls.pop(choice, None)
        for call in calls.whole() if calls else ():
            yield ToolCallReady(call, choice)
        yield Finished(reason, usage, choice)


def decoded(data: str) -> bytes:
    """The sound of one piece; a piece that is not base64 by itself holds none."""
    try:
        return base64.b64decode(data)
    except binascii.Error:
        return b""
