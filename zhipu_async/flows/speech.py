"""Speech while it arrives."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from zhipu_async.flows.event_stream import EventStream
from zhipu_async.protocol.speech import SpeechReader
from zhipu_async.types.saving import WholeFile
from zhipu_async.types.sound import check_name, wav_header

if TYPE_CHECKING:
    from zhipu_async.flows.job import Opened


class SpeechStream(EventStream[bytes]):
    """Speech that arrives piece by piece: samples of 16 bits, one channel, `.rate` of them a second.

    Leaving a loop over it before its end, by `break`, an exception or cancelling, closes the connection at once.
    """

    def __init__(self, opener: Callable[[], Awaitable[Opened]], encoding: str) -> None:
        self._reader = SpeechReader(encoding)
        super().__init__(opener, self._reader)

    @property
    def rate(self) -> int:
        """Return the samples a second; the platform's speech has 24,000."""
        return self._reader.rate

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what is left of the stream to a file while it arrives, and return the file's path.

        A name ending in `.wav` gets a file that players open, any other the bare samples. Until it is whole the
        file is called `<name>.part`; cancelling or a broken stream removes that.
        """
        check_name(path)
        async with WholeFile(path) as file, aclosing(self.batches()) as batches:
            is_wav = file.path.suffix.lower() == ".wav"
            size = 0
            if is_wav:
                await file.write(wav_header(0, self.rate))
            async for pieces in batches:
                await file.write(b"".join(pieces))
                size += sum(map(len, pieces))
            if is_wav:
                await file.begin_with(wav_header(size, self.rate))
        return file.path
