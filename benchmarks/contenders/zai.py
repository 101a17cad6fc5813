"""zai-sdk, the vendor's own: synchronous, so a crowd of it is a crowd of threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
from zai import ZhipuAiClient

from benchmarks.contenders.contender import (
    KEY,
    MESSAGES,
    MODEL,
    TEXTS,
    Contender,
    Messages,
    Vectors,
    checksum,
)

T = TypeVar("T")


class Zai(Contender):
    """ZhipuAiClient; its pool of 50 connections is raised, or its threads would wait for each other."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        limits = httpx.Limits(max_connections=2000, max_keepalive_connections=2000)
        http = httpx.Client(limits=limits, timeout=300, trust_env=False, base_url=self.base_url)
        self.client = ZhipuAiClient(api_key=KEY, base_url=self.base_url, max_retries=0, http_client=http)
        self._threads = ThreadPoolExecutor(1100)

    async def _run(self, work: Callable[[], T]) -> T:
        if not self.crowd:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def read(self) -> int:
        return await self._run(self._read)

    def _read(self) -> int:
        pieces: list[str] = []
        for chunk in self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            if content := chunk.choices[0].delta.content:
                pieces.append(content)
        return checksum(pieces)

    async def first(self) -> float:
        began = time.perf_counter()
        took = 0.0
        for _ in self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            took = took or time.perf_counter() - began
        return took

    async def call(self) -> None:
        await self._run(lambda: self._talk(MESSAGES))

    async def talk(self, messages: Messages) -> None:
        self._talk(messages)

    def _talk(self, messages: Messages) -> None:
        reply = self.client.chat.completions.create(model=MODEL, messages=messages)
        assert reply.choices[0].message.content  # type: ignore[union-attr]  # it was not asked for a stream

    async def embed(self, kind: Vectors) -> int:
        reply = self.client.embeddings.create(model="embedding-3", input=TEXTS)
        return len([item.embedding for item in reply.data])


make = Zai
