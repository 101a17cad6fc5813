"""Assistants in the simulator: streams with tools, and conversations the platform keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from zhipu_async.simulator import Simulator
from zhipu_async.simulator.shapes import Body, number_of, object_of, objects_of, text_of

from .asking import first, payloads
from .conftest import Caller, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

GLM = "65940acff94777010aa6b796"


@pytest.fixture
async def sim() -> AsyncGenerator[Simulator]:
    async with Simulator(seed=0) as simulator:  # answers in the form of the documents
        yield simulator


async def ask(caller: Caller, question: str, assistant: str = GLM, /, **body: object) -> Reply:
    messages = [{"role": "user", "content": [{"type": "text", "text": question}]}]
    fields = {"assistant_id": assistant, "model": "glm-4-assistant", "messages": messages, "stream": True}
    return await caller.send("POST", "/assistant", body={**fields, **body})


def deltas(reply: Reply) -> list[Body]:
    return [object_of(first(chunk, "choices"), "delta") for chunk in payloads(reply)]


def told(reply: Reply) -> str:
    return "".join(text_of(delta, "content") for delta in deltas(reply))


async def test_an_assistant_streams_its_answer(caller: Caller) -> None:
    reply = await ask(caller, "hello")

    chunks = payloads(reply)
    assert told(reply) == 'You asked: "hello".'
    assert [chunk["status"] for chunk in chunks[:-1]] == ["in_process"] * (len(chunks) - 1)
    assert (chunks[-1]["status"], first(chunks[-1], "choices")["finish_reason"]) == ("completed", "stop")
    assert deltas(reply)[-1] == {"role": "assistant", "metadata": {}}
    assert len(str(chunks[0]["created"])) == 13
    assert "[DONE]" not in reply.text
    assert number_of(object_of(chunks[-1], "usage"), "total_tokens") > 0


async def test_an_odd_seed_ends_the_stream_with_done(session: aiohttp.ClientSession) -> None:
    async with Simulator(seed=1) as sim:
        assert (await ask(Caller(sim, session), "hello")).text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("assistant", "tool", "parts"),
    [
        ("659e54b1b8006379b4b2abd6", "web_browser", ["input", "outputs"]),
        ("65a265419d72d299a9230616", "code_interpreter", ["input", "outputs"]),
        ("66437ef3d920bdc5c60f338e", "drawing_tool", ["input", "outputs"]),
        ("663058948bb259b7e8a22730", "retrieval", ["outputs"]),
    ],
)
async def test_tools_tell_input_and_outputs_apart(
    caller: Caller, assistant: str, tool: str, parts: list[str]
) -> None:
    reply = await ask(caller, "cats", assistant)

    calls = [first(delta, "tool_calls") for delta in deltas(reply) if delta["role"] == "tool"]
    assert {call["type"] for call in calls} == {tool}
    assert [name for call in calls for name in object_of(call, tool)] == parts


async def test_the_platform_keeps_the_context(caller: Caller) -> None:
    conversation = payloads(await ask(caller, "one"))[0]["conversation_id"]

    reply = await ask(caller, "two", conversation_id=conversation)

    assert told(reply) == 'You asked: "two". Before that: "one".'
    assert {chunk["conversation_id"] for chunk in payloads(reply)} == {conversation}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"assistant_id": None}, 1213),
        ({"assistant_id": "0"}, 1214),
        ({"model": "glm-4.7"}, 1212),
        ({"stream": False}, 1212),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, 1214),
        ({"conversation_id": "0"}, 1214),
        ({"request_id": "short"}, 1214),
        ({"messages": [{"role": "user", "content": "[unsafe]"}]}, 1301),
    ],
)
async def test_refusals_are_flat(caller: Caller, changed: Body, code: int) -> None:
    reply = await ask(caller, "hello", **changed)

    assert (reply.status, reply.json["code"], set(reply.json)) == (400, code, {"code", "message"})


async def test_assistants_are_listed(caller: Caller) -> None:
    every = (await caller.post("/assistant/list", assistant_id_list=[])).json
    one = (await caller.post("/assistant/list", assistant_id_list=[GLM])).json

    assert (every["success"], every["code"], every["msg"]) == (True, 200, "ok")
    assert len(objects_of(every, "data")) == 12
    assert [assistant["name"] for assistant in objects_of(one, "data")] == ["ChatGLM"]
    assert (await caller.post("/assistant/list")).code == "1213"


async def conversations(caller: Caller, **body: object) -> Body:
    reply = await caller.post("/assistant/conversation/list", assistant_id=GLM, **body)
    return object_of(reply.json, "data")


async def test_conversations_are_listed_in_pages(caller: Caller) -> None:
    made = [payloads(await ask(caller, str(number)))[0]["conversation_id"] for number in range(3)]
    await ask(caller, "again", conversation_id=made[0])

    page = await conversations(caller, page=1, page_size=2)
    rest = await conversations(caller, page=2, page_size=2)

    assert [one["id"] for one in objects_of(page, "conversation_list")] == [made[2], made[1]]
    assert [one["id"] for one in objects_of(rest, "conversation_list")] == [made[0]]
    assert (page["has_more"], rest["has_more"]) == (True, False)
    used = [object_of(one, "usage") for one in objects_of(rest, "conversation_list")]
    assert number_of(used[0], "prompt_tokens") > 1


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "1213"), ({"assistant_id": "0"}, "1214"), ({"assistant_id": GLM, "page_size": 101}, "1214")],
)
async def test_a_list_of_conversations_that_cannot_be_given_is_refused(
    caller: Caller, body: Body, code: str
) -> None:
    assert (await caller.post("/assistant/conversation/list", **body)).code == code
