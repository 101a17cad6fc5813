"""zhipu_async, as its users call it: accumulator, clocks, limiter, error checks and `.meta` switched on."""

from __future__ import annotations

import time

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
from zhipu_async import AsyncZhipuAI
from zhipu_async.protocol.chat_request import prepare
from zhipu_async.protocol.sendable import encode
from zhipu_async.types.realtime import ResponseAudioDelta, ResponseAudioTranscriptDelta, ResponseDone

LIMITS = {"*": 1000}  # what a warm limiter has learned where nothing was ever refused


class Ours(Contender):
    """The library by its front door."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.client = AsyncZhipuAI(KEY, base_url=self.base_url, limits=LIMITS)

    async def read(self) -> int:
        pieces: list[str] = []
        add = pieces.append
        async with self.client.chat.completions.stream(model=MODEL, messages=MESSAGES) as stream:
            async for chunk in stream:
                if content := chunk.choices[0].delta.content:
                    add(content)
        assert stream.result.usage.total_tokens
        return checksum(pieces)

    async def first(self) -> float:
        began = time.perf_counter()
        took = 0.0
        async with self.client.chat.completions.stream(model=MODEL, messages=MESSAGES) as stream:
            async for _ in stream:
                took = took or time.perf_counter() - began
        return took

    async def call(self) -> None:
        reply = await self.client.chat.completions.create(model=MODEL, messages=MESSAGES)
        assert reply.text

    async def talk(self, messages: Messages) -> None:
        reply = await self.client.chat.completions.create(model=MODEL, messages=messages)
        assert reply.text

    async def embed(self, kind: Vectors) -> int:
        reply = await self.client.embeddings.create(model="embedding-3", input=TEXTS, vectors=kind)
        return len(reply.vectors)

    async def poll(self, ids: list[str]) -> int:
        polling = self.client.tasks.polling
        polling.scale, polling.per_second = 0.0005, 1e6
        refs = [f"chat:{task_id}" for task_id in ids]
        async for outcome in self.client.tasks.as_completed(refs):
            assert outcome.ok
        return polling.under_way

    async def encode(self, times: int, messages: Messages) -> int:
        """Check and write a request, without sending it."""
        for _ in range(times):
            encode(prepare(MODEL, messages, {}).body)
        return times

    async def hear(self, kind: str, count: int) -> int:
        """Read the events of one long answer."""
        client = AsyncZhipuAI(KEY, base_url=f"{self.realtime}/{kind}-{count}/paas/v4")
        heard = 0
        async with client.realtime.connect(model="glm-realtime-air") as call:
            await call.send_text("hello")
            async for event in call:
                heard += isinstance(event, ResponseAudioTranscriptDelta | ResponseAudioDelta)
                if isinstance(event, ResponseDone):
                    break
        assert heard == count, f"{count - heard} events were dropped"
        return count

    async def speak(self, frames: int) -> int:
        """Send sound, in frames of 100 ms, as fast as the library lets it go out."""
        client = AsyncZhipuAI(KEY, base_url=f"{self.realtime}/text-1/paas/v4")
        async with client.realtime.connect(model="glm-realtime-air") as call:
            await call.send_audio(bytes(3200) * frames, rate=16000)
        return frames


class Text(Ours):
    """The view that gives bare strings."""

    async def read(self) -> int:
        pieces: list[str] = []
        add = pieces.append
        async with self.client.chat.completions.stream(model=MODEL, messages=MESSAGES) as stream:
            async for piece in stream.text():
                add(piece)
        return checksum(pieces)


def make(origin: str) -> Ours:
    """Return the contender."""
    return Ours(origin)
