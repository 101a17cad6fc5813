"""openai's client as it comes, on httpx."""

from __future__ import annotations

import time

import openai

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


class OpenAI(Contender):
    """AsyncOpenAI aimed at the scene."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.client = self.make_client()

    def make_client(self) -> openai.AsyncOpenAI:
        """Return the client."""
        return openai.AsyncOpenAI(api_key=KEY, base_url=self.base_url, max_retries=0)

    async def read(self) -> int:
        pieces: list[str] = []
        stream = await self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        async for chunk in stream:
            if content := chunk.choices[0].delta.content:
                pieces.append(content)
        return checksum(pieces)

    async def first(self) -> float:
        began = time.perf_counter()
        took = 0.0
        stream = await self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        async for _ in stream:
            took = took or time.perf_counter() - began
        return took

    async def call(self) -> None:
        await self.talk(MESSAGES)

    async def talk(self, messages: Messages) -> None:
        reply = await self.client.chat.completions.create(model=MODEL, messages=messages)
        assert reply.choices[0].message.content

    async def embed(self, kind: Vectors) -> int:
        # Without encoding_format it would ask for base64, which the platform does not know.
        reply = await self.client.embeddings.create(model="embedding-3", input=TEXTS, encoding_format="float")
        return len([item.embedding for item in reply.data])


make = OpenAI
