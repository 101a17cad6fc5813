"""What one writes by hand without msgspec: aiohttp, lines, `json`."""

from __future__ import annotations

import json

from benchmarks.contenders.by_hand import HEADERS, ByHand
from benchmarks.contenders.contender import MESSAGES, MODEL, TEXTS, Messages, Vectors, checksum


class LinesJson(ByHand):
    """`async for line in response.content`, then `json.loads`."""

    async def read(self) -> int:
        pieces: list[str] = []
        async with self.post(MESSAGES, stream=True) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    content = json.loads(line[6:])["choices"][0]["delta"]["content"]
                    if content:
                        pieces.append(content)
        return checksum(pieces)

    async def talk(self, messages: Messages) -> None:
        async with self.session.post(
            self.url, json={"model": MODEL, "messages": messages}, headers=HEADERS
        ) as response:
            assert (await response.json())["choices"]

    async def embed(self, kind: Vectors) -> int:
        body = {"model": "embedding-3", "input": TEXTS}
        async with self.session.post(f"{self.base_url}/embeddings", json=body, headers=HEADERS) as response:
            return len([item["embedding"] for item in (await response.json())["data"]])

    async def encode(self, times: int, messages: Messages) -> int:
        for _ in range(times):
            json.dumps({"model": MODEL, "messages": messages}).encode()
        return times


make = LinesJson
