"""Chat on the wire: the completion, and the chunks that a stream is made of."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, ClassVar, TypeVar, overload

import msgspec

from zhipu_async.errors import InvalidToolArguments
from zhipu_async.types.base import Part, Reply
from zhipu_async.types.marks import without_marks
from zhipu_async.types.spoken import Audio as Audio

T = TypeVar("T")


class FinishReason:
    """Why an answer ended; the set is open, so the fields are plain strings."""

    STOP: ClassVar = "stop"
    TOOL_CALLS: ClassVar = "tool_calls"
    LENGTH: ClassVar = "length"
    SENSITIVE: ClassVar = "sensitive"
    NETWORK_ERROR: ClassVar = "network_error"
    CONTEXT_EXCEEDED: ClassVar = "model_context_window_exceeded"


class TextPart(Part):
    """One piece of an answer that came as a list."""

    type: str = "text"
    text: str = ""


# Two fields come in a second form: the GLM-4V series answers with a list of text parts, and older pages show
# arguments as an object. Both are accepted and turned into the text that every other model sends, so for a
# reader they are `str`; `.raw` keeps the form of the wire.
if TYPE_CHECKING:
    Text = str
    JsonText = str
else:
    Text = str | list[TextPart]
    JsonText = str | dict[str, object]


def joined(content: str | list[TextPart]) -> str:
    """The text, whichever way it came."""
    return content if isinstance(content, str) else "".join(part.text for part in content)


def json_text(arguments: str | dict[str, object]) -> str:
    """The arguments as text, whichever way they came."""
    return arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()


class PromptTokensDetails(Part):
    """Where the prompt's tokens came from."""

    cached_tokens: int = 0


class CompletionTokensDetails(Part):
    """What the completion's tokens were spent on."""

    reasoning_tokens: int = 0


class Usage(Part):
    """Tokens of one call."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptTokensDetails = msgspec.field(default_factory=PromptTokensDetails)
    completion_tokens_details: CompletionTokensDetails = msgspec.field(
        default_factory=CompletionTokensDetails
    )

    @property
    def cached_tokens(self) -> int:
        """Return how many prompt tokens the platform had cached."""
        return self.prompt_tokens_details.cached_tokens

    @property
    def reasoning_tokens(self) -> int:
        """Return how many tokens went into thinking."""
        return self.completion_tokens_details.reasoning_tokens


class ContentFilter(Part):
    """What the safety review found; level 0 is the most severe, 3 is mild."""

    role: str = ""
    level: int = 3


class WebSearchResult(Part):
    """A source of the answer; `refer` is the footnote label in the text."""

    icon: str = ""
    title: str = ""
    link: str = ""
    media: str = ""
    publish_date: str = ""
    content: str = ""
    refer: str = ""


class VideoLink(Part):
    """One clip; download it soon, nobody says how long the link lives."""

    url: str = ""
    cover_image_url: str = ""


class FunctionCall(Part):
    """The function that the model wants called; `arguments` is JSON text, which may be wrong."""

    name: str = ""
    arguments: JsonText = ""

    def __post_init__(self) -> None:
        self.arguments = json_text(self.arguments)


class McpTool(Part):
    """A tool that an MCP server offers."""

    name: str = ""
    description: str = ""
    annotations: dict[str, object] = {}
    input_schema: dict[str, object] = {}


class McpCall(Part):
    """A report of what the platform did with an MCP server; there is nothing left to execute."""

    id: str = ""
    type: str = ""
    server_label: str = ""
    name: str = ""
    arguments: JsonText = ""
    output: object = None
    error: str = ""
    tools: list[McpTool] = []

    def __post_init__(self) -> None:
        self.arguments = json_text(self.arguments)


class ToolCall(Part):
    """One call of the model; `type` is "function", or "mcp" for a report of work already done."""

    id: str = ""
    type: str = "function"
    function: FunctionCall = msgspec.field(default_factory=FunctionCall)
    mcp: McpCall | None = None

    @property
    def name(self) -> str:
        """Return the name of the function, or of the MCP tool."""
        return self.mcp.name if self.mcp else self.function.name

    @property
    def arguments(self) -> str:
        """Return the arguments as the model wrote them."""
        return self.mcp.arguments if self.mcp else self.function.arguments

    @overload
    def parse_arguments(self) -> dict[str, object]: ...
    @overload
    def parse_arguments(self, into: builtins.type[T]) -> T: ...
    def parse_arguments(
        self, into: builtins.type[T] | builtins.type[dict[str, object]] = dict[str, object]
    ) -> T | dict[str, object]:
        """Return the arguments, checked against a type; `InvalidToolArguments` when they do not fit."""
        try:
            return msgspec.json.decode(self.arguments.strip() or "{}", type=into)
        except (ValueError, RecursionError) as exc:
            raise InvalidToolArguments(
                f"the model called {self.name or 'a tool'!r} with arguments that do not fit: {exc}",
                tool=self.name,
                hint="`.arguments` has the text; telling the model what was wrong often helps.",
            ) from exc

    def to_param(self) -> dict[str, object]:
        """Return the call as it goes back into `messages`."""
        return {
            "id": self.id,
            "type": self.type,
            "function": {"name": self.name, "arguments": self.arguments},
        }

    def answer(self, content: str) -> dict[str, object]:
        """Return the tool message that answers this call."""
        return {"role": "tool", "tool_call_id": self.id, "content": content}


class Message(Part):
    """What the model said; `messages` takes it as it is."""

    role: str = msgspec.field(default_factory=lambda: "assistant")  # not a default that `to_dict` leaves out
    content: Text = ""
    reasoning_content: str = ""
    tool_calls: list[ToolCall] = []
    audio: Audio = msgspec.field(default_factory=Audio)

    def __post_init__(self) -> None:
        self.content = joined(self.content)

    @property
    def clean_text(self) -> str:
        """Return the text without `<think>` thoughts and box marks."""
        return without_marks(self.content)

    def to_param(self) -> dict[str, object]:
        """Return the message as it goes back into `messages`: known fields only, audio by its id."""
        calls = [call.to_param() for call in self.tool_calls if call.type != "mcp"]
        param: dict[str, object] = {"role": self.role}
        if self.content or not (calls or self.audio):
            param["content"] = self.content
        if self.reasoning_content:
            param["reasoning_content"] = self.reasoning_content
        if calls:
            param["tool_calls"] = calls
        if self.audio.id:
            param["audio"] = {"id": self.audio.id}
        return param


class Choice(Part):
    """One answer, of usually one."""

    index: int = 0
    finish_reason: str = ""
    message: Message = msgspec.field(default_factory=Message)


class ChatCompletion(Reply):
    """A whole answer; the shortcuts (`.text`, `.tool_calls` ...) speak of the first choice."""

    id: str = ""
    request_id: str = ""
    created: int = 0
    model: str = ""
    object: str = ""
    choices: list[Choice] = []
    usage: Usage = msgspec.field(default_factory=Usage)
    web_search: list[WebSearchResult] = []
    content_filter: list[ContentFilter] = []
    video_result: list[VideoLink] = []
    """Documented with the others; clips come from `zhipu.videos`."""

    @property
    def message(self) -> Message:
        """Return the first choice's message; an empty one when there is no choice."""
        return self.choices[0].message if self.choices else Message()

    @property
    def text(self) -> str:
        """Return the answer as the model wrote it."""
        return self.message.content

    @property
    def clean_text(self) -> str:
        """Return the answer without `<think>` thoughts and box marks."""
        return self.message.clean_text

    @property
    def reasoning(self) -> str:
        """Return what the model thought before it answered."""
        return self.message.reasoning_content

    @property
    def tool_calls(self) -> list[ToolCall]:
        """Return what the model wants called."""
        return self.message.tool_calls

    @property
    def audio(self) -> Audio:
        """Return the spoken answer of GLM-4-Voice; false when there is none."""
        return self.message.audio

    @property
    def finish_reason(self) -> str:
        """Return why the answer ended: see `FinishReason`."""
        return self.choices[0].finish_reason if self.choices else ""

    @property
    def truncated(self) -> bool:
        """Tell whether `max_tokens` cut the answer."""
        return self.finish_reason == FinishReason.LENGTH

    @property
    def blocked(self) -> bool:
        """Tell whether the safety review stopped the answer; what there is of it may have to be withdrawn."""
        return self.finish_reason == FinishReason.SENSITIVE

    @property
    def ran_out_thinking(self) -> bool:
        """Tell whether the budget was spent on reasoning before a word of the answer came."""
        answered = self.text or self.tool_calls or self.audio
        return self.truncated and not answered and bool(self.reasoning or self.usage.reasoning_tokens)

    def to_param(self) -> dict[str, builtins.object]:
        """Return the first choice's message as it goes back into `messages`."""
        return self.message.to_param()


# ── chunks of a stream: made by the ten thousand, so frozen and outside the garbage collector ─────────


class FunctionDelta(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A piece of a function call."""

    name: str | None = None
    arguments: str | None = None


class ToolCallChunk(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A piece of a tool call; pieces with one `index` belong together."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionDelta | None = None
    mcp: McpCall | None = None


class AudioChunk(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A piece of a spoken answer, base64."""

    id: str | None = None
    data: str | None = None
    expires_at: str | int | None = None


class Delta(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What one chunk adds to a message."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCallChunk] | None = None
    audio: AudioChunk | None = None


class ChunkChoice(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What one chunk adds to one choice."""

    index: int = 0
    delta: Delta = Delta()
    finish_reason: str | None = None
    message: None = None  # a whole message in place of a delta is refused here, and translated


class ChatCompletionChunk(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One event of a stream."""

    choices: list[ChunkChoice]  # required: that is what tells a chunk from an error, at no cost
    id: str = ""
    created: int = 0
    model: str = ""
    object: str = ""
    usage: Usage | None = None
    content_filter: list[ContentFilter] | None = None
    web_search: list[WebSearchResult] | None = None
    error: None = None  # a chunk that holds an error beside its choices is refused here, and raised

    @property
    def text(self) -> str:
        """Return what this chunk adds to the first choice's text."""
        return (self.choices[0].delta.content or "") if self.choices else ""

    @property
    def reasoning(self) -> str:
        """Return what this chunk adds to the first choice's reasoning."""
        return (self.choices[0].delta.reasoning_content or "") if self.choices else ""

    def to_dict(self) -> dict[str, builtins.object]:
        """Return the fields that are set as plain dicts and lists."""
        plain: dict[str, builtins.object] = msgspec.to_builtins(self)
        return plain

    def to_json(self) -> str:
        """Return the fields that are set as JSON text."""
        return msgspec.json.encode(self).decode()

    @property
    def finish_reason(self) -> str | None:
        """Return why the first choice ended, in the chunk that ends it."""
        return self.choices[0].finish_reason if self.choices else None
