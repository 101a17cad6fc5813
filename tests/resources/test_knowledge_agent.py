"""The agent that answers from knowledge bases, over a real socket."""

from __future__ import annotations

import pytest

from tests.hostile import error, hang_up, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIStatusError, MaybeSubmitted, NotFoundError, StreamFailed
from zhipu_async.simulator import Simulator
from zhipu_async.types.knowledge_agent import EventType, Question, Retrieval


async def base(zhipu: AsyncZhipuAI) -> Retrieval:
    made = await zhipu.knowledge.create(name="leave", embedding_id=3)
    return {"know_ids": [made.id]}


async def test_a_question_is_answered_from_a_knowledge_base(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    retrieval: Retrieval = {
        **await base(zhipu),
        "top_k": 8,
        "top_n": 10,
        "enable_rerank": True,
        "similarity_threshold": 0.2,
    }
    question: Question = {
        "role": "user",
        "content": [
            {"type": "text", "text": "How many leave days?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ],
    }
    async with zhipu.knowledge_agent.stream(
        messages=[question],
        retrieval=retrieval,
        model="glm-5v-turbo",
        temperature=0.7,
        max_steps=5,
        enable_thinking=True,
    ) as stream:
        events = [event async for event in stream]
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path, seen.unknown_fields) == ("POST", "/api/zrag/agent/chat", ())
    assert seen.body == {
        "messages": [question],
        "retrieval": retrieval,
        "model": "glm-5v-turbo",
        "temperature": 0.7,
        "max_steps": 5,
        "enable_thinking": True,
    }
    assert {EventType.REASONING, EventType.TOOL_CALL, EventType.DONE} <= {event.type for event in events}
    answer = stream.result
    assert answer.text
    assert answer.reasoning
    assert [step.tool_name for step in answer.steps] == ["knowledge_retrieval"] * 2
    assert zhipu.usage["glm-5v-turbo"].total_tokens == answer.usage.total_tokens > 0


async def test_one_asks_on_in_the_same_session(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    retrieval = await base(zhipu)
    first = await zhipu.knowledge_agent.ask(messages="How many leave days?", retrieval=retrieval)
    second = await zhipu.knowledge_agent.ask(
        messages="And in May?",
        retrieval=retrieval,
        session_id=first.session_id,
        model="glm-5v-turbo",
        temperature=0.5,
        max_steps=2,
        enable_thinking=False,
    )
    seen = zhipu_simulator.requests[-1]
    assert seen.headers["X-Session-Id"] == first.session_id == second.session_id
    assert seen.body["messages"] == [{"role": "user", "content": "And in May?"}]
    assert second.meta.log_id


async def test_a_missing_base_is_told_before_the_stream(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(NotFoundError):
        await zhipu.knowledge_agent.ask(messages="hi", retrieval={"know_ids": ["1"]})


@pytest.mark.parametrize(
    "body", [{"code": 10013, "message": "no", "timestamp": 1}, {"code": 404, "msg": "no"}]
)
async def test_a_refusal_with_status_200_is_raised(body: dict[str, object]) -> None:
    async with hostile(reply(body)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(APIStatusError, match="no"):
            await zhipu.knowledge_agent.stream(messages="hi", retrieval={"know_ids": ["1"]}).open()


async def test_an_error_event_keeps_what_had_come(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    retrieval = await base(zhipu)
    told = {"type": "answer", "sessionId": "s-1", "data": "Ten "}
    lost = {"type": "error", "sessionId": "s-1", "data": {"message": "lost"}}
    zhipu_simulator.script(events=[told, lost])
    stream = zhipu.knowledge_agent.stream(messages="hi", retrieval=retrieval)
    with pytest.raises(StreamFailed, match="lost"):
        await stream.finish()
    assert stream.partial.text == "Ten "
    assert stream.partial.session_id == "s-1"


async def test_a_turn_of_a_session_is_not_told_twice() -> None:
    async with hostile(hang_up, error("1214", 400)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            with pytest.raises(MaybeSubmitted):
                await zhipu.knowledge_agent.ask(
                    messages="hi", retrieval={"know_ids": ["1"]}, session_id="s-1"
                )
    assert len(server.requests) == 1
