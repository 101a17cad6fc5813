"""The official clients, unchanged, against the simulator: what they parse is what the platform sends."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any

import openai
import pydantic
import pytest
from zai import ZhipuAiClient
from zai.core import APIAuthenticationError, APIReachLimitError, APIRequestFailedError

from zhipu_async.simulator import Cut, Simulator, SimulatorThread
from zhipu_async.simulator.shapes import Body, array_of, is_object, object_of, objects_of, text_of

pytestmark = pytest.mark.peers

HI = [{"role": "user", "content": "Say hi"}]
ONE_PLUS_TWO = [{"role": "user", "content": "1 plus 2"}]
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers",
        "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}},
    },
}


@pytest.fixture(scope="module")
def shared() -> Generator[Simulator]:
    with SimulatorThread(Simulator(seed=1)) as sim:
        yield sim


@pytest.fixture
def sim(shared: Simulator) -> Simulator:
    shared.forget()
    return shared


@pytest.fixture
def zai(sim: Simulator) -> Generator[ZhipuAiClient]:
    with closing(ZhipuAiClient(api_key=sim.api_key, base_url=sim.base_url, max_retries=0)) as client:
        yield client


@pytest.fixture
def gpt(sim: Simulator) -> Generator[openai.OpenAI]:
    with openai.OpenAI(api_key=sim.api_key, base_url=sim.base_url, max_retries=0) as client:
        yield client


def plain(reply: object) -> Body:
    """What a client parsed, as plain JSON again."""
    assert isinstance(reply, pydantic.BaseModel)
    body: object = json.loads(reply.model_dump_json())
    assert is_object(body)
    return body


def message(reply: object) -> Body:
    return object_of(objects_of(plain(reply), "choices")[0], "message")


def deltas(chunks: Iterable[object]) -> str:
    choices = [choice for chunk in chunks for choice in objects_of(plain(chunk), "choices")]
    return "".join(text_of(object_of(choice, "delta"), "content") for choice in choices)


def test_zai_chats(zai: ZhipuAiClient) -> None:
    assert message(zai.chat.completions.create(model="glm-4.7", messages=HI))["content"] == "hi"


def test_zai_streams(zai: ZhipuAiClient) -> None:
    stream: object = zai.chat.completions.create(model="glm-4.7", messages=HI, stream=True)
    assert isinstance(stream, Iterable)
    assert deltas(stream) == "hi"


def test_zai_gets_calls(zai: ZhipuAiClient) -> None:
    call = objects_of(
        message(zai.chat.completions.create(model="glm-4.7", messages=ONE_PLUS_TWO, tools=[ADD])),
        "tool_calls",
    )[0]
    assert json.loads(text_of(object_of(call, "function"), "arguments")) == {"a": 1, "b": 2}


def test_zai_waits_for_tasks(zai: ZhipuAiClient) -> None:
    arguments: dict[str, Any] = {
        "model": "glm-4.5",
        "messages": HI,
    }  # the SDK's own type for messages is wrong here
    task = plain(zai.chat.asyncCompletions.create(**arguments))
    states = [
        plain(zai.chat.asyncCompletions.retrieve_completion_result(id=text_of(task, "id"))) for _ in range(2)
    ]
    assert [state["task_status"] for state in states] == ["PROCESSING", "SUCCESS"]


def test_zai_embeds(zai: ZhipuAiClient) -> None:
    vectors = objects_of(
        plain(zai.embeddings.create(model="embedding-3", input=["a", "b"], dimensions=256)), "data"
    )
    assert [len(array_of(vector, "embedding")) for vector in vectors] == [256, 256]


@pytest.mark.filterwarnings(
    "ignore:The HMAC key is"
)  # so it is on the real platform: secrets have 16 characters
def test_zai_signs_tokens(sim: Simulator) -> None:
    with closing(
        ZhipuAiClient(api_key=sim.api_key, base_url=sim.base_url, disable_token_cache=False)
    ) as client:
        assert message(client.chat.completions.create(model="glm-4.7", messages=HI))["content"] == "hi"
    assert sim.requests[0].headers["Authorization"].count(".") == 2


def test_zai_tells_errors_apart(zai: ZhipuAiClient, sim: Simulator) -> None:
    with pytest.raises(APIRequestFailedError, match="1211"):
        zai.chat.completions.create(model="nobody", messages=HI)
    sim.script(code="1302")
    with pytest.raises(APIReachLimitError, match="1302"):
        zai.chat.completions.create(model="glm-4.7", messages=HI)
    with (
        closing(ZhipuAiClient(api_key="some.body", base_url=sim.base_url, max_retries=0)) as stranger,
        pytest.raises(APIAuthenticationError, match="1000"),
    ):
        stranger.chat.completions.create(model="glm-4.7", messages=HI)


def test_openai_chats(gpt: openai.OpenAI) -> None:
    reply = gpt.chat.completions.create(model="glm-4.7", messages=[{"role": "user", "content": "Say hi"}])
    assert reply.choices[0].message.content == "hi"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_openai_streams(gpt: openai.OpenAI) -> None:
    with gpt.chat.completions.create(
        model="glm-4.7", messages=[{"role": "user", "content": "Say hi"}], stream=True
    ) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hi"
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_openai_streams_asynchronously_and_closes_early(sim: Simulator) -> None:
    async with openai.AsyncOpenAI(api_key=sim.api_key, base_url=sim.base_url) as client:
        stream = await client.chat.completions.create(
            model="glm-4.7", messages=[{"role": "user", "content": "Write 500 words"}], stream=True
        )
        async for chunk in stream:
            assert chunk.choices
            break
        await stream.close()


def test_openai_embeds_and_lists_models(gpt: openai.OpenAI) -> None:
    assert len(gpt.embeddings.create(model="embedding-3", input="x", dimensions=512).data[0].embedding) == 512
    assert "glm-4.7" in {model.id for model in gpt.models.list()}


def test_openai_retries_what_is_refused(sim: Simulator) -> None:
    sim.script(status=429, code="1302", times=2, headers={"retry-after-ms": "1"})
    with openai.OpenAI(api_key=sim.api_key, base_url=sim.base_url, max_retries=2) as client:
        client.chat.completions.create(model="glm-4.7", messages=[{"role": "user", "content": "x"}])
    assert [received.status for received in sim.requests] == [429, 429, 200]


def test_openai_notices_a_cut(gpt: openai.OpenAI, sim: Simulator) -> None:
    sim.script(pieces=["a", "b"], fault=Cut(after_events=1))
    stream = gpt.chat.completions.create(
        model="glm-4.7", messages=[{"role": "user", "content": "x"}], stream=True
    )
    with pytest.raises(Exception, match=r"Connection error|peer closed"):  # its type differs between versions
        list(stream)


def test_openai_tells_errors_apart(gpt: openai.OpenAI, sim: Simulator) -> None:
    with pytest.raises(openai.BadRequestError, match="model does not exist"):
        gpt.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "x"}])
    with (
        openai.OpenAI(api_key="nobody", base_url=sim.base_url) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()
