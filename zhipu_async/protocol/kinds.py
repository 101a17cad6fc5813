"""The kinds of tasks: where each is asked about, and how its answer is read. No I/O here.

To add one: a `Kind` below, and its name in `KINDS`. Then a resource's `submit` is one statement,
`return await self._submit(SUBMIT, VIDEOS, options, model=model, prompt=prompt)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from zhipu_async.errors import InvalidArgument, MaybeSubmitted, TaskFailed
from zhipu_async.protocol.completions import broken_off
from zhipu_async.protocol.decoding import is_array, is_object
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay, Root
from zhipu_async.protocol.schedule import Pace, Phase, phase_of
from zhipu_async.types.agents import AgentReply
from zhipu_async.types.base import Reply
from zhipu_async.types.batches import Batch
from zhipu_async.types.chat_task import ChatTaskResult
from zhipu_async.types.file_parser import ParsedFile
from zhipu_async.types.images import ImageResult
from zhipu_async.types.tasks import TaskReceipt, TaskRef
from zhipu_async.types.videos import VideoResult

T = TypeVar("T", bound=Reply)

HOUR = 3600.0
DAY = 24 * HOUR


class Reading(NamedTuple):
    """What an answer to a poll says about the task."""

    status: str
    phase: Phase


class Place(NamedTuple):
    """Where one task is asked about: what fills the endpoint's path, or its body."""

    path: Mapping[str, str]
    fields: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """One kind of task."""

    name: str
    poll: Endpoint[T]
    pace: Pace
    read: Callable[[T], Reading]
    place: Callable[[TaskRef[T]], Place] = field(default=lambda ref: Place({"id": ref.id}))
    carries: tuple[str, ...] = ()
    """Fields of the submission that polling needs again."""
    patience: float = HOUR
    """Seconds after which a wait without a timeout of its own gives up."""
    cancel: Endpoint[T] | None = None

    def ref_of(
        self, receipt: TaskReceipt, fields: Mapping[str, object], extra: Mapping[str, str]
    ) -> TaskRef[T]:
        """Return what finds the task again."""
        task_id = receipt.async_id or receipt.task_id or receipt.id
        if not task_id:
            raise MaybeSubmitted(
                f"the {self.name} submission was accepted, but its answer has no id",
                request_id=receipt.meta.request_id,
                log_id=receipt.meta.log_id,
            )
        carried = {name: str(fields[name]) for name in ("model", *self.carries) if fields.get(name)}
        return TaskRef(self.name, task_id, {**carried, **extra})


def failure(kind: Kind[T], ref: TaskRef[T], reply: T, status: str) -> TaskFailed:
    """Return the error for a task that ended without a result, with the platform's whole answer."""
    answer = reply.raw
    code, message = explained(answer)
    return TaskFailed(
        message,
        task_id=ref.id,
        kind=kind.name,
        status=status,
        code=code,
        body=msgspec.json.encode(answer).decode(),
        endpoint=kind.poll.name,
        request_id=reply.meta.request_id,
        log_id=reply.meta.log_id,
    )


def explained(answer: Mapping[str, object]) -> tuple[str, str]:
    """Return the code and the sentence, wherever an answer has them: its shape is documented nowhere."""
    for fault in (answer.get("error"), _first_of(answer.get("errors")), answer):
        if isinstance(fault, str) and fault:
            return "", fault
        if is_object(fault) and (message := fault.get("message") or fault.get("msg")):
            return str(fault.get("code") or ""), str(message)
    return "", ""


def kind_named(name: str) -> Kind[Any]:
    """Return the kind that a reference names."""
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidArgument(f"there is no kind of task called {name!r}; there are {', '.join(KINDS)}")
    return kind


def _first_of(errors: object) -> object:
    listed = errors.get("data") if is_object(errors) else errors
    return listed[0] if is_array(listed) and listed else None


# ── the table ──────────────────────────────────────────────────────────────────────────────────────


def _poll(name: str, reply: type[T]) -> Endpoint[T]:
    """One address answers for chat, pictures and videos."""
    return Endpoint(
        name=name,
        method="GET",
        path="/async-result/{id}",
        reply=reply,
        replay=Replay.SAFE,
        envelope=Envelope.TASK,
    )


def _read_chat(reply: ChatTaskResult) -> Reading:
    if reason := broken_off(reply):
        return Reading(reason, Phase.FAILED)
    return _reading(reply.task_status, has_result=bool(reply.choices))


def _read_image(reply: ImageResult) -> Reading:
    return _reading(reply.task_status, has_result=bool(reply.image_result))


def _read_video(reply: VideoResult) -> Reading:
    return _reading(reply.task_status, has_result=bool(reply.video_result))


def _read_parsed(reply: ParsedFile) -> Reading:
    return _reading(reply.status, has_result=bool(reply.content or reply.parsing_result_url))


def _read_agent(reply: AgentReply) -> Reading:
    return _reading(reply.status, has_result=bool(reply.choices))


def _read_batch(batch: Batch) -> Reading:
    reading = _reading(batch.status)
    # What expired or was cancelled half way has been paid for, and its finished lines can be collected.
    if reading.phase is Phase.FAILED and batch.has_files:
        return Reading(batch.status, Phase.SUCCEEDED)
    return reading


def _reading(status: str, *, has_result: bool = False) -> Reading:
    return Reading(status, phase_of(status, has_result=has_result))


def _parser_place(ref: TaskRef[ParsedFile]) -> Place:
    return Place({"id": ref.id, "format": ref.extra.get("format", "text")})


def _agent_place(ref: TaskRef[AgentReply]) -> Place:
    kept = {name: ref.extra[name] for name in ("agent_id", "conversation_id") if name in ref.extra}
    return Place({}, {"async_id": ref.id, **kept})


# Typical times are those that the platform's pages and practitioners report: chat 10 to 30 s, pictures
# about 20 s, videos minutes; the sample loops ask every 2 s, batches want 20 s or slower.
CHAT = Kind(
    name="chat",
    poll=_poll("chat.completions.submit", ChatTaskResult),
    pace=Pace(first=4.0, shortest=1.0, longest=10.0),
    read=_read_chat,
)
SUBMIT_CHAT = Endpoint(
    name="chat.completions.submit",
    path="/async/chat/completions",
    reply=TaskReceipt,
    replay=Replay.ONCE,
    takes_request_id=True,
    envelope=Envelope.TASK,
)
IMAGES = Kind(
    name="images",
    poll=_poll("images.submit", ImageResult),
    pace=Pace(first=6.0, shortest=1.5, longest=10.0),
    read=_read_image,
)
VIDEOS = Kind(
    name="videos",
    poll=_poll("videos.submit", VideoResult),
    pace=Pace(first=15.0, shortest=2.0, longest=20.0),
    read=_read_video,
    patience=3 * HOUR,
)
FILE_PARSER = Kind(
    name="file_parser",
    poll=Endpoint(
        name="file_parser.submit",
        method="GET",
        path="/files/parser/result/{id}/{format}",
        reply=ParsedFile,
        replay=Replay.SAFE,
        envelope=Envelope.TASK,
    ),
    pace=Pace(first=3.0, shortest=1.0, longest=15.0),
    read=_read_parsed,
    place=_parser_place,
)
AGENTS = Kind(
    name="agents",
    poll=Endpoint(
        name="agents.submit",
        path="/v1/agents/async-result",
        reply=AgentReply,
        replay=Replay.SAFE,
        root=Root.API,
        envelope=Envelope.TASK,
    ),
    pace=Pace(first=8.0, shortest=2.0, longest=20.0),
    read=_read_agent,
    place=_agent_place,
    carries=("agent_id", "conversation_id"),
)
BATCHES = Kind(
    name="batches",
    poll=Endpoint(
        name="batches.retrieve",
        method="GET",
        path="/batches/{id}",
        reply=Batch,
        replay=Replay.SAFE,
        envelope=Envelope.TASK,
    ),
    pace=Pace(first=20.0, shortest=20.0, longest=60.0),
    read=_read_batch,
    patience=8 * DAY,  # the platform ends a batch after seven days at most
    cancel=Endpoint(
        name="batches.cancel",
        path="/batches/{id}/cancel",
        reply=Batch,
        replay=Replay.SAFE,
        envelope=Envelope.TASK,
    ),
)

KINDS: Mapping[str, Kind[Any]] = {
    kind.name: kind for kind in (CHAT, IMAGES, VIDEOS, FILE_PARSER, AGENTS, BATCHES)
}
