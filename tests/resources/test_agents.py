"""Agents over a real socket: every agent with its variables, whole, streamed and as a task."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hostile import error, hang_up, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import (
    BadRequestError,
    ContentBlocked,
    MaybeSubmitted,
    NotFoundError,
    StreamClosed,
    StreamFailed,
    TaskFailed,
    UsageError,
)
from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.types.agent_request import AgentVariables
from zhipu_async.types.agents import AgentId

TEXT = {"type": "text", "text": "hello"}
FILE = {"type": "file_id", "file_id": "agent-1"}
IMAGE = {"type": "image_url", "image_url": "https://example.com/a.png"}
CHECK: AgentVariables = {"default_fields": ["solution"], "custom_fields": [{"name": "rule"}]}
EN_ZH = {"source_lang": "en", "target_lang": "zh-CN"}
ANALYSIS: AgentVariables = {"question": "1+1", "image_id": "i", "uuid": "u", "trace_id": "t"}
TRANSLATION: AgentVariables = {
    "source_lang": "auto",
    "target_lang": "en-GB",
    "glossary": "g-1",
    "strategy": "cot",
    "strategy_config": {"general": {"suggestion": "formal"}, "cot": {"reason_lang": "to"}},
}

WHOLE: list[tuple[str, list[dict[str, str]], AgentVariables | None]] = [
    (AgentId.GENERAL_TRANSLATION, [TEXT], TRANSLATION),
    (AgentId.SOCIAL_TRANSLATION, [TEXT], {**EN_ZH, "style": "鲁迅风格"}),
    (AgentId.LITERATURE_TRANSLATION, [TEXT], EN_ZH),
    (AgentId.CARTOON, [TEXT, IMAGE], None),
    (AgentId.DRAWING, [TEXT], {"size": "1024*1024"}),
    (AgentId.RECEIPT_RECOGNITION, [FILE, TEXT], None),
    (AgentId.CLOTHES_RECOGNITION, [FILE], None),
    (AgentId.CONTRACT_PARSER, [FILE], {"default_fields": ["amount"], "custom_fields": [{"term": "rule"}]}),
    (AgentId.WINNING_BID_PARSER, [TEXT], {"custom_fields": [{"winner": "rule"}]}),
    (AgentId.TENDER_PARSER, [TEXT], {"custom_fields": [{"tenderer": "rule"}]}),
    (AgentId.SERVICE_CHECK, [TEXT], CHECK),
    (AgentId.SALES_CHECK, [TEXT], {"default_fields": ["self_intro"], "rate": "基础评分"}),
    (AgentId.JOB_MATCHING, [FILE, TEXT], {"job_description": "welder"}),
    (AgentId.HOMEWORK_CORRECTION, [IMAGE], None),
]
STREAMED: list[tuple[str, list[dict[str, str]], AgentVariables | None]] = [
    (AgentId.GENERAL_TRANSLATION, [TEXT], {"target_lang": "en"}),
    (AgentId.SLIDES, [TEXT], None),
    (AgentId.HOMEWORK_SOLVING, [IMAGE], None),
    (AgentId.HOMEWORK_ANALYSIS, [TEXT], ANALYSIS),
]
AS_TASKS: list[tuple[str, list[dict[str, str]], AgentVariables | None]] = [
    (
        AgentId.DOCUMENT_TRANSLATION,
        [FILE],
        {"from_lang": "English", "to_lang": "German", "should_translate_image": True},
    ),
    (AgentId.VIDEO_TEMPLATE, [TEXT, IMAGE], {"template": "bodyshake"}),
]


def user(*contents: Mapping[str, object]) -> list[Mapping[str, object]]:
    return [{"role": "user", "content": contents}]


@pytest.fixture
def zhipu(zhipu: AsyncZhipuAI) -> AsyncZhipuAI:
    zhipu.tasks.polling.scale = 0.002
    return zhipu


# ── every agent ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("agent_id", "contents", "variables"), WHOLE)
async def test_an_agent_answers_whole(
    zhipu: AsyncZhipuAI,
    zhipu_simulator: Simulator,
    agent_id: str,
    contents: list[dict[str, str]],
    variables: AgentVariables | None,
) -> None:
    answer = await zhipu.agents.invoke(
        agent_id=agent_id, messages=user(*contents), custom_variables=variables
    )
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path, seen.unknown_fields) == ("POST", "/api/v1/agents", ())
    assert seen.body.get("custom_variables") == variables
    assert seen.body["messages"] == [{"role": "user", "content": contents}]
    assert answer.agent_id == agent_id
    assert answer.finish_reason == "stop"
    assert answer.text or answer.links or answer.parts[0].details


@pytest.mark.parametrize(("agent_id", "contents", "variables"), STREAMED)
async def test_an_agent_answers_in_a_stream(
    zhipu: AsyncZhipuAI,
    zhipu_simulator: Simulator,
    agent_id: str,
    contents: list[dict[str, str]],
    variables: AgentVariables | None,
) -> None:
    stream = zhipu.agents.stream(agent_id=agent_id, messages=user(*contents), custom_variables=variables)
    async with stream:
        text = "".join([piece async for piece in stream.text()])
    assert zhipu_simulator.requests[-1].body["stream"] is True
    assert text
    assert text == stream.result.text
    assert stream.result.agent_id == agent_id
    assert stream.result.usage.total_tokens
    assert stream.result.meta.log_id


@pytest.mark.parametrize(("agent_id", "contents", "variables"), AS_TASKS)
async def test_an_agent_works_on_a_task(
    zhipu: AsyncZhipuAI,
    zhipu_simulator: Simulator,
    tmp_path: Path,
    agent_id: str,
    contents: list[dict[str, str]],
    variables: AgentVariables | None,
) -> None:
    task = await zhipu.agents.submit(
        agent_id=agent_id, messages=user(*contents), custom_variables=variables, request_id="request-1"
    )
    answer = await task
    poll = zhipu_simulator.requests[-1]
    assert (poll.path, poll.unknown_fields) == ("/api/v1/agents/async-result", ())
    assert poll.body == {"async_id": task.id, "agent_id": agent_id}
    assert answer.status == "success"
    assert (await answer.save(tmp_path / "made")).stat().st_size > 0
    again = await zhipu.tasks.attach(str(task.ref))
    assert again == answer


async def test_subtitles_go_as_a_plain_string(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    variables = {"language": "Japanese"}
    answer = await zhipu.agents.invoke(
        agent_id=AgentId.SUBTITLE_TRANSLATION, messages="你好", custom_variables=variables
    )
    assert zhipu_simulator.requests[-1].body["messages"] == [{"role": "user", "content": "你好"}]
    assert answer.messages[0].content == answer.text


async def test_every_other_field_is_sent_as_it_is(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    body = {
        "agent_id": "general_translation",
        "messages": [{"role": "user", "content": "hi"}],
        "conversation_id": "c-1",
        "request_id": "request-1",
        "user_id": "user-1",
        "sensitive_word_check": {"type": "ALL", "status": "DISABLE"},
    }
    await zhipu.agents.invoke(
        agent_id="general_translation",
        messages="hi",
        conversation_id="c-1",
        request_id="request-1",
        user_id="user-1",
        sensitive_word_check={"type": "ALL", "status": "DISABLE"},
    )
    assert zhipu_simulator.requests[-1].body == body
    stream = zhipu.agents.stream(
        agent_id="general_translation",
        messages="hi",
        conversation_id="c-1",
        request_id="request-2",
        user_id="user-1",
        sensitive_word_check={"type": "ALL", "status": "DISABLE"},
    )
    assert (await stream.finish()).text
    assert zhipu_simulator.requests[-1].body == {**body, "request_id": "request-2", "stream": True}


async def test_an_agent_newer_than_the_library_can_be_called() -> None:
    shapes = {"id": "1", "choices": [{"message": {"role": "assistant", "content": [{"text": "a", "x": 1}]}}]}
    async with hostile(reply(shapes)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        answer = await zhipu.agents.invoke(agent_id="new", messages="hi", custom_variables={"new": [1]})
    assert server.requests[0].target == "/api/v1/agents"
    assert server.requests[0].json["custom_variables"] == {"new": [1]}
    assert answer.text == "a"
    assert answer.raw == shapes
    assert pickle.loads(pickle.dumps(answer)) == answer


async def test_each_agent_has_limits_of_its_own(zhipu: AsyncZhipuAI) -> None:
    await zhipu.agents.invoke(agent_id="general_translation", messages="hi")
    assert zhipu.usage["general_translation"].total_tokens > 0


# ── slides ─────────────────────────────────────────────────────────────────────────────────────────


async def test_slides_go_on_and_are_exported(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    first = await zhipu.agents.stream(agent_id=AgentId.SLIDES, messages="cats").finish()
    assert {message.phase for message in first.messages} == {"thinking", "tool", "answer"}
    assert next(part.step.tool_name for part in first.parts if part.details) == "search"
    second = await zhipu.agents.stream(
        agent_id=AgentId.SLIDES, messages="more", conversation_id=first.conversation_id
    ).finish()
    assert second.conversation_id == first.conversation_id
    exported = await zhipu.agents.conversation(
        conversation_id=first.conversation_id,
        custom_variables={
            "include_pdf": True,
            "include_html": True,
            "pages": [{"position": 1, "width": 33.8, "height": 19.0}],
        },
    )
    seen = zhipu_simulator.requests[-1]
    assert (seen.path, seen.unknown_fields) == ("/api/v1/agents/conversation", ())
    assert seen.body == {
        "agent_id": "slides_glm_agent",
        "conversation_id": first.conversation_id,
        "custom_variables": {
            "include_pdf": True,
            "include_html": True,
            "pages": [{"position": 1, "width": 33.8, "height": 19.0}],
        },
    }
    assert len(exported.links) == 4
    assert exported.parts[1].tag_en == "PDF"


@pytest.mark.parametrize("spelling", ["message", "messages"])
async def test_an_export_is_spelled_in_two_ways(
    zhipu_simulator: Simulator, zhipu: AsyncZhipuAI, spelling: str
) -> None:
    part = {"type": "file_url", "tag_en": "PDF", "file_url": "https://example.com/d.pdf"}
    said = [{"role": "assistant", "content": [part]}]
    zhipu_simulator.script(body={"conversation_id": "c-1", "choices": [{spelling: said}]})
    exported = await zhipu.agents.conversation(conversation_id="c-1")
    assert exported.links == ["https://example.com/d.pdf"]
    assert exported.choices[0].messages[0].parts[0].tag_en == "PDF"


async def test_what_could_not_be_exported_is_told_beside_what_could() -> None:
    said = [{"role": "assistant", "content": [{"type": "file_url", "file_url": "https://example.com/d.pdf"}]}]
    half = {"choices": [{"message": said}], "error": {"code": "1234", "message": "no html"}}
    async with hostile(reply(half)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        exported = await zhipu.agents.conversation(conversation_id="c-1")
    assert exported.links == ["https://example.com/d.pdf"]
    assert (exported.error.code, exported.error.message) == ("1234", "no html")


@pytest.mark.parametrize("choices", [None, [], [{}], [{"message": []}], "none"])
async def test_an_export_without_anything_is_its_error(choices: object) -> None:
    nothing = {"choices": choices, "error": {"code": "1222", "message": "no such conversation"}}
    async with hostile(reply(nothing)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(NotFoundError):
            await zhipu.agents.conversation(conversation_id="c-1")


# ── what goes wrong ────────────────────────────────────────────────────────────────────────────────


async def test_a_refusal_is_raised(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.agents.invoke(agent_id="no_such_agent", messages="hi")
    assert caught.value.code == "1214"


async def test_a_failure_told_with_status_200_is_raised() -> None:
    refused = {
        "agent_id": "vidu_template_agent",
        "status": "failed",
        "error": {"code": "1301", "message": "no"},
    }
    async with hostile(reply(refused)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(ContentBlocked):
            await zhipu.agents.invoke(agent_id="vidu_template_agent", messages="hi")
        with pytest.raises(ContentBlocked):
            await zhipu.agents.submit(agent_id="vidu_template_agent", messages="hi")
        with pytest.raises(ContentBlocked):
            await zhipu.agents.conversation(conversation_id="c-1")


async def test_a_task_that_fails_says_why(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(fault=TaskFails())
    task = await zhipu.agents.submit(
        agent_id="vidu_template_agent", messages=user(TEXT, IMAGE), custom_variables={"template": "sexy_me"}
    )
    with pytest.raises(TaskFailed) as caught:
        await task
    assert caught.value.code == "1234"
    answer = await zhipu.agents.async_result(agent_id="vidu_template_agent", async_id=task.id)
    assert (answer.status, answer.error.code) == ("failed", "1234")


async def test_the_code_of_a_failed_task_may_be_a_number(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(body={"status": "failed", "error": {"code": 1234, "message": "no"}})
    answer = await zhipu.agents.async_result(agent_id="vidu_template_agent", async_id="1")
    assert (answer.error.code, answer.error.message) == ("1234", "no")


async def test_an_error_in_mid_stream_keeps_what_had_come(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    said = {
        "agent_id": "a",
        "choices": [{"index": 0, "delta": {"content": {"type": "text", "text": "Good "}}}],
    }
    refused = {"agent_id": "a", "error": {"code": "1301", "message": "unsafe"}}
    zhipu_simulator.script(events=[said, refused])
    stream = zhipu.agents.stream(agent_id="general_translation", messages="hi")
    with pytest.raises(StreamFailed) as caught:
        await stream.finish()
    assert caught.value.partial is not None
    assert caught.value.partial.text == stream.partial.text == "Good "
    with pytest.raises(StreamClosed, match="not whole"):
        _ = stream.result


async def test_a_refusal_before_the_stream_is_that_refusal(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.agents.stream(agent_id="no_such_agent", messages="hi").open()


async def test_leaving_a_stream_early_closes_it(zhipu: AsyncZhipuAI) -> None:
    async with zhipu.agents.stream(agent_id="slides_glm_agent", messages="hi") as stream:
        async for _ in stream.text():
            break
        with pytest.raises(StreamClosed):
            await anext(stream)


async def test_a_lost_answer_is_asked_for_once_more() -> None:
    fine = reply({"id": "1", "choices": [{"messages": [{"role": "assistant", "content": "a"}]}]})
    async with hostile(hang_up, fine) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert (await zhipu.agents.invoke(agent_id="a", messages="hi")).text == "a"
    assert len(server.requests) == 2


async def test_a_task_or_a_turn_of_a_conversation_is_not_sent_twice() -> None:
    async with hostile(hang_up) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted):
            await zhipu.agents.invoke(agent_id="a", messages="hi", conversation_id="c-1")
        with pytest.raises(MaybeSubmitted):
            await zhipu.agents.stream(agent_id="a", messages="hi", conversation_id="c-1").open()
        with pytest.raises(MaybeSubmitted):
            await zhipu.agents.submit(agent_id="a", messages="hi")
    assert len(server.requests) == 3


async def test_an_async_result_may_be_refused() -> None:
    async with hostile(error("1214", 400)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(BadRequestError):
            await zhipu.agents.async_result(agent_id="a", async_id="1")
        with pytest.raises(BadRequestError):
            await zhipu.agents.conversation(conversation_id="c-1")


async def test_messages_are_looked_at_before_anything_is_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    with pytest.raises(UsageError):
        zhipu.agents.stream(agent_id="a", messages=[])
    assert zhipu_simulator.requests == []


async def test_an_agent_that_nobody_named_is_the_platforms_to_refuse(zhipu: AsyncZhipuAI) -> None:
    nobody: str = os.environ.get("ZHIPU_NO_SUCH_VARIABLE")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    with pytest.raises(BadRequestError, match="1213"):
        await zhipu.agents.invoke(agent_id=nobody, messages="hi")
    with pytest.raises(BadRequestError):
        await zhipu.applications.invoke(app_id=nobody, messages="hi")
