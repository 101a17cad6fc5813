"""The agent that answers from knowledge bases: its request, its events, its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Required, TypeAlias, TypedDict

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.chat import Usage
from zhipu_async.types.chat_request import ImagePart, TextPart


class Retrieval(TypedDict, total=False):
    """Where and how the agent searches; the agent itself decides only whether to."""

    know_ids: Required[Sequence[str]]
    """The ids of the knowledge bases."""
    top_k: int
    """How many passages the answer rests on; 8 by default."""
    top_n: int
    """How many are found before that; 10 by default."""
    enable_rerank: bool
    similarity_threshold: float
    """0.2 by default."""


class Question(TypedDict):
    """A message to the agent; it takes those of the user only."""

    role: str
    content: str | Sequence[TextPart | ImagePart]


Questions: TypeAlias = "str | Sequence[Question | Mapping[str, object]]"
"""A string is one message of the user."""


class EventType:
    """What an event is about; the set is open."""

    SESSION_CREATED: ClassVar = "session_created"
    REASONING: ClassVar = "reasoning"
    THOUGHT: ClassVar = "thought"
    TOOL_CALL: ClassVar = "tool_call"
    TOOL_RESULT: ClassVar = "tool_result"
    ANSWER: ClassVar = "answer"
    DONE: ClassVar = "done"
    ERROR: ClassVar = "error"


class KnowledgeStep(Part):
    """What the agent does with a tool: a call has arguments, its result comes later under the same `call_id`."""

    call_id: str = msgspec.field(name="callId", default="")
    tool_name: str = msgspec.field(name="toolName", default="")
    arguments: dict[str, object] = {}
    result: object = None
    status: str = ""
    duration_ms: int = msgspec.field(name="durationMs", default=0)
    message: str = ""


class KnowledgeUsage(Usage):
    """Tokens, and how often tools were called."""

    total_calls: int = 0


class KnowledgeEvent(Reply):
    """One event; `data` is text or a step, depending on `type`."""

    type: str = ""
    session_id: str = msgspec.field(name="sessionId", default="")
    message_id: str = msgspec.field(name="messageId", default="")
    data: str | KnowledgeStep = ""
    usage: KnowledgeUsage | None = None

    @property
    def text(self) -> str:
        """Return the data where it is text: a piece of the answer, of the reasoning, of a thought."""
        return self.data if isinstance(self.data, str) else ""

    @property
    def step(self) -> KnowledgeStep | None:
        """Return the data where it is a step with a tool."""
        return self.data if isinstance(self.data, KnowledgeStep) else None


class KnowledgeAnswer(Reply):
    """The whole answer; the text marks its sources with `<reference data-ref="N">`."""

    session_id: str = ""
    """Give it back as `session_id` to ask on."""
    message_id: str = ""
    text: str = ""
    reasoning: str = ""
    """What the model reasoned, with `enable_thinking`."""
    thoughts: str = ""
    steps: list[KnowledgeStep] = []
    """The calls of tools and their results, in the order in which they came."""
    usage: KnowledgeUsage = msgspec.field(default_factory=KnowledgeUsage)
