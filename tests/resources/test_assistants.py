"""Assistants over a real socket: streams, lists, conversations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import error, hang_up, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import (
    APIStatusError,
    BadRequestError,
    InvalidArgument,
    MaybeSubmitted,
    StreamInterrupted,
)
from zhipu_async.simulator import Simulator
from zhipu_async.types.assistants import AssistantId


async def test_an_assistant_answers_in_a_stream(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    async with zhipu.assistants.stream(messages="hello") as stream:
        text = "".join([piece async for piece in stream.text()])
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path, seen.unknown_fields) == ("POST", "/api/paas/v4/assistant", ())
    assert seen.request_id
    assert {name: value for name, value in seen.body.items() if name != "request_id"} == {
        "assistant_id": AssistantId.CHATGLM,
        "model": "glm-4-assistant",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
        "stream": True,
    }
    result = stream.result
    assert text == result.text
    assert text
    assert (result.assistant_id, result.finish_reason) == (AssistantId.CHATGLM, "stop")
    assert result.usage.total_tokens == zhipu.usage["glm-4-assistant"].total_tokens


async def test_every_field_is_sent_as_it_is(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    first = await zhipu.assistants.stream(messages="hello", model="glm-4-alltools").finish()
    body = {
        "assistant_id": AssistantId.CHATGLM,
        "model": "glm-4-alltools",
        "messages": [{"role": "user", "content": "and now?"}],
        "stream": True,
        "conversation_id": first.conversation_id,
        "do_sample": False,
        "attachments": [{"file_id": "1"}],
        "metadata": {"mine": 1},
        "extra_parameters": {"translate": {"from": "en", "to": "zh"}},
        "user_id": "user-1",
        "request_id": "request-1",
    }
    second = await zhipu.assistants.stream(
        assistant_id=AssistantId.CHATGLM,
        model="glm-4-alltools",
        messages=[{"role": "user", "content": "and now?"}],
        conversation_id=first.conversation_id,
        do_sample=False,
        attachments=[{"file_id": "1"}],
        metadata={"mine": 1},
        extra_parameters={"translate": {"from": "en", "to": "zh"}},
        user_id="user-1",
        request_id="request-1",
    ).finish()
    assert zhipu_simulator.requests[-1].body == body
    assert zhipu_simulator.requests[-1].unknown_fields == ()
    assert second.conversation_id == first.conversation_id


async def test_a_drawn_picture_is_saved(zhipu: AsyncZhipuAI, tmp_path: Path) -> None:
    drawn = await zhipu.assistants.stream(messages="Draw a cat", assistant_id=AssistantId.DRAWING).finish()
    assert len(drawn.links) == 1
    saved = await drawn.save(tmp_path / "cat.png")
    assert saved.read_bytes().startswith(b"\x89PNG")


async def test_assistants_are_listed(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    everyone = await zhipu.assistants.list()
    assert zhipu_simulator.requests[-1].body == {"assistant_id_list": []}
    assert len(everyone.data) > 1
    assert [each async for each in zhipu.assistants.list()] == everyone.data
    one = await zhipu.assistants.list(assistant_id_list=[AssistantId.DRAWING])
    seen = zhipu_simulator.requests[-1]
    assert (seen.path, seen.body) == (
        "/api/paas/v4/assistant/list",
        {"assistant_id_list": [AssistantId.DRAWING]},
    )
    assert [each.assistant_id for each in one.data] == [AssistantId.DRAWING]
    assert one.data[0].name


@pytest.mark.parametrize("prompts", [["Draw a cat"], [{"prompt": "Draw a cat"}], [{"title": "Draw a cat"}]])
@pytest.mark.parametrize("moment", ["2024-01-02 10:00:00", 1704189600])
async def test_an_assistant_is_described_in_several_forms(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, prompts: list[object], moment: object
) -> None:
    one = {
        "assistant_id": "a1",
        "name": "n",
        "tags": [{"key": "k", "label": "l"}],
        "starter_prompts": prompts,
        "created_at": moment,
        "avatar": None,
    }
    zhipu_simulator.script(body={"success": True, "code": 200, "msg": "ok", "data": [one]})
    found = (await zhipu.assistants.list()).data[0]
    assert (found.prompts, found.tags[0].label, found.avatar) == (["Draw a cat"], "l", "")
    assert found.created_at == str(moment)


async def test_conversations_come_page_by_page_and_one_by_one(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    ids = [(await zhipu.assistants.stream(messages="hello").finish()).conversation_id for _ in range(5)]
    found = zhipu.assistants.conversations(assistant_id=AssistantId.CHATGLM, page=1, page_size=2)
    assert {conversation.id async for conversation in found} == set(ids)
    assert [request.body["page"] for request in zhipu_simulator.requests[-3:]] == [1, 2, 3]
    page = await zhipu.assistants.conversations(page_size=2)
    seen = zhipu_simulator.requests[-1]
    assert seen.path == "/api/paas/v4/assistant/conversation/list"
    assert seen.body == {"assistant_id": AssistantId.CHATGLM, "page": 1, "page_size": 2}
    assert page.has_more
    assert (len(page.conversation_list), page.assistant_id) == (2, AssistantId.CHATGLM)
    assert page.conversation_list[0].usage.total_tokens


async def test_lists_come_without_their_envelope_too(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    one = {"id": "c1", "assistant_id": "a1", "create_time": 1704189600}
    zhipu_simulator.script(body={"assistant_id": "a1", "has_more": False, "conversation_list": [one]})
    page = await zhipu.assistants.conversations()
    assert (page.conversation_list[0].id, page.conversation_list[0].create_time) == ("c1", "1704189600")


async def test_a_list_may_be_refused_with_status_200() -> None:
    refused = reply({"success": False, "code": 500, "msg": "no", "data": None})
    async with hostile(refused) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(APIStatusError, match="no"):
            await zhipu.assistants.list(max_retries=0)
        with pytest.raises(APIStatusError, match="no"):
            await zhipu.assistants.conversations(max_retries=0)


async def test_an_unknown_assistant_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(APIStatusError):
        await zhipu.assistants.stream(assistant_id="no such", messages="hi").open()
    with pytest.raises(APIStatusError):
        await zhipu.assistants.conversations(page_size=1000)


@pytest.mark.parametrize(
    "body", [{"code": 10013, "message": "no"}, {"error": {"code": "1214", "message": "no"}}]
)
@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_comes_in_either_envelope(body: dict[str, object], status: int) -> None:
    async with hostile(reply(body, status=status)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            with pytest.raises(APIStatusError, match="no"):
                await zhipu.assistants.stream(messages="hi").open()


async def test_a_cut_stream_says_what_had_come(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    told = {"id": "q", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]}
    zhipu_simulator.script(events=[told])
    stream = zhipu.assistants.stream(messages="hi")
    with pytest.raises(StreamInterrupted) as caught:
        await stream.finish()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hel"


async def test_a_turn_of_a_conversation_is_not_told_twice() -> None:
    async with hostile(hang_up, error("1214", 400)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            with pytest.raises(BadRequestError):
                await zhipu.assistants.stream(messages="hi").open()
            assert len(server.requests) == 2
            server.requests.clear()
            with pytest.raises(MaybeSubmitted):
                await zhipu.assistants.stream(messages="hi", conversation_id="c1").open()
    assert len(server.requests) == 1


async def test_no_messages_are_no_turn(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(InvalidArgument):
        zhipu.assistants.stream(messages=[])
