"""Forms with files, sent piece by piece: no file is ever whole in memory, none is read in the loop."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias
from uuid import uuid4

import anyio
import anyio.to_thread

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol import multipart

PIECE_BYTES = 256 * 1024  # read and sent at a time

Uploadable: TypeAlias = "str | os.PathLike[str] | bytes | IO[bytes] | AsyncIterable[bytes]"
Named: TypeAlias = "Uploadable | tuple[str, Uploadable]"
"""A path, bytes, an open binary file or an async iterator, alone or as (file name, content)."""

Progress: TypeAlias = "Callable[[int, int | None], None]"
"""Called with bytes done and bytes in all (None when unknown)."""


@dataclass(frozen=True, slots=True)
class FileField:
    """One file of a form."""

    field: str
    filename: str
    content_type: str
    source: Uploadable
    size: int | None


class Form:
    """A form to send: text fields, then files. It is the `Content` of a request."""

    def __init__(
        self, values: multipart.Values, files: list[FileField], on_progress: Progress | None = None
    ) -> None:
        self._values = values
        self._files = files
        self._progress = on_progress
        self._boundary = f"zhipu-async-{uuid4().hex}"

    @property
    def content_type(self) -> str:
        """Return the media type with the boundary."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def length(self) -> int | None:
        """Return the number of bytes, None when a file's size is unknown."""
        total = len(multipart.fields(self._boundary, self._values)) + len(multipart.end(self._boundary))
        for file in self._files:
            if file.size is None:
                return None
            total += len(self._head(file)) + file.size + len(b"\r\n")
        return total

    @property
    def replayable(self) -> bool:
        """Tell whether every file can be read again from its beginning."""
        return all(isinstance(file.source, (str, os.PathLike, bytes)) for file in self._files)

    def open(self, request_id: str) -> AsyncIterable[bytes]:
        """Return the form's bytes; a form has its own way to carry a request id, as a field."""
        del request_id
        return self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes]:
        total, done = self.length, 0
        async for piece in self._parts():
            yield piece
            done += len(piece)
            if self._progress is not None:
                self._progress(done, total)

    async def _parts(self) -> AsyncIterator[bytes]:
        if self._values:
            yield multipart.fields(self._boundary, self._values)
        for file in self._files:
            yield self._head(file)
            async for piece in _content(file.source):
                yield piece
            yield b"\r\n"
        yield multipart.end(self._boundary)

    def _head(self, file: FileField) -> bytes:
        return multipart.file_head(self._boundary, file.field, file.filename, file.content_type)


async def file_field(
    field: str, file: Named, *, content_type: str = "", limit_bytes: int | None = None
) -> FileField:
    """Return a file as a form's field, or raise before anything is sent: no such file, empty, too large."""
    filename, source = file if isinstance(file, tuple) else (_name_of(file), file)
    size = await _size_of(source)
    if size == 0:
        raise InvalidArgument(f"{filename} is empty")
    if limit_bytes is not None and size is not None and size > limit_bytes:
        raise InvalidArgument(f"{filename} has {size} bytes; the platform takes {limit_bytes} at most")
    guessed = content_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return FileField(field, filename, guessed, source, size)


def _name_of(source: Uploadable) -> str:
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else "file"


async def _size_of(source: Uploadable) -> int | None:
    if isinstance(source, bytes):
        return len(source)
    if isinstance(source, (str, os.PathLike)):
        try:
            return (await anyio.Path(source).stat()).st_size
        except OSError as exc:
            raise InvalidArgument(f"cannot read {os.fspath(source)!r}: {exc.strerror}") from exc
    if isinstance(source, AsyncIterable):
        return None
    if hasattr(source, "read"):
        return await anyio.to_thread.run_sync(_remaining, source)
    raise InvalidType(
        f"a file is a path, bytes, an open binary file or an async iterator, not {type(source).__name__}"
    )


def _remaining(source: IO[bytes]) -> int | None:
    if not source.seekable():
        return None
    here = source.tell()
    size = source.seek(0, os.SEEK_END) - here
    source.seek(here)
    return size


async def _content(source: Uploadable) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), PIECE_BYTES):
            yield source[start : start + PIECE_BYTES]
    elif isinstance(source, (str, os.PathLike)):
        async with await anyio.open_file(source, "rb") as file:
            while piece := await file.read(PIECE_BYTES):
                yield piece
    elif isinstance(source, AsyncIterable):
        async for piece in source:
            yield piece
    else:
        while piece := await anyio.to_thread.run_sync(source.read, PIECE_BYTES):
            yield piece
