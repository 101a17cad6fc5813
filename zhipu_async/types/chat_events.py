"""What happens in a streamed answer, made for `match`: `async for event in stream.events()`."""

from __future__ import annotations

import msgspec

from zhipu_async.types.chat import ContentFilter, ToolCall, Usage, WebSearchResult


class TextDelta(msgspec.Struct, frozen=True):
    """A piece of the answer's text."""

    text: str
    choice: int = 0


class ReasoningDelta(msgspec.Struct, frozen=True):
    """A piece of what the model thinks."""

    text: str
    choice: int = 0


class ToolCallDelta(msgspec.Struct, frozen=True):
    """A piece of a tool call; `arguments` is a piece of JSON text, names come with the first piece."""

    index: int
    arguments: str = ""
    name: str = ""
    id: str = ""
    choice: int = 0


class ToolCallReady(msgspec.Struct, frozen=True):
    """A tool call that is whole."""

    call: ToolCall
    choice: int = 0


class AudioDelta(msgspec.Struct, frozen=True):
    """A piece of the spoken answer, decoded."""

    sound: bytes
    id: str = ""
    choice: int = 0

    def __repr__(self) -> str:
        return f"AudioDelta({len(self.sound)} bytes, id={self.id!r})"


class Searched(msgspec.Struct, frozen=True):
    """Sources that the platform found on the web."""

    results: list[WebSearchResult]


class Filtered(msgspec.Struct, frozen=True):
    """What the safety review found."""

    findings: list[ContentFilter]


class Finished(msgspec.Struct, frozen=True):
    """A choice has ended; `usage` where the same chunk tells it."""

    reason: str
    usage: Usage | None = None
    choice: int = 0


ChatEvent = (
    TextDelta | ReasoningDelta | ToolCallDelta | ToolCallReady | AudioDelta | Searched | Filtered | Finished
)
