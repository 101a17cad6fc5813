"""Assistants: their ids, what is asked of them, what they answer, what they keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NotRequired, TypeAlias, TypedDict

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.chat import JsonText, Usage, json_text
from zhipu_async.types.chat_request import ImagePart, TextPart
from zhipu_async.types.links import Linked

# ── the request ────────────────────────────────────────────────────────────────────────────────────


class AssistantId:
    """The assistants that are known; the set is open, so `assistant_id` is a plain string."""

    CHATGLM: ClassVar = "65940acff94777010aa6b796"
    AI_SEARCH: ClassVar = "659e54b1b8006379b4b2abd6"
    DATA_ANALYSIS: ClassVar = "65a265419d72d299a9230616"
    SLIDES: ClassVar = "65d2f07bb2c10188f885bd89"
    FLOWCHART: ClassVar = "664dd7bd5bb3a13ba0f81668"
    ARXIV_READER: ClassVar = "663058948bb259b7e8a22730"
    MIND_MAP: ClassVar = "664e0cade018d633146de0d2"
    PROGRAMMER: ClassVar = "65a393b3619c6f13586246cd"
    PROMPT_ENGINEER: ClassVar = "6654898292788e88ce9e7f4c"
    NOVEL_WRITER: ClassVar = "65b356af6924a59d52832e54"
    DRAWING: ClassVar = "66437ef3d920bdc5c60f338e"
    ENGLISH_GRAMMAR: ClassVar = "668fdd45405f2e3c9f71f832"


class AssistantMessage(TypedDict):
    """A message to an assistant; it takes those of the user only."""

    role: str
    content: str | Sequence[TextPart | ImagePart]


AssistantMessages: TypeAlias = "str | Sequence[AssistantMessage | Mapping[str, object]]"
"""A string is one message of the user."""


class Attachment(TypedDict):
    """A file that was uploaded with the purpose `assistant`: at most 20 MB, ten to a conversation."""

    file_id: str


Translate = TypedDict("Translate", {"from": str, "to": str})
"""The languages of the translation assistant."""


class ExtraParameters(TypedDict):
    """What only some assistants take."""

    translate: NotRequired[Translate]


# ── the answer ─────────────────────────────────────────────────────────────────────────────────────


class ToolOutput(Part):
    """One thing that a tool gave; which fields are set is told by the tool's type."""

    type: str = ""
    title: str = ""
    link: str = ""
    content: str = ""
    logs: str = ""
    image: str = ""
    text: str = ""
    document: str = ""
    error_msg: str = ""


class ToolUse(Part):
    """What a tool was told, or what it gave: the two come in chunks of their own."""

    input: str = ""
    name: str = ""
    arguments: JsonText = ""
    """Of a function, as JSON text."""
    outputs: list[ToolOutput] = []

    def __post_init__(self) -> None:
        self.arguments = json_text(self.arguments)


class AssistantToolCall(Part):
    """A tool at work; `type` names the field that says how. `use` is that field."""

    index: int = 0
    id: str = ""
    type: str = ""
    web_browser: ToolUse = msgspec.field(default_factory=ToolUse)
    code_interpreter: ToolUse = msgspec.field(default_factory=ToolUse)
    drawing_tool: ToolUse = msgspec.field(default_factory=ToolUse)
    retrieval: ToolUse = msgspec.field(default_factory=ToolUse)
    function: ToolUse = msgspec.field(default_factory=ToolUse)

    @property
    def use(self) -> ToolUse:
        """Return what the tool was told or gave, an empty one for a type that is not known."""
        found: object = getattr(self, self.type, None)
        return found if isinstance(found, ToolUse) else ToolUse()


class AssistantDelta(Part):
    """What is new: text of the role `assistant`, or tool calls of the role `tool`, or neither."""

    role: str = ""
    content: str = ""
    tool_calls: list[AssistantToolCall] = []
    metadata: dict[str, object] = {}


class AssistantChoice(Part):
    """One answer."""

    index: int = 0
    finish_reason: str = ""
    delta: AssistantDelta = msgspec.field(default_factory=AssistantDelta)
    message: AssistantDelta = msgspec.field(default_factory=AssistantDelta)
    """The whole answer; a stream's result has it."""
    metadata: dict[str, object] = {}


class AssistantReply(Linked):
    """An event of an assistant's stream, and what the stream adds up to; `save` keeps a picture that was drawn."""

    id: str = ""
    request_id: str = ""
    assistant_id: str = ""
    conversation_id: str = ""
    """Give it back to go on: the platform keeps what was said."""
    created: int = 0
    """When; in seconds by the documents, in milliseconds on the wire."""
    status: str = ""
    model: str = ""
    choices: list[AssistantChoice] = []
    usage: Usage = msgspec.field(default_factory=Usage)
    metadata: dict[str, object] = {}

    @property
    def text(self) -> str:
        """Return what is said: the piece of an event, the text of a result."""
        return "".join(each.content for each in self._said if each.role != "tool")

    @property
    def tool_calls(self) -> list[AssistantToolCall]:
        """Return the tools at work, in the order in which they were told."""
        return [call for each in self._said for call in each.tool_calls]

    @property
    def links(self) -> list[str]:
        """Return the links to the pictures that were drawn."""
        return [output.image for call in self.tool_calls for output in call.use.outputs if output.image]

    @property
    def finish_reason(self) -> str:
        """Return why the answer ended, "" when it has not."""
        return next((choice.finish_reason for choice in self.choices if choice.finish_reason), "")

    @property
    def _said(self) -> list[AssistantDelta]:
        return [each for choice in self.choices for each in (choice.delta, choice.message)]


# ── the lists ──────────────────────────────────────────────────────────────────────────────────────


class Tag(Part):
    """A label of an assistant."""

    key: str = ""
    label: str = ""


# Some pages show the prompts as objects where others show texts; `Assistant.prompts` gives the texts.
class StarterPrompt(Part):
    """A question to begin with, in the form of an object; no page names its fields."""

    prompt: str = ""
    content: str = ""
    text: str = ""
    title: str = ""


# Times are texts in two formats, or numbers: what came is kept as text.
if TYPE_CHECKING:
    Moment = str
else:
    Moment = str | int


class Assistant(Part):
    """Who answers: its names, its tools, and questions to begin with."""

    assistant_id: str = ""
    name: str = ""
    avatar: str = ""
    description: str = ""
    status: str = ""
    tools: list[str] = []
    tags: list[Tag] = []
    starter_prompts: list[str | StarterPrompt] = []
    created_at: Moment = ""
    updated_at: Moment = ""

    def __post_init__(self) -> None:
        self.created_at, self.updated_at = str(self.created_at), str(self.updated_at)

    @property
    def prompts(self) -> list[str]:
        """Return the questions to begin with, as texts."""
        return [
            each if isinstance(each, str) else each.prompt or each.content or each.text or each.title
            for each in self.starter_prompts
        ]


class AssistantList(Reply):
    """Those of the assistants asked for that the platform has."""

    data: list[Assistant] = []


class Conversation(Part):
    """A conversation that the platform keeps."""

    id: str = ""
    assistant_id: str = ""
    create_time: Moment = ""
    update_time: Moment = ""
    usage: Usage = msgspec.field(default_factory=Usage)

    def __post_init__(self) -> None:
        self.create_time, self.update_time = str(self.create_time), str(self.update_time)


class ConversationPage(Reply):
    """One page of conversations."""

    assistant_id: str = ""
    has_more: bool = False
    conversation_list: list[Conversation] = []
