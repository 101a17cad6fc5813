"""Putting a streamed answer together: chunks in, the completion out that a plain call would have returned.

No I/O here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from io import StringIO
from sys import intern
from typing import NamedTuple, TypeVar

from zhipu_async.protocol.completions import FAILURES
from zhipu_async.types.chat import (
    Audio,
    AudioChunk,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    ContentFilter,
    FunctionCall,
    McpCall,
    Message,
    ToolCall,
    ToolCallChunk,
    Usage,
    WebSearchResult,
)

T = TypeVar("T")

KEPT_RESULTS = 1000  # sources and findings; the platform gives 50 at most


class CallSoFar:
    """One tool call while its pieces arrive."""

    __slots__ = ("arguments", "id", "mcp", "name", "type")

    def __init__(self) -> None:
        self.id: str = ""
        self.type: str = ""
        self.name: str = ""
        self.arguments: list[str] = []
        self.mcp: McpCall | None = None

    def add(self, piece: ToolCallChunk) -> None:
        """Take a piece: names and ids count once, whenever they come; arguments add up."""
        self.id = self.id or piece.id or ""
        self.type = self.type or piece.type or ""
        if piece.function is not None:
            self.name = self.name or piece.function.name or ""
            if piece.function.arguments:
                self.arguments.append(piece.function.arguments)
        if piece.mcp is not None:
            self.mcp = piece.mcp if self.mcp is None else merged(self.mcp, piece.mcp)

    def begins_another(self, piece: ToolCallChunk) -> bool:
        """Tell whether a piece with this call's index is a call of its own: another id, with a name."""
        named = piece.function is not None and piece.function.name
        return bool(named and piece.id and self.id and piece.id != self.id)

    def whole(self) -> ToolCall:
        """Return the call as far as it has come."""
        function = FunctionCall(name=self.name, arguments="".join(self.arguments))
        kind = self.type or ("mcp" if self.mcp else "function")
        return ToolCall(id=self.id, type=kind, function=function, mcp=self.mcp)


class CallsSoFar:
    """The tool calls of one choice, in the order of their index."""

    __slots__ = ("_by_key", "_index_by_id", "_latest")

    def __init__(self) -> None:
        self._index_by_id: dict[str, int] = {}
        self._by_key: dict[tuple[int, int], CallSoFar] = {}
        self._latest: dict[int, tuple[int, int]] = {}

    def add(self, piece: ToolCallChunk, position: int) -> int:
        """Take a piece and return the index of its call; one without an index goes by id, then by position."""
        index = piece.index if piece.index is not None else self._index_of(piece.id, position)
        if piece.id:
            self._index_by_id.setdefault(piece.id, index)
        key = self._latest.setdefault(index, (index, 0))
        call = self._by_key.setdefault(key, CallSoFar())
        if call.begins_another(piece):
            key = self._latest[index] = (index, key[1] + 1)
            call = self._by_key[key] = CallSoFar()
        call.add(piece)
        return index

    def whole(self) -> list[ToolCall]:
        """Return the calls as far as they have come."""
        return [self._by_key[key].whole() for key in sorted(self._by_key)]

    def _index_of(self, call_id: str | None, position: int) -> int:
        if not call_id:
            return position
        return self._index_by_id.get(call_id, len(self._latest))


class AnswerSoFar:
    """One choice while its chunks arrive."""

    __slots__ = ("audio", "calls", "finish_reason", "reasoning", "text")

    def __init__(self) -> None:
        # A list would keep some 60 bytes for each piece, however short it is.
        self.text: StringIO = StringIO()
        self.reasoning: StringIO | None = None
        self.finish_reason: str = ""
        self.calls: CallsSoFar | None = None
        self.audio: list[AudioChunk] | None = None

    def add(self, choice: ChunkChoice) -> bool:
        """Take a piece; tell whether it is the last one."""
        if choice.delta.content:
            self.text.write(choice.delta.content)
        if choice.delta.reasoning_content:
            self.think(choice.delta.reasoning_content)
        return self.add_rare(choice)

    def think(self, piece: str) -> None:
        """Take a piece of reasoning."""
        if self.reasoning is None:
            self.reasoning = StringIO()
        self.reasoning.write(piece)

    def add_rare(self, choice: ChunkChoice) -> bool:
        """Take what most pieces do not have: tool calls, sound, and the reason to end; tell whether that came."""
        delta = choice.delta
        if delta.tool_calls:
            self.calls = self.calls or CallsSoFar()
            for position, piece in enumerate(delta.tool_calls):
                self.calls.add(piece, position)
        if delta.audio is not None:
            self.audio = self.audio or []
            self.audio.append(delta.audio)
        self.finish_reason = choice.finish_reason or self.finish_reason
        return bool(choice.finish_reason)

    def whole(self, index: int) -> Choice:
        """Return the choice as far as it has come."""
        message = Message(
            content=self.text.getvalue(),
            reasoning_content=self.reasoning.getvalue() if self.reasoning else "",
            tool_calls=self.calls.whole() if self.calls else [],
            audio=joined_audio(self.audio) if self.audio else Audio(),
        )
        return Choice(index=index, finish_reason=self.finish_reason, message=message)


class Beginning(NamedTuple):
    """What all chunks of a stream have in common."""

    id: str = ""
    created: int = 0
    model: str = ""
    object: str = ""


def beginning(chunk: ChatCompletionChunk) -> Beginning:
    """What the first chunk tells of the stream; one text for all streams of a model, which may be many."""
    return Beginning(chunk.id, chunk.created, intern(chunk.model), intern(chunk.object))


class Accumulator:
    """Adds chunks up; knows at any time what the answer is so far."""

    __slots__ = ("_begin", "_content_filter", "_first", "_others", "_usage", "_web_search")

    def __init__(self) -> None:
        self._first: AnswerSoFar | None = None  # the choice with index 0, which is nearly always the only one
        self._others: dict[int, AnswerSoFar] | None = None
        self._begin: Beginning | None = None
        self._usage: Usage | None = None
        self._content_filter: tuple[ContentFilter, ...] = ()
        self._web_search: tuple[WebSearchResult, ...] = ()

    @property
    def id(self) -> str:
        """Return the id that all chunks of the stream share; "" before the first."""
        return self._begin.id if self._begin else ""

    @property
    def has_tool_calls(self) -> bool:
        """Tell whether a piece of a tool call has come."""
        return any(answer.calls is not None for answer in self._answers().values())

    @property
    def finished(self) -> bool:
        """Tell whether every choice has said why it ended."""
        first = self._first
        if first is not None and self._others is None:
            return bool(first.finish_reason)
        answers = self._answers().values()
        return bool(answers) and all(answer.finish_reason for answer in answers)

    @property
    def failure(self) -> str:
        """Return the finish reason that is a failure of the platform; "" when there is none."""
        for answer in self._answers().values():
            if answer.finish_reason in FAILURES:
                return answer.finish_reason
        return ""

    @property
    def usage(self) -> Usage | None:
        """Return the usage, once a chunk has told it."""
        return self._usage

    def add(self, chunks: Sequence[ChatCompletionChunk]) -> bool:
        """Take chunks, in one pass over what every chunk may have; tell whether a choice ended in them."""
        ended = False
        first = self._first
        say = first.text.write if first else len  # which is never called: the first piece goes another way
        for chunk in chunks:
            for choice in chunk.choices:
                if first is None or choice.index:
                    ended = self._answer(choice.index, chunk).add(choice) or ended
                    first = self._first
                    say = first.text.write if first else len
                    continue
                delta = choice.delta
                content = delta.content
                if content:
                    say(content)
                if delta.reasoning_content:
                    first.think(delta.reasoning_content)
                if delta.tool_calls or delta.audio is not None or choice.finish_reason:
                    ended = first.add_rare(choice) or ended
            if chunk.usage is not None or chunk.content_filter or chunk.web_search:
                self._add_rare(chunk)
        return ended

    def completion(self, request_id: str = "") -> ChatCompletion:
        """Return the answer as far as it has come."""
        begin = self._begin or Beginning()
        return ChatCompletion(
            id=begin.id,
            request_id=request_id,
            created=begin.created,
            model=begin.model,
            object="chat.completion" if begin.object else "",
            choices=[answer.whole(index) for index, answer in sorted(self._answers().items())],
            usage=self._usage or Usage(),
            web_search=list(self._web_search),
            content_filter=list(self._content_filter),
        )

    def _answers(self) -> dict[int, AnswerSoFar]:
        others = self._others or {}
        return {0: self._first, **others} if self._first else others

    def _answer(self, index: int, chunk: ChatCompletionChunk) -> AnswerSoFar:
        self._begin = self._begin or beginning(chunk)
        if index == 0:
            self._first = self._first or AnswerSoFar()
            return self._first
        self._others = self._others or {}
        return self._others.get(index) or self._others.setdefault(index, AnswerSoFar())

    def _add_rare(self, chunk: ChatCompletionChunk) -> None:
        self._begin = self._begin or beginning(chunk)
        self._usage = chunk.usage or self._usage
        self._content_filter = with_new(self._content_filter, chunk.content_filter)
        self._web_search = with_new(self._web_search, chunk.web_search)


def with_new(known: tuple[T, ...], found: list[T] | None) -> tuple[T, ...]:
    """What is known, and what is not: which chunk carries a list, and whether again, is not documented."""
    for item in found or ():
        known = known if item in known or len(known) >= KEPT_RESULTS else (*known, item)
    return known


def merged(old: McpCall, new: McpCall) -> McpCall:
    """The report with what the newer one tells."""
    fields = {name: getattr(new, name) or getattr(old, name) for name in McpCall.__struct_fields__}
    return McpCall(**fields)


def joined_audio(pieces: list[AudioChunk]) -> Audio:
    """The pieces as one sound."""
    return Audio(
        id=next((piece.id for piece in pieces if piece.id), ""),
        data=joined_base64([piece.data for piece in pieces if piece.data]),
        expires_at=next((piece.expires_at for piece in pieces if piece.expires_at), 0),
    )


def joined_base64(pieces: list[str]) -> str:
    """One base64 text from several, whether one text was cut up or each piece was encoded by itself."""
    text = "".join(pieces)
    if "=" not in text.rstrip("="):
        return text
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece) for piece in pieces)).decode()
    except binascii.Error:
        return text
