"""Homework over a real socket: handed in, given back question by question, explained."""

from __future__ import annotations

import json

import pytest

from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIResponseError, InvalidArgument
from zhipu_async.simulator import Simulator
from zhipu_async.types.agent_request import AgentMessageParam
from zhipu_async.types.agents import AgentId, AgentReply
from zhipu_async.types.base import Meta, attach

PAGE: list[AgentMessageParam] = [
    {"role": "user", "content": {"type": "image_url", "image_url": "https://example.com/a.png"}}
]


@pytest.fixture
def zhipu(zhipu: AsyncZhipuAI) -> AsyncZhipuAI:
    zhipu.tasks.polling.scale = 0.002
    return zhipu


async def test_homework_is_given_back_question_by_question(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    first = await zhipu.agents.invoke(agent_id=AgentId.HOMEWORK_CORRECTION, messages=PAGE)
    questions = [question async for question in zhipu.agents.corrections(first)]
    assert len({question.uuid for question in questions}) == 3
    assert all(question.finished and question.fields["comment"] for question in questions)
    polled = zhipu_simulator.requests[-1].body
    assert polled["agent_id"] == AgentId.HOMEWORK_POLLING
    explained = await zhipu.agents.stream(
        agent_id=AgentId.HOMEWORK_ANALYSIS,
        messages="why?",
        custom_variables={
            "question": "1+1",
            "image_id": questions[0].image_id,
            "uuid": questions[0].uuid,
            "trace_id": questions[0].trace_id,
        },
    ).finish()
    assert explained.text


async def test_homework_can_be_asked_for_by_hand(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    first = await zhipu.agents.invoke(agent_id=AgentId.HOMEWORK_CORRECTION, messages=PAGE)
    found = [question async for question in zhipu.agents.corrections(first)][-1]
    variables = {
        "trace_id": found.trace_id,
        "images": [{"image_id": found.image_id, "uuids": [found.uuid]}],
    }
    answer = await zhipu.agents.async_result(
        agent_id=AgentId.HOMEWORK_POLLING, custom_variables=variables, conversation_id="c-1"
    )
    assert zhipu_simulator.requests[-1].body == {
        "agent_id": AgentId.HOMEWORK_POLLING,
        "custom_variables": variables,
        "conversation_id": "c-1",
    }
    assert answer.status == "success"


def homework(*questions: dict[str, object], **more: object) -> AgentReply:
    answer = AgentReply()
    attach(answer, Meta(), json.dumps({"questions": questions, **more}).encode())
    return answer


async def test_homework_without_a_trace_cannot_be_asked_for(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(InvalidArgument, match="trace_id"):
        await anext(zhipu.agents.corrections(homework({"uuid": "u", "is_finish": 0})))


async def test_an_answer_without_questions_is_not_asked_for_forever(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(body={"status": "success", "choices": []})
    with pytest.raises(APIResponseError, match="no question"):
        await anext(zhipu.agents.corrections(homework({"uuid": "u", "is_finish": 0}, trace_id="t")))
