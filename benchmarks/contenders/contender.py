"""The verbs that every contender has."""

from __future__ import annotations

import zlib
from typing import Any, Literal, TypeAlias

KEY = "0123456789abcdef0123456789abcdef.benchmarksecret"
MODEL = "glm-4.7"
Messages: TypeAlias = list[Any]  # each client has types of its own for them
Vectors: TypeAlias = Literal["list", "array", "numpy"]
MESSAGES: Messages = [{"role": "user", "content": "你好"}]
TEXTS = [f"text number {number}" for number in range(64)]


class Contender:
    """A client aimed at one scene; `crowd` says that many of its verbs run at one time."""

    crowd = False
    realtime = ""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.base_url = f"{origin}/paas/v4"

    async def read(self) -> int:
        """Read a stream to its end; return the checksum of its text."""
        raise NotImplementedError

    async def first(self) -> float:
        """Return the seconds to the first delta, and read the rest."""
        raise NotImplementedError

    async def call(self) -> None:
        """Get one small completion."""
        raise NotImplementedError

    async def talk(self, messages: Messages) -> None:
        """Send a long conversation."""
        raise NotImplementedError

    async def embed(self, kind: Vectors) -> int:
        """Get the vectors; return how many came."""
        raise NotImplementedError

    async def poll(self, ids: list[str]) -> int:
        """Wait for tasks; return how many sockets that took."""
        raise NotImplementedError


def checksum(pieces: list[str]) -> int:
    """What the text adds up to."""
    return zlib.crc32("".join(pieces).encode())
