"""Homework: its questions wherever they stand in an answer, and the polling for the rest. No I/O here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial

from zhipu_async.protocol.decoding import Undecodable, is_array, is_object, parse
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay, Root
from zhipu_async.protocol.kinds import Kind, Place, Reading
from zhipu_async.protocol.schedule import Pace, Phase, phase_of
from zhipu_async.types.agent_request import HomeworkImage
from zhipu_async.types.agents import AgentId, AgentReply, HomeworkQuestion
from zhipu_async.types.tasks import TaskRef

YES = frozenset({"1", "true"})
PLACE = ("trace_id", "image_id")  # what questions have in common stands around them


def questions_in(answer: object) -> list[HomeworkQuestion]:
    """Return every question of an answer. No page shows how they are nested, so they are looked for everywhere."""
    return list(_found(answer, {}))


def waiting(questions: Iterable[HomeworkQuestion]) -> list[HomeworkImage]:
    """Return the questions as polling names them: the ids per picture."""
    images: dict[str, list[str]] = {}
    for question in questions:
        images.setdefault(question.image_id, []).append(question.uuid)
    return [{"image_id": image_id, "uuids": uuids} for image_id, uuids in images.items()]


def homework_ref(questions: Sequence[HomeworkQuestion]) -> TaskRef[AgentReply]:
    """Return what asks for these questions, all of one homework."""
    images, trace_id = json.dumps(waiting(questions)), questions[0].trace_id
    ids = ",".join(question.uuid for question in questions)
    return TaskRef("homework", f"{trace_id}/{ids}", {"trace_id": trace_id, "images": images})


def homework_kind(questions: Sequence[HomeworkQuestion]) -> Kind[AgentReply]:
    """Return the kind of polling that ends when one more of these is finished; the rest is asked for anew then."""
    return replace(HOMEWORK, read=partial(_read, frozenset(question.uuid for question in questions)))


def _found(value: object, around: Mapping[str, object]) -> Iterator[HomeworkQuestion]:
    if is_object(value):
        around = {**around, **{name: value[name] for name in PLACE if name in value}}
        if "uuid" in value and "is_finish" in value:
            yield _question(value, around)
        for inner in value.values():
            yield from _found(inner, around)
    elif is_array(value):
        for inner in value:
            yield from _found(inner, around)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        yield from _found(_parsed(value), around)


def _question(value: dict[str, object], around: Mapping[str, object]) -> HomeworkQuestion:
    return HomeworkQuestion(
        uuid=str(value["uuid"]),
        image_id=str(around.get("image_id", "")),
        trace_id=str(around.get("trace_id", "")),
        is_finish=int(str(value["is_finish"]).lower() in YES),
        fields=value,
    )


def _parsed(text: str) -> object:
    try:
        return parse(text.encode("utf-8", "replace"))
    except Undecodable:
        return None


def _read(wanted: Set[str], reply: AgentReply) -> Reading:
    questions = questions_in(reply.raw)
    if phase_of(reply.status) is Phase.FAILED:
        return Reading(reply.status, Phase.FAILED)
    # An answer in which nothing is recognised is over too: asking for it again would not make it clearer.
    news = not questions or any(question.finished and question.uuid in wanted for question in questions)
    return Reading(reply.status, Phase.SUCCEEDED if news else Phase.RUNNING)


def _place(ref: TaskRef[AgentReply]) -> Place:
    variables = {"trace_id": ref.extra["trace_id"], "images": json.loads(ref.extra["images"])}
    return Place({}, {"agent_id": AgentId.HOMEWORK_POLLING, "custom_variables": variables})


ASYNC_RESULT = Endpoint(
    name="agents.async_result",
    path="/v1/agents/async-result",
    reply=AgentReply,
    replay=Replay.SAFE,
    root=Root.API,
    envelope=Envelope.TASK,
)
HOMEWORK = Kind(
    name="homework",
    poll=ASYNC_RESULT,
    pace=Pace(first=4.0, shortest=2.0, longest=15.0),
    read=partial(_read, frozenset()),
    place=_place,
)
