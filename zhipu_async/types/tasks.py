"""Tasks: the receipt, the reference that finds one again, and how one ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlencode

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.types.base import Reply

T_co = TypeVar("T_co", covariant=True)


class TaskStatus:
    """What `task_status` says as documented; other endpoints, and other days, use other words."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


class TaskReceipt(Reply):
    """What a submission answers; each area has its own names for the id and the status."""

    id: str = ""
    task_id: str = ""
    async_id: str = ""
    request_id: str = ""
    model: str = ""
    task_status: str = ""
    status: str = ""
    agent_id: str = ""
    conversation_id: str = ""


class AsyncResult(Reply):
    """What `async-result` answers about every kind of task."""

    id: str = ""
    request_id: str = ""
    model: str = ""
    task_status: str = ""


@dataclass(frozen=True)  # no slots: `TaskRef[VideoResult](...)` fails with them until Python 3.12
class TaskRef(Generic[T_co]):
    """What finds a task again, also from another process: `zhipu.tasks.attach(ref)`.

    `str(ref)` is text for a database or a log, `TaskRef.parse` reads it.
    """

    kind: str
    id: str
    extra: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)

    def __str__(self) -> str:
        task_id = self.id if self.id.isalnum() and self.id.isascii() else quote(self.id, safe="")
        return f"{self.kind}:{task_id}?{urlencode(self.extra)}" if self.extra else f"{self.kind}:{task_id}"

    @staticmethod
    def parse(text: str) -> TaskRef[Reply]:
        """Read what `str(ref)` gave."""
        if not isinstance(text, str):
            raise InvalidType(f"a task reference is a TaskRef or the text of one, not {type(text).__name__}")
        kind, _, rest = text.strip().partition(":")
        quoted, _, extra = rest.partition("?")
        if not kind or not quoted:
            raise InvalidArgument(f"{text!r} is not a task reference like 'videos:9000000000000000003'")
        return TaskRef(kind, unquote(quoted), dict(parse_qsl(extra)) if extra else {})

    @property
    def model(self) -> str:
        """Return the model that was asked for, "" when the task was found by its id alone."""
        return self.extra.get("model", "")


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[T_co]):
    """How one item ended: with a `.result`, or with an `.error`."""

    key: str = ""
    """The caller's own name for the item; its position when it has none."""
    index: int = 0
    """The item's position in the input."""
    ref: TaskRef[T_co] | None = None
    """What finds the task again; None for items that were no tasks."""
    error: Exception | None = None
    value: T_co | None = None
    tokens: int = 0
    """The item's share of the tokens, where several items travel in one request."""
    replayed: bool = False
    """Whether the ledger knew the result, so that nothing was sent."""

    def __repr__(self) -> str:
        ended = type(self.value).__name__ if self.ok else repr(self.error)
        task = f" {self.ref}" if self.ref is not None else ""
        return f"<Outcome {self.key!r}{task}: {ended}{', replayed' if self.replayed else ''}>"

    @property
    def ok(self) -> bool:
        """Tell whether there is a result."""
        return self.error is None

    @property
    def id(self) -> str:
        """Return the task's id, or the item's key where there is no task."""
        return self.ref.id if self.ref is not None else self.key

    @property
    def result(self) -> T_co:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        # An outcome without an error is made with a value, which may itself be None.
        return self.value  # type: ignore[return-value]

    @property
    def requested_model(self) -> str:
        """Return the model that was asked for."""
        return self.ref.model if self.ref is not None else ""

    @property
    def served_model(self) -> str:
        """Return the model that answered; the platform substitutes some."""
        served: object = getattr(self.value, "model", "")
        return served if isinstance(served, str) else ""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An item that was begun and has no outcome: the work on it was ended early, or goes on."""

    key: str
    """The caller's own name for the item; its position when it has none."""
    index: int
    """The item's position in the input."""
    ref: TaskRef[Reply] | None = None
    """What finds its task or its batch again, which lives on; None for calls, and for what was not sent yet."""
