"""mistralai's client, which speaks the same event stream under a path of its own."""

from __future__ import annotations

import time

from mistralai.client import Mistral as Client

from benchmarks.contenders.contender import KEY, MESSAGES, MODEL, Contender, Messages, checksum


class Mistral(Contender):
    """Mistral aimed at the scene."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.client = Client(api_key=KEY, server_url=origin)

    async def read(self) -> int:
        pieces: list[str] = []
        stream = await self.client.chat.stream_async(model=MODEL, messages=MESSAGES)
        async for event in stream:
            if content := event.data.choices[0].delta.content:
                pieces.append(content)
        return checksum(pieces)

    async def first(self) -> float:
        began = time.perf_counter()
        took = 0.0
        stream = await self.client.chat.stream_async(model=MODEL, messages=MESSAGES)
        async for _ in stream:
            took = took or time.perf_counter() - began
        return took

    async def call(self) -> None:
        await self.talk(MESSAGES)

    async def talk(self, messages: Messages) -> None:
        reply = await self.client.chat.complete_async(model=MODEL, messages=messages)
        assert reply.choices[0].message.content


make = Mistral
