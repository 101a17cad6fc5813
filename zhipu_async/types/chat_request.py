"""What a chat request is made of: messages, content parts, tools, objects in parameters. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NotRequired, Protocol, Required, TypeAlias, TypedDict

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

# ── content parts ──────────────────────────────────────────────────────────────────────────────────


class TextPart(TypedDict):
    """A piece of text in a message; `parts.text` builds it."""

    type: Literal["text"]
    text: str


class Url(TypedDict):
    """Where something is: an http(s) address, or base64 where the model takes it."""

    url: str


class ImagePart(TypedDict):
    """An image by URL or base64: jpg, jpeg or png, under 5 MB, at most 6000 x 6000 pixels."""

    type: Literal["image_url"]
    image_url: Url


class VideoPart(TypedDict):
    """A video by URL or base64: mp4, mkv or mov, up to 200 MB."""

    type: Literal["video_url"]
    video_url: Url


class FileUrlPart(TypedDict):
    """A document by URL, in the platform's older form; it takes no base64."""

    type: Literal["file_url"]
    file_url: Url


class FileSource(TypedDict, total=False):
    """Exactly one of `file_id`, `file_url` and `file_data`; `filename` beside it is optional."""

    file_id: str
    """An uploaded file, uploaded with `purpose="user_data"`."""
    file_url: str
    file_data: str
    """`data:<MIME>;base64,<DATA>`"""
    filename: str


class FilePart(TypedDict):
    """A document by id, URL or content: up to 50 files of 50 MB each."""

    type: Literal["file"]
    file: FileSource


class InputAudio(TypedDict):
    """A recording in base64, at most ten minutes."""

    data: str
    format: Literal["wav", "mp3"] | str


class AudioPart(TypedDict):
    """A recording for `glm-4-voice`."""

    type: Literal["input_audio"]
    input_audio: InputAudio


MediaKind: TypeAlias = Literal["image", "video", "file", "audio"]


class MediaPart(msgspec.Struct, frozen=True):
    """A part that is read and encoded when the request is sent; `parts.image("cat.png")` builds it."""

    kind: MediaKind
    source: Path | bytes
    filename: str = ""

    def __repr__(self) -> str:
        source = f"{len(self.source)} bytes" if isinstance(self.source, bytes) else str(self.source)
        return f"<MediaPart {self.kind}: {self.filename or source}>"


PlainPart: TypeAlias = TextPart | ImagePart | VideoPart | FileUrlPart | FilePart | AudioPart
ContentPart: TypeAlias = PlainPart | MediaPart

# ── messages ───────────────────────────────────────────────────────────────────────────────────────


class SystemMessage(TypedDict):
    """What the model is and how it should answer."""

    role: Literal["system"]
    content: str


class UserMessage(TypedDict):
    """What the user says, as text or as parts."""

    role: Literal["user"]
    content: str | Sequence[ContentPart]


class FunctionCallParam(TypedDict):
    """The function that the model called, its arguments as JSON text."""

    name: str
    arguments: str


class ToolCallParam(TypedDict):
    """A call that the model made in an earlier turn."""

    id: str
    type: Literal["function", "web_search", "retrieval"] | str
    function: NotRequired[FunctionCallParam]


class AudioReference(TypedDict):
    """An earlier spoken answer of `glm-4-voice`, by its id."""

    id: str


class AssistantMessage(TypedDict, total=False):
    """What the model said; a reply's message goes back as it is, without being spelled out."""

    role: Required[Literal["assistant"]]
    content: str | None
    reasoning_content: str
    """Send it back with tool results, and always with `clear_thinking=False`."""
    tool_calls: Sequence[ToolCallParam]
    audio: AudioReference


class ToolMessage(TypedDict):
    """The result of a call; `tool_call_id` says of which."""

    role: Literal["tool"]
    content: str
    tool_call_id: str


class PutBack(Protocol):
    """Anything that knows its own form in a request: a reply's message, a tool."""

    def to_param(self) -> Mapping[str, object]: ...


MessageParam: TypeAlias = SystemMessage | UserMessage | AssistantMessage | ToolMessage
Message: TypeAlias = MessageParam | PutBack | Mapping[str, object]
Messages: TypeAlias = str | Sequence[Message]

# ── tools ──────────────────────────────────────────────────────────────────────────────────────────


class FunctionDefinition(TypedDict):
    """A function that the caller runs; `@tool` writes this from a typed function."""

    name: str
    """Letters, digits, `_` and `-`; 1 to 64 of them."""
    description: str
    parameters: NotRequired[Mapping[str, object]]
    """A JSON Schema of type object."""


class FunctionTool(TypedDict):
    """A tool that the caller runs."""

    type: Literal["function"]
    function: FunctionDefinition


class Retrieval(TypedDict):
    """A knowledge base; the template holds `{{ knowledge }}` and `{{ question }}`."""

    knowledge_id: str
    prompt_template: NotRequired[str]


class RetrievalTool(TypedDict):
    """A knowledge base that the platform consults."""

    type: Literal["retrieval"]
    retrieval: Retrieval


class WebSearch(TypedDict, total=False):
    """How the platform searches the web for this answer."""

    enable: bool
    """Must be True to search; False if absent."""
    search_engine: (
        Literal["search_std", "search_pro", "search_pro_sogou", "search_pro_quark", "search_pro_jina"] | str
    )
    search_query: str
    """Search for this and not for what the model would ask."""
    search_intent: str | bool
    count: int
    """1 to 50; sogou takes 10, 20, 30, 40, 50."""
    search_domain_filter: str
    search_recency_filter: Literal["oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"] | str
    content_size: Literal["medium", "high"] | str
    result_sequence: Literal["before", "after"] | str
    search_result: bool
    """Must be True for the reply to have its `web_search` list."""
    require_search: bool
    """Answer only when the search found something."""
    search_prompt: str


class WebSearchTool(TypedDict):
    """A web search that the platform makes."""

    type: Literal["web_search"]
    web_search: WebSearch


class Mcp(TypedDict, total=False):
    """An MCP server; one that Zhipu hosts is named by its code in `server_label`, without URL."""

    server_label: Required[str]
    server_url: str
    transport_type: Literal["sse", "streamable-http"] | str
    allowed_tools: Sequence[str]
    headers: Mapping[str, str]


class McpTool(TypedDict):
    """An MCP server that the platform calls."""

    type: Literal["mcp"]
    mcp: Mcp


ToolParam: TypeAlias = FunctionTool | RetrievalTool | WebSearchTool | McpTool
AnyTool: TypeAlias = ToolParam | PutBack | Mapping[str, object]

# ── objects in parameters ────────────────────────────────────────────────────────────────────────────────


class Thinking(TypedDict, total=False):
    """Whether the model thinks first (GLM-4.5 and newer)."""

    type: Required[Literal["enabled", "disabled"] | str]
    clear_thinking: bool
    """False keeps the reasoning of earlier turns, when all of it is sent back unmodified."""


class ResponseFormat(TypedDict):
    """`json_object` asks for JSON; the platform ignores `json_schema`, `parse(into=...)` stands in."""

    type: Literal["text", "json_object"] | str


class CharacterMeta(TypedDict):
    """Who is talking to whom, for Emohaa and CharGLM."""

    user_info: str
    bot_info: str
    bot_name: str
    user_name: str


class SensitiveWordCheck(TypedDict):
    """The safety review, for approved accounts."""

    type: Literal["ALL"] | str
    status: Literal["ENABLE", "DISABLE"] | str


class CodeTarget(TypedDict, total=False):
    """The place in a source file where CodeGeeX shall write."""

    path: str
    language: str
    code_prefix: Required[str]
    code_suffix: Required[str]


class CodeContext(TypedDict):
    """Another file that CodeGeeX should know."""

    path: str
    code: str


class CodeExtra(TypedDict, total=False):
    """What CodeGeeX-4 completes."""

    target: CodeTarget
    contexts: Sequence[CodeContext]
