"""Programs whose tests mock aiohttp with aioresponses keep their mocks."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, Protocol

import aiohttp
import pytest
from aioresponses import aioresponses

from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import AccountError

URL = "https://open.bigmodel.cn/api/paas/v4/chat/completions"
STREAM = (
    b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"pie"}}]}\n\n'
    b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"ces"},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)

# aioresponses 0.7 does not know the argument that aiohttp 3.14 asks for.
WRITER: Any = SimpleNamespace(output_size=0)
Response = partial(aiohttp.ClientResponse, stream_writer=WRITER)

# It also leaves loops of its own unclosed; they must be gone before another test is blamed for them.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("_collected"),
]


@pytest.fixture
def _collected() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    gc.collect()


class Mock(Protocol):
    """The one method that these tests need, typed."""

    def post(self, url: str, *, response_class: object, **reply: object) -> None: ...


async def test_a_mocked_reply_is_an_answer() -> None:
    answer = {"id": "1", "choices": [{"message": {"role": "assistant", "content": "from a mock"}}]}
    with aioresponses() as mocked:
        _reply(mocked, payload=answer)
        async with AsyncZhipuAI("a.b") as zhipu:
            reply = await zhipu.chat.completions.create(model="glm-4.7", messages="x")
    assert reply.text == "from a mock"


async def test_a_mocked_refusal_is_an_error() -> None:
    with aioresponses() as mocked:
        _reply(mocked, status=429, payload={"error": {"code": "1113", "message": "no money"}})
        async with AsyncZhipuAI("a.b") as zhipu:
            with pytest.raises(AccountError, match="1113"):
                await zhipu.chat.completions.create(model="glm-4.7", messages="x")


async def test_a_mocked_stream_is_read() -> None:
    with aioresponses() as mocked:
        _reply(mocked, body=STREAM, content_type="text/event-stream")
        async with AsyncZhipuAI("a.b") as zhipu:
            async with zhipu.chat.completions.stream(model="glm-4.7", messages="x") as stream:
                pieces = [piece async for piece in stream.text()]
    assert pieces == ["pie", "ces"]


def _reply(mocked: Mock, **reply: object) -> None:
    mocked.post(URL, response_class=Response, **reply)
