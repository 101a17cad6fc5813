"""The floor without a network: every event is decoded from memory and its text taken."""

from __future__ import annotations

from benchmarks.contenders.by_hand import decode_chunk, decode_vectors
from benchmarks.contenders.contender import Contender, Vectors, checksum
from benchmarks.harness import scenes


class DecodeOnly(Contender):
    """One kept decoder, and the loop that a consumer would write."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        scene = origin.rsplit("/", 1)[-1].split("-")
        self._frames = scenes.frames(int(scene[1])) if len(scene) > 1 else []

    async def read(self) -> int:
        pieces: list[str] = []
        add = pieces.append
        for frame in self._frames:
            if content := decode_chunk(frame).choices[0].delta.content:
                add(content)
        return checksum(pieces)

    async def embed(self, kind: Vectors) -> int:
        return len(decode_vectors(scenes.vectors_body()).data)


make = DecodeOnly
