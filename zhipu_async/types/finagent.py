"""FinAgent, four workflows for finance: what they take, their events, their result."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypedDict

import msgspec

from zhipu_async.types.base import Reply
from zhipu_async.types.chat import Usage

# Documented as text, although it is a number: both are taken.
if TYPE_CHECKING:
    NumberText = str
else:
    NumberText = str | int


class FinagentModel:
    """The workflows' own names of models; the platform's are not valid here."""

    PLUS: ClassVar = "4-Plus"
    AIR: ClassVar = "4-Air"


class Turn(TypedDict):
    """An earlier turn of a conversation, which the caller keeps."""

    role: Literal["user", "assistant"]
    content: str


class FinagentUsage(Usage):
    """Tokens of all models of a workflow; `max_token` is the model's longest context."""

    max_token: NumberText = ""

    def __post_init__(self) -> None:
        self.max_token = str(self.max_token)


class FinagentEvent(Reply):
    """One event of a workflow. Only the last one is documented; what others hold is in `data` and `.raw`."""

    WORKFLOW_FINISHED: ClassVar = "workflow_finished"
    MESSAGE_FINISHED: ClassVar = "message_finished"

    event: str = ""
    session_id: str = ""
    step_id: str = ""
    created: int = 0
    """When the session began, in milliseconds."""
    output: str = ""
    svg: str = ""
    usage: FinagentUsage | None = None
    data: dict[str, object] = {}

    @property
    def is_last(self) -> bool:
        """Tell whether the event ends the workflow; its output is the result then."""
        return self.event in (self.WORKFLOW_FINISHED, self.MESSAGE_FINISHED)


class FinagentResult(Reply):
    """What a workflow made; only streams tell the session and the tokens."""

    result: str = ""
    svg: str = ""
    """A flowchart, from due diligence and, in streams, from regulatory updates."""
    session_id: str = ""
    step_id: str = ""
    created: int = 0
    usage: FinagentUsage = msgspec.field(default_factory=FinagentUsage)

    @property
    def text(self) -> str:
        """Return the text that was made."""
        return self.result
