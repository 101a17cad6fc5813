"""The events of `stream.events()` and of a tool run, made for `match`.

async for event in stream.events():
    match event:
        case TextDelta(text=text): print(text, end="")
        case ToolCallReady(call=call): ...
"""

from __future__ import annotations

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
from zhipu_async.types.toolrun import RoundFinished, ToolFinished, ToolStarted

__all__ = [
    "AudioDelta",
    "ChatEvent",
    "Filtered",
    "Finished",
    "ReasoningDelta",
    "RoundFinished",
    "Searched",
    "TextDelta",
    "ToolCallDelta",
    "ToolCallReady",
    "ToolFinished",
    "ToolStarted",
]
