"""Files that exist only when they are whole: `<name>.part` until the end, then renamed."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")

Progress: TypeAlias = "Callable[[int, int | None], None]"
"""Called with bytes done and bytes in all (None when unknown)."""


class WholeFile:
    """A file to write in an `async with`; what is not whole at the end, by an error or by cancelling, is removed.

    Two at a time with the same path would write into each other.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        self._part = self.path.with_name(self.path.name + ".part")
        self._file: IO[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self._or_nothing(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._or_nothing(self._keep)
        else:
            await to_its_end(self._discard)

    async def write(self, content: bytes) -> None:
        """Append to the file."""
        await to_its_end(lambda: self._opened.write(content))

    async def begin_with(self, content: bytes) -> None:
        """Write over the beginning: a header that is known only at the end."""
        await to_its_end(lambda: self._rewrite(content))

    @property
    def _opened(self) -> IO[bytes]:
        assert self._file is not None
        return self._file

    async def _or_nothing(self, work: Callable[[], None]) -> None:
        try:
            await to_its_end(work)
        except BaseException:
            await to_its_end(self._discard)
            raise

    def _open(self) -> None:
        if self.path.is_dir():  # said now, not when all has arrived
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.path))
        self._file = self._part.open("wb")

    def _rewrite(self, content: bytes) -> None:
        self._opened.seek(0)
        self._opened.write(content)

    def _keep(self) -> None:
        self._opened.close()
        self._part.replace(self.path)

    def _discard(self) -> None:
        if self._file is not None:
            # A full disk refuses the last bytes once more; they are not wanted any longer.
            with suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)


async def save_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file off the loop and return its path. Cancelling leaves no half of it."""
    async with WholeFile(path) as file:
        await file.write(content)
    return file.path


async def to_its_end(work: Callable[[], T]) -> T:
    """Run quick work on files in a thread; when cancelled, see it end before the cancelling goes on.

    Left alone, a thread would create the file after its removal.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await _finished(running)
        raise


async def _finished(running: asyncio.Future[T]) -> None:
    from anyio import CancelScope

    with CancelScope(shield=True):  # else a cancelled scope would cancel anew at every turn of the loop
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
    if not running.cancelled():
        running.exception()  # it was looked at; the cancelling is what the caller hears of
