"""A simulator and a bare HTTP client, without the library's own client."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import pytest

from zhipu_async.simulator import Simulator
from zhipu_async.simulator.shapes import is_array, is_object, object_of, objects_of, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

Json = dict[str, object]


@dataclass
class Reply:
    """One HTTP answer, read whole."""

    status: int
    content_type: str
    content: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def json(self) -> Json:
        value: Json = json.loads(self.content)
        return value

    @property
    def code(self) -> str:
        """The business code of an error body."""
        return text_of(object_of(self.json, "error"), "code")

    def at(self, *path: str | int) -> object:
        """Walk into the body."""
        value: object = self.json
        for step in path:
            if isinstance(step, int):
                assert is_array(value)
                value = value[step]
            else:
                assert is_object(value)
                value = value[step]
        return value

    def items(self, *path: str | int) -> list[Json]:
        """Walk to a list of objects in the body."""
        found = self.at(*path)
        assert is_array(found)
        return [item for item in found if is_object(item)]

    @property
    def deltas(self) -> list[Json]:
        """The delta of each event of a chat stream."""
        return [object_of(objects_of(event, "choices")[0], "delta") for event in self.events]

    @property
    def events(self) -> list[Json]:
        """The events of a stream that ended with [DONE]."""
        payloads = [
            line.removeprefix("data: ") for line in self.text.split("\n\n") if line.startswith("data: ")
        ]
        assert payloads[-1] == "[DONE]"
        return [json.loads(payload) for payload in payloads[:-1]]


class Caller:
    """Sends requests to one simulator with its key."""

    def __init__(self, sim: Simulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.session = session

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: object = None,
        data: bytes | aiohttp.FormData | None = None,
        auth: bool = True,
    ) -> Reply:
        url = path if path.startswith("http") else self.sim.base_url + path
        sent = dict(headers or {})
        if auth:
            sent.setdefault("Authorization", f"Bearer {self.sim.api_key}")
        async with self.session.request(method, url, headers=sent, json=body, data=data) as response:
            content = await response.read()
            return Reply(response.status, response.content_type, content, dict(response.headers))

    async def post(self, path: str, /, **body: object) -> Reply:
        return await self.send("POST", path, body=body)

    async def get(self, path: str) -> Reply:
        return await self.send("GET", path)

    async def chat(self, prompt: str = "hello", /, **body: object) -> Reply:
        """A chat completion, with defaults for what the test does not care for."""
        body = {"model": "glm-4.7", "messages": [{"role": "user", "content": prompt}], **body}
        return await self.send("POST", "/chat/completions", body=body)


@pytest.fixture
async def sim() -> AsyncGenerator[Simulator]:
    async with Simulator(seed=1) as simulator:
        yield simulator


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:
        yield opened


@pytest.fixture
def caller(sim: Simulator, session: aiohttp.ClientSession) -> Caller:
    return Caller(sim, session)
