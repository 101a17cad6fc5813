"""What a run with tools tells while it goes, and what it ends with. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zhipu_async.types.chat import ChatCompletion, ToolCall, Usage


@dataclass(frozen=True, slots=True)
class RoundFinished:
    """The model has said what it has to say in this round; its tool calls come next, if it made any."""

    number: int
    completion: ChatCompletion


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool was called; the calls of one round run at the same time."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool is done; `output` is what the model is told, also of an error."""

    call: ToolCall
    output: str
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the tool returned."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class ToolRunResult:
    """The answer at the end of a run, and how it came."""

    completion: ChatCompletion
    """The last answer, the one without tool calls."""
    messages: tuple[Mapping[str, object], ...] = field(repr=False)
    """The whole talk, answers and tool results included, ready for the next `messages=`."""
    calls: tuple[ToolFinished, ...]
    """Every tool call in the order of the model; one that failed has its `.error`."""
    rounds: int
    usage: Usage
    """Of all rounds together."""

    @property
    def text(self) -> str:
        """Return the text of the answer."""
        return self.completion.text

    @property
    def errors(self) -> tuple[Exception, ...]:
        """Return what tools raised; the model was told, too."""
        return tuple(call.error for call in self.calls if call.error is not None)
