"""The official clients' calls, one after the other and unchanged: the simulator takes every one of them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import Any

import openai
import pytest
from zai import ZhipuAiClient

from zhipu_async.simulator import Simulator, SimulatorThread
from zhipu_async.simulator.shapes import Body

from .official_calls import CALLS, CHAT, OPENAI, POLLS, SUBMISSIONS, UNDOCUMENTED, cases, name
from .older_calls import OWN, RETIRED, SUBMITTED, both

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module", params=[0, 1], ids=["documented", "quirky"])
def sim(request: pytest.FixtureRequest) -> Generator[Simulator]:
    seed: int = request.param
    with SimulatorThread(Simulator(seed=seed)) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def zai(sim: Simulator) -> Generator[Any]:
    with closing(ZhipuAiClient(api_key=sim.api_key, base_url=sim.base_url, max_retries=0)) as client:
        yield client


@pytest.fixture(scope="module")
def gpt(sim: Simulator) -> Generator[Any]:
    with openai.OpenAI(api_key=sim.api_key, base_url=sim.base_url, max_retries=0) as client:
        yield client


def call(sim: Simulator, client: Any, method: str, arguments: Body) -> Any:
    """Make the call, read all of its stream, and look at what came in."""
    sim.forget()
    reply: Any = attrgetter(method)(client)(**arguments)
    chunks: list[Any] = list(reply) if arguments.get("stream") else [reply]
    assert chunks
    [request] = sim.requests
    assert request.status == 200
    assert set(request.unknown_fields) <= UNDOCUMENTED
    return chunks[-1]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("arguments", CHAT.values(), ids=CHAT)
def test_zai_chats(sim: Simulator, zai: Any, arguments: Body, stream: bool) -> None:
    ended = call(sim, zai, "chat.completions.create", {"model": "glm-4.7", **arguments, "stream": stream})
    assert ended.choices[0].finish_reason in ("stop", "tool_calls", "length")
    assert ended.usage.total_tokens == ended.usage.prompt_tokens + ended.usage.completion_tokens


@pytest.mark.parametrize(("method", "arguments"), cases(CALLS), ids=name)
def test_zai_calls(sim: Simulator, zai: Any, method: str, arguments: Body) -> None:
    assert call(sim, zai, method, arguments) is not None


@pytest.mark.parametrize(("method", "arguments"), cases(SUBMISSIONS), ids=name)
def test_zai_submits_and_polls(sim: Simulator, zai: Any, method: str, arguments: Body) -> None:
    task = call(sim, zai, method, arguments)
    looks = [attrgetter(POLLS[method])(zai)(id=task.id) for _ in range(2)]
    assert [look.task_status for look in looks] == ["PROCESSING", "SUCCESS"]


@pytest.mark.parametrize(("method", "arguments"), cases(OPENAI), ids=name)
def test_openai_calls(sim: Simulator, gpt: Any, method: str, arguments: Body) -> None:
    assert call(sim, gpt, method, arguments) is not None


def test_there_are_as_many_calls_as_the_documentation_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    zai = 2 * len(CHAT) + len(cases(CALLS)) + len(cases(SUBMISSIONS))
    gpt = len(cases(OPENAI))
    older = len(both() + cases(OWN) + SUBMITTED)
    assert f"{zai + older + gpt} different calls" in page
    assert f"{zai} with zai-sdk, {older} with zhipuai, {gpt} with openai" in page
    assert f"{sum(map(len, RETIRED.values()))} calls of zhipuai" in page
