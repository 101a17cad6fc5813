"""Agents: what one answers."""

from __future__ import annotations

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.chat import Usage


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


class AgentMessage(Part):
    """One message of an agent."""

    role: str = "assistant"
    content: str | AgentPart | list[AgentPart] = ""

    @property
    def parts(self) -> list[AgentPart]:
        """Return the content as parts, whichever of its three forms it came in."""
        if isinstance(self.content, str):
            return [AgentPart(text=self.content)] if self.content else []
        return [self.content] if isinstance(self.content, AgentPart) else self.content


class AgentChoice(Part):
    """One answer of an agent; older pages show `message` where newer ones show `messages`."""

    index: int = 0
    finish_reason: str = ""
    messages: list[AgentMessage] = []
    message: AgentMessage = msgspec.field(default_factory=AgentMessage)

    def __post_init__(self) -> None:
        if not self.messages and self.message.content:
            self.messages = [self.message]


class AgentReply(Reply):
    """What an agent answers, at once or after a while."""

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

    @property
    def parts(self) -> list[AgentPart]:
        """Return every piece of the first choice."""
        messages = self.choices[0].messages if self.choices else []
        return [part for message in messages for part in message.parts]

    @property
    def text(self) -> str:
        """Return the text of the first choice."""
        return "".join(part.text for part in self.parts)
