"""The floor with aiohttp: everything is read, nothing is looked at."""

from __future__ import annotations

import re
import time

from benchmarks.contenders.by_hand import ByHand
from benchmarks.contenders.contender import MESSAGES, Messages
from benchmarks.harness import scenes


class Discard(ByHand):
    """`content.iter_any()`, thrown away."""

    async def read(self) -> int:
        async with self.post(MESSAGES, stream=True) as response:
            async for _ in response.content.iter_any():
                pass
        return self.expected()

    async def first(self) -> float:
        began = time.perf_counter()
        took = 0.0
        async with self.post(MESSAGES, stream=True) as response:
            async for _ in response.content.iter_any():
                took = took or time.perf_counter() - began
        return took

    async def talk(self, messages: Messages) -> None:
        async with self.post(messages) as response:
            await response.read()

    def expected(self) -> int:
        """What the text would have added up to."""
        found = re.search(r"/\w+-(\d+)", self.origin)
        return scenes.checksum(int(found[1])) if found else 0


make = Discard
