"""Agents: their ids, what one answers, and the pieces that an answer arrives in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import msgspec

from zhipu_async.types.base import Part
from zhipu_async.types.chat import Usage
from zhipu_async.types.links import Linked

TOLD = frozenset({"", "answer"})  # phases of what is said to the user; `thinking` and `tool` are not


class AgentId:
    """The agents that are known; the set is open, so `agent_id` is a plain string."""

    GENERAL_TRANSLATION: ClassVar = "general_translation"
    DOCUMENT_TRANSLATION: ClassVar = "doc_translation_agent"
    SOCIAL_TRANSLATION: ClassVar = "social_translation_agent"
    LITERATURE_TRANSLATION: ClassVar = "social_literature_translation_agent"
    SUBTITLE_TRANSLATION: ClassVar = "subtitle_translation_agent"
    SLIDES: ClassVar = "slides_glm_agent"
    CARTOON: ClassVar = "cartoon_generator_agent"
    DRAWING: ClassVar = "ai_drawing_agent"
    VIDEO_TEMPLATE: ClassVar = "vidu_template_agent"
    RECEIPT_RECOGNITION: ClassVar = "receipt_recognition_agent"
    CLOTHES_RECOGNITION: ClassVar = "clothes_recognition_agent"
    CONTRACT_PARSER: ClassVar = "contract_parser_agent"
    WINNING_BID_PARSER: ClassVar = "bidwin_parser_agent"
    TENDER_PARSER: ClassVar = "bidding_parser_agent"
    SERVICE_CHECK: ClassVar = "service_check_agent"
    SALES_CHECK: ClassVar = "sales_check_agent"
    JOB_MATCHING: ClassVar = "job_matching_agent"
    HOMEWORK_SOLVING: ClassVar = "intelligent_education_solve_agent"
    HOMEWORK_CORRECTION: ClassVar = "intelligent_education_correction_agent"
    HOMEWORK_POLLING: ClassVar = "intelligent_education_correction_polling"
    HOMEWORK_ANALYSIS: ClassVar = "intelligent_education_correction_analysis"


class SlideStep(Part):
    """What the slides agent did with one of its tools; the `output` of a page tool is the page's HTML."""

    tool_name: str = ""
    input: str = ""
    output: str = ""
    position: list[float] = []
    title: str = ""


class AgentPart(Part):
    """A piece of an agent's answer; `type` names the field that holds it."""

    type: str = "text"
    text: str = ""
    file_url: str = ""
    image_url: str = ""
    audio_url: str = ""
    video_url: str = ""
    tag_cn: str = ""
    tag_en: str = ""
    details: dict[str, object] = msgspec.field(name="object", default={})
    """The member `object`: a tool's work, or the questions of a homework."""

    @property
    def link(self) -> str:
        """Return the link, whichever kind of file it leads to."""
        return self.file_url or self.image_url or self.audio_url or self.video_url

    @property
    def step(self) -> SlideStep:
        """Return the details as a step of the slides agent, empty where they are something else."""
        return SlideStep(
            tool_name=_text(self.details, "tool_name"),
            input=_text(self.details, "input"),
            output=_text(self.details, "output"),
            position=_numbers(self.details.get("position")),
            title=_text(self.details, "title"),
        )


class AgentMessage(Part):
    """One message of an agent; `phase` is told by the slides agent: thinking, tool or answer."""

    role: str = "assistant"
    phase: str = ""
    content: str | AgentPart | list[AgentPart] = ""

    @property
    def parts(self) -> list[AgentPart]:
        """Return the content as parts, whichever of its three forms it came in."""
        if isinstance(self.content, str):
            return [AgentPart(text=self.content)] if self.content else []
        return [self.content] if isinstance(self.content, AgentPart) else self.content

    @property
    def text(self) -> str:
        """Return the text of the message, "" for what is not said to the user."""
        told = self.phase in TOLD and self.role != "tool"
        return "".join(part.text for part in self.parts) if told else ""


# Some pages show one message where others show a list. Both are accepted and made a list; `.raw` keeps the form.
if TYPE_CHECKING:
    Messages = list[AgentMessage]
else:
    Messages = list[AgentMessage] | AgentMessage


class AgentChoice(Part):
    """One answer of an agent."""

    index: int = 0
    finish_reason: str = ""
    messages: Messages = []
    message: Messages = []
    """Another name of `messages`, to which it is moved."""
    delta: AgentMessage = msgspec.field(default_factory=AgentMessage)
    """What is new, in a stream."""

    def __post_init__(self) -> None:
        self.messages, self.message = _listed(self.messages or self.message), []

    @property
    def said(self) -> list[AgentMessage]:
        """Return the messages, or what is new of one."""
        return self.messages or ([self.delta] if self.delta.content else [])


# Codes are texts by the documents; a number is taken too.
if TYPE_CHECKING:
    Code = str
else:
    Code = str | int


class AgentError(Part):
    """Why a task failed, or what is missing from an export; everywhere else an error is raised."""

    code: Code = ""
    message: str = ""

    def __post_init__(self) -> None:
        self.code = str(self.code)


class AgentReply(Linked):
    """What an agent answers, at once or after a while; the events of a stream look like it too."""

    id: str = ""
    agent_id: str = ""
    conversation_id: str = ""
    async_id: str = ""
    request_id: str = ""
    created: int = 0
    model: str = ""
    status: str = ""
    choices: list[AgentChoice] = []
    usage: Usage = msgspec.field(default_factory=Usage)
    error: AgentError = msgspec.field(default_factory=AgentError)

    @property
    def messages(self) -> list[AgentMessage]:
        """Return the messages of all choices: agents give one choice, or number their events by it."""
        return [message for choice in self.choices for message in choice.said]

    @property
    def parts(self) -> list[AgentPart]:
        """Return every piece of the answer."""
        return [part for message in self.messages for part in message.parts]

    @property
    def text(self) -> str:
        """Return the text of the answer, without thoughts and tools."""
        return "".join(message.text for message in self.messages)

    @property
    def finish_reason(self) -> str:
        """Return why the answer ended, "" when it has not."""
        return next((choice.finish_reason for choice in self.choices if choice.finish_reason), "")

    @property
    def links(self) -> list[str]:
        """Return the links to files, in the order of the answer."""
        return [part.link for part in self.parts if part.link]


class HomeworkQuestion(Part):
    """One question of a homework, corrected or not yet."""

    uuid: str = ""
    image_id: str = ""
    trace_id: str = ""
    is_finish: int = 0
    fields: dict[str, object] = {}
    """Everything that the platform says about it; no page describes what that is."""

    @property
    def finished(self) -> bool:
        """Tell whether it has been corrected."""
        return self.is_finish == 1


def _listed(messages: list[AgentMessage] | AgentMessage) -> list[AgentMessage]:
    return [messages] if isinstance(messages, AgentMessage) else messages


def _text(details: Mapping[str, object], name: str) -> str:
    value = details.get(name)
    return "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _numbers(value: object) -> list[float]:
    try:
        return msgspec.convert(value, list[float], strict=False)
    except msgspec.ValidationError:
        return []
