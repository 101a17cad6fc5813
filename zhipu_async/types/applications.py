"""Applications made in the platform's console: what they are told, what they answer, their files and slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NotRequired, TypeAlias, TypedDict

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.chat import Usage
from zhipu_async.types.links import Linked

# ── the request ────────────────────────────────────────────────────────────────────────────────────


class ApplicationContent(TypedDict):
    """One input: `value` is the text, the option, the file ids or the links, several joined by commas.

    key: the name of the variable; applications of the text kind need it.
    """

    type: Literal["input", "selection_list", "upload_file", "upload_image", "upload_video"]
    value: str
    key: NotRequired[str]


class ApplicationMessage(TypedDict):
    """A message to an application; applications of the chat kind need the role."""

    role: NotRequired[Literal["user", "assistant"]]
    content: Sequence[ApplicationContent]


ApplicationMessages: TypeAlias = "str | Sequence[ApplicationMessage | Mapping[str, object]]"
"""A string is one message of the user."""


class FileType:
    """What an uploaded file is, as `file_type` counts."""

    EXCEL: ClassVar = 1
    DOCUMENT: ClassVar = 2
    AUDIO: ClassVar = 3
    IMAGE: ClassVar = 4
    VIDEO: ClassVar = 5


# ── the answer ─────────────────────────────────────────────────────────────────────────────────────


class Material(Part):
    """A picture, a clip, or what a tool made."""

    url: str = ""
    cover_url: str = msgspec.field(name="coverUrl", default="")
    code: str = ""
    file: str = ""
    text: str = ""


class ApplicationData(Part):
    """What an application says: text, or a material whose members stand in `msg` or beside it."""

    type: str = ""
    msg: str | Material = ""
    url: str = ""
    cover_url: str = msgspec.field(name="coverUrl", default="")
    code: str = ""
    file: str = ""

    @property
    def text(self) -> str:
        """Return the text, whether it came alone or beside links and code."""
        return self.msg if isinstance(self.msg, str) else self.msg.text

    @property
    def material(self) -> Material:
        """Return the links and the code, wherever they stood."""
        inner = self.msg if isinstance(self.msg, Material) else Material()
        return Material(
            url=inner.url or self.url,
            cover_url=inner.cover_url or self.cover_url,
            code=inner.code or self.code,
            file=inner.file or self.file,
            text=self.text,
        )


class ToolNote(Part):
    """What a node's tool was told, or found: a function has the first three, a retrieval the next two, a search the
    rest."""

    action_key: str = ""
    params: str = ""
    output: str = ""
    input: str = ""
    slice_info: str = ""
    refer: str = ""
    title: str = ""
    link: str = ""
    content: str = ""
    media: str = ""
    icon: str = ""


# Searches tell a list of notes, the other tools one; for a reader it is a list. `.raw` keeps the form.
if TYPE_CHECKING:
    Notes = list[ToolNote]
else:
    Notes = list[ToolNote] | ToolNote


class ApplicationToolCall(Part):
    """A tool of a node: `function`, `retrieval` or `web_search`."""

    type: str = ""
    tool_calls_data: Notes = []

    def __post_init__(self) -> None:
        self.tool_calls_data = _listed(self.tool_calls_data)


class ApplicationEvent(Part):
    """A step of the application, with `send_log_event`."""

    node_id: str = ""
    node_name: str = ""
    type: str = ""
    content: str = ""
    time: int = 0
    tool_calls: ApplicationToolCall = msgspec.field(default_factory=ApplicationToolCall)


class NodeUsage(Part):
    """Tokens of one node; the members are spelled in two ways."""

    model: str = ""
    node_name: str = msgspec.field(name="nodeName", default="")
    input_tokens: int = msgspec.field(name="inputTokenCount", default=0)
    output_tokens: int = msgspec.field(name="outputTokenCount", default=0)
    total_tokens: int = msgspec.field(name="totalTokenCount", default=0)


class ApplicationDelta(Part):
    """What is new: content, a step, or a tool's work."""

    content: ApplicationData = msgspec.field(default_factory=ApplicationData)
    event: ApplicationEvent | None = None
    tool_calls: ApplicationToolCall | None = None


class ApplicationWhole(Part):
    """The whole answer, with the steps that led to it."""

    content: ApplicationData = msgspec.field(default_factory=ApplicationData)
    event: list[ApplicationEvent] = []
    materials: list[ApplicationData] = []
    """What a stream brought beside its text: pictures, clips, what tools made."""


class ApplicationError(Part):
    """Why an application failed; it is raised as an exception too."""

    code: int = 0
    msg: str = ""
    message: str = ""


class ApplicationChoice(Part):
    """One answer: `messages` is the whole one, `delta` what is new of it."""

    index: int = 0
    finish_reason: str = ""
    error_msg: ApplicationError = msgspec.field(default_factory=ApplicationError)
    messages: ApplicationWhole = msgspec.field(default_factory=ApplicationWhole)
    delta: ApplicationDelta = msgspec.field(default_factory=ApplicationDelta)
    usage: list[NodeUsage] = []

    @property
    def contents(self) -> list[ApplicationData]:
        """Return everything that is said."""
        return [self.messages.content, *self.messages.materials, self.delta.content]


# Ids are digits in a text; samples show them as numbers too, and those are turned into texts.
if TYPE_CHECKING:
    Digits = str
else:
    Digits = str | int


class ApplicationReply(Linked):
    """What an application answers; the events of a stream look like it too."""

    request_id: str = ""
    req_id: str = ""
    """Another name of `request_id`, to which it is moved."""
    conversation_id: Digits = ""
    app_id: Digits = ""
    choices: list[ApplicationChoice] = []
    node_usage: list[NodeUsage] = msgspec.field(name="usage", default=[])
    """Tokens per node, wherever the answer told them."""

    def __post_init__(self) -> None:
        self.request_id, self.req_id = self.request_id or self.req_id, ""
        self.conversation_id, self.app_id = str(self.conversation_id), str(self.app_id)
        self.node_usage = self.node_usage or [each for choice in self.choices for each in choice.usage]

    @property
    def usage(self) -> Usage:
        """Return the tokens of all nodes."""
        return Usage(
            prompt_tokens=sum(node.input_tokens for node in self.node_usage),
            completion_tokens=sum(node.output_tokens for node in self.node_usage),
            total_tokens=sum(node.total_tokens for node in self.node_usage),
        )

    @property
    def text(self) -> str:
        """Return the text: the piece of an event, or all of it."""
        return "".join(each.text for each in self._contents if each.type == "text")

    @property
    def events(self) -> list[ApplicationEvent]:
        """Return the steps that are told; `node_id` and `request_id` find the slices that one found."""
        whole = [each for choice in self.choices for each in choice.messages.event]
        return whole + [choice.delta.event for choice in self.choices if choice.delta.event]

    @property
    def links(self) -> list[str]:
        """Return the links to pictures, clips and files."""
        found = (each.material for each in self._contents)
        return [material.url or material.file for material in found if material.url or material.file]

    @property
    def finish_reason(self) -> str:
        """Return why the answer ended, "" when it has not."""
        return next((choice.finish_reason for choice in self.choices if choice.finish_reason), "")

    @property
    def _contents(self) -> list[ApplicationData]:
        return [each for choice in self.choices for each in choice.contents]


# ── variables, files, conversations ────────────────────────────────────────────────────────────────


class InputTemplate(Part):
    """Choices of an older kind of variable."""

    options: list[object] = []


class Variable(Part):
    """What an application of the text kind asks for: its `name` is the `key` of a content, its `id` takes files."""

    id: str = ""
    name: str = ""
    type: str = ""
    tips: str = ""
    allowed_values: list[str] = []
    input_template: InputTemplate = msgspec.field(default_factory=InputTemplate)


class VariableList(Reply):
    """The variables of an application."""

    data: list[Variable] = []


class UploadedFile(Part):
    """A file that arrived; the platform reads it after that."""

    file_id: str = ""
    file_name: str = ""


class RefusedFile(Part):
    """A file that was not taken."""

    file_name: str = ""
    fail_reason: str = ""


class ApplicationFiles(Reply):
    """What became of each uploaded file; some may have failed."""

    success_info: list[UploadedFile] = []
    fail_info: list[RefusedFile] = []


class FileState(Part):
    """How far the platform has come with a file."""

    PROCESSING: ClassVar = 0
    READY: ClassVar = 1
    DOES_NOT_EXIST: ClassVar = 11000
    NO_TEXT: ClassVar = 11001
    UNREADABLE: ClassVar = 11002
    TOO_LONG: ClassVar = 11003
    UNKNOWN_ID: ClassVar = 11009

    file_id: str = ""
    code: int = 0
    msg: str = ""

    @property
    def processing(self) -> bool:
        """Tell whether it has to be asked for again."""
        return self.code == self.PROCESSING

    @property
    def ready(self) -> bool:
        """Tell whether the file can be used."""
        return self.code == self.READY


class FileStates(Reply):
    """How far the platform has come with several files."""

    data: list[FileState] = []


class NewConversation(Reply):
    """A conversation that was begun."""

    conversation_id: Digits = ""

    def __post_init__(self) -> None:
        self.conversation_id = str(self.conversation_id)


class Suggestions(Reply):
    """Questions that one might ask next."""

    problems: list[str] = []


# ── slices ─────────────────────────────────────────────────────────────────────────────────────────


class SlicedDocument(Part):
    """The document that slices come from."""

    id: str = ""
    name: str = ""
    url: str = ""
    dtype: int = 0


class SlicePosition(Part):
    """Where a slice stands in a PDF."""

    x0: float = 0.0
    x1: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    page: int = 0
    height: float = 0.0
    width: float = 0.0


class ApplicationSlice(Part):
    """A passage that the answer rests on: of a PDF with its position, of an Excel sheet with its line."""

    document_id: str = ""
    text: str = ""
    position: SlicePosition | None = None
    line: int = 0
    sheet_name: str = ""


class SliceImage(Part):
    """A picture of a passage."""

    text: str = ""
    cos_url: str = ""


class DocumentSlices(Part):
    """The passages of one document; `hide_positions` says that it is old and has to be vectorised anew for them."""

    document: SlicedDocument = msgspec.field(default_factory=SlicedDocument)
    slice_info: list[ApplicationSlice] = []
    hide_positions: bool = False
    images: list[SliceImage] = []


class ApplicationSlices(Reply):
    """The passages that a step of an answer found."""

    document_slices: list[DocumentSlices] = []
    has_old_document: bool = False


def _listed(notes: list[ToolNote] | ToolNote) -> list[ToolNote]:
    return [notes] if isinstance(notes, ToolNote) else notes
