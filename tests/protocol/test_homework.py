"""Homework: no page shows how the answers are nested, so any nesting will do."""

from __future__ import annotations

import json

import pytest

from zhipu_async.protocol.homework import HOMEWORK, homework_kind, homework_ref, questions_in
from zhipu_async.protocol.schedule import Phase
from zhipu_async.types.agents import AgentReply
from zhipu_async.types.base import Meta, attach


def answer(*finished: object, status: str = "success") -> dict[str, object]:
    questions = [{"uuid": f"u{n}", "is_finish": each} for n, each in enumerate(finished)]
    found = {"trace_id": "t", "images": [{"image_id": "i", "questions": questions}]}
    content = {"type": "object", "object": found}
    return {"status": status, "choices": [{"messages": [{"role": "assistant", "content": content}]}]}


def read(body: dict[str, object]) -> Phase:
    reply = AgentReply(status=str(body.get("status", "")))
    attach(reply, Meta(), json.dumps(body).encode())
    return homework_kind(questions_in(answer(0, 0))).read(reply).phase


@pytest.mark.parametrize(
    "nested",
    [
        answer(0),
        {"trace_id": "t", "image_id": "i", "uuid": "u0", "is_finish": 0},
        {"content": '[{"trace_id": "t", "x": [{"image_id": "i", "y": {"uuid": "u0", "is_finish": "0"}}]}]'},
    ],
)
def test_questions_are_found_wherever_they_stand(nested: dict[str, object]) -> None:
    [question] = questions_in(nested)
    assert (question.trace_id, question.image_id, question.uuid) == ("t", "i", "u0")
    assert not question.finished
    assert question.fields["uuid"] == "u0"


def test_text_that_only_looks_like_json_holds_no_question() -> None:
    assert questions_in({"content": "{not json", "more": ["text", None, 3]}) == []


@pytest.mark.parametrize("word", [1, "1", True])
def test_a_finished_question_says_so(word: object) -> None:
    assert questions_in(answer(word))[0].finished


@pytest.mark.parametrize(
    ("body", "phase"),
    [
        (answer(0, 0), Phase.RUNNING),
        (answer(0, 1), Phase.SUCCEEDED),
        (answer(0, status="failed"), Phase.FAILED),
        ({"status": "success"}, Phase.SUCCEEDED),
        (answer(0, 0, 1), Phase.RUNNING),
    ],
)
def test_polling_goes_on_until_one_of_those_asked_for_is_finished(
    body: dict[str, object], phase: Phase
) -> None:
    assert read(body) is phase


def test_only_the_given_questions_are_asked_for() -> None:
    questions = [
        *questions_in(answer(0, 0)),
        *questions_in({**questions_in(answer(0))[0].fields, "image_id": "j"}),
    ]
    ref = homework_ref(questions)
    assert ref.id == "t/u0,u1,u0"
    fields = HOMEWORK.place(ref).fields
    images = [{"image_id": "i", "uuids": ["u0", "u1"]}, {"image_id": "j", "uuids": ["u0"]}]
    assert fields == {
        "agent_id": "intelligent_education_correction_polling",
        "custom_variables": {"trace_id": "t", "images": images},
    }
