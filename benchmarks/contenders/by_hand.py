"""What one writes by hand: aiohttp and msgspec, nothing checked."""

from __future__ import annotations

import asyncio
import base64
import time

import aiohttp
import msgspec
from websockets.asyncio.client import connect

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
from zhipu_async.types.chat import ChatCompletion, ChatCompletionChunk
from zhipu_async.types.embeddings import EmbeddingList

HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
encode = msgspec.json.Encoder().encode
decode_chunk = msgspec.json.Decoder(ChatCompletionChunk).decode
decode_reply = msgspec.json.Decoder(ChatCompletion).decode
decode_vectors = msgspec.json.Decoder(EmbeddingList[list[float]]).decode


class ByHand(Contender):
    """`async for line in response.content`, then msgspec."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.url = f"{self.base_url}/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Return the one session, without limits of its own."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=None)
            )
        return self._session

    def post(self, messages: Messages, **more: object) -> aiohttp.client._RequestContextManager:
        """Send a request."""
        return self.session.post(
            self.url, data=encode({"model": MODEL, "messages": messages, **more}), headers=HEADERS
        )

    async def read(self) -> int:
        pieces: list[str] = []
        async with self.post(MESSAGES, stream=True) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    content = decode_chunk(line[6:]).choices[0].delta.content
                    if content:
                        pieces.append(content)
        return checksum(pieces)

    async def first(self) -> float:
        began = time.perf_counter()
        took = 0.0
        async with self.post(MESSAGES, stream=True) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    decode_chunk(line[6:])
                    took = took or time.perf_counter() - began
        return took

    async def call(self) -> None:
        await self.talk(MESSAGES)

    async def talk(self, messages: Messages) -> None:
        async with self.post(messages) as response:
            assert decode_reply(await response.read()).choices

    async def embed(self, kind: Vectors) -> int:
        body = encode({"model": "embedding-3", "input": TEXTS})
        async with self.session.post(f"{self.base_url}/embeddings", data=body, headers=HEADERS) as response:
            return len([item.embedding for item in decode_vectors(await response.read()).data])

    async def poll(self, ids: list[str]) -> int:
        await asyncio.gather(*map(self._wait, ids))
        return len(ids)

    async def _wait(self, task_id: str) -> None:
        # A task of its own for each pending id and no limit, as one writes it first.
        while True:
            async with self.session.get(
                f"{self.base_url}/async-result/{task_id}", headers=HEADERS
            ) as response:
                reply = msgspec.json.decode(await response.read())
            if reply["task_status"] != "PROCESSING":
                return
            await asyncio.sleep(0.002)

    async def encode(self, times: int, messages: Messages) -> int:
        """Write a request."""
        for _ in range(times):
            encode({"model": MODEL, "messages": messages})
        return times

    async def hear(self, kind: str, count: int) -> int:
        """Read the events of one long answer into dicts."""
        url = f"{self.realtime.replace('http', 'ws')}/{kind}-{count}/paas/v4/realtime"
        async with connect(
            url, additional_headers=HEADERS, compression=None, proxy=None, max_size=None
        ) as socket:
            await socket.send(b'{"type":"session.update","session":{}}', text=True)
            await socket.send(b'{"type":"response.create"}', text=True)
            heard = 0
            while True:
                event = msgspec.json.decode(await socket.recv(decode=False))
                if kind == "sound" and "delta" in event:
                    base64.b64decode(event["delta"])
                heard += "delta" in event
                if event["type"] == "response.done":
                    break
        assert heard == count
        return count

    async def speak(self, frames: int) -> int:
        """Send sound, in frames of 100 ms, each a WAV file in base64, with the pauses that the platform wants."""
        url = f"{self.realtime.replace('http', 'ws')}/text-1/paas/v4/realtime"
        async with connect(
            url, additional_headers=HEADERS, compression=None, proxy=None, max_size=None
        ) as socket:
            for _ in range(frames):
                audio = base64.b64encode(bytes(44 + 3200)).decode()
                await socket.send(encode({"type": "input_audio_buffer.append", "audio": audio}), text=True)
                await asyncio.sleep(0.02)
        return frames


make = ByHand
