"""Spoken answers of GLM-4-Voice."""

from __future__ import annotations

import base64
import os

from zhipu_async.types.base import Part
from zhipu_async.types.sound import check_name, playable


class Audio(Part):
    """A spoken answer of GLM-4-Voice; its `id` stands for it in the next turn."""

    id: str = ""
    data: str = ""
    expires_at: str | int = 0

    def __bool__(self) -> bool:
        return bool(self.id or self.data)

    def __getitem__(self, name: str) -> str:
        """Return a field: the vendor's pages write `audio["data"]`."""
        return str(getattr(self, name))

    @property
    def pcm_or_wav(self) -> bytes:
        """Return the sound as the platform sent it."""
        return base64.b64decode(self.data)

    def wav(self) -> bytes:
        """Return the sound as a WAV file: 44.1 kHz, one channel, 16 bits, unless it came as one."""
        return playable(self.pcm_or_wav)

    async def save(self, path: str | os.PathLike[str]) -> None:
        """Write the sound to a WAV file, off the loop. Cancelling leaves no half file behind."""
        from zhipu_async.types.saving import save_whole

        check_name(path, self.pcm_or_wav)
        await save_whole(path, self.wav())

    def __repr__(self) -> str:
        return f"Audio(id={self.id!r}, {len(self.data)} base64 characters)"
