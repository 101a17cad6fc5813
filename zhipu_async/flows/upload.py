"""Forms with files, sent piece by piece: no file is ever whole in memory, none is read in the loop."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, TypeAlias
from uuid import uuid4

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol import multipart
from zhipu_async.protocol.parts import MEDIA_TYPES, Kind, sniff, unreadable
from zhipu_async.protocol.sendable import refuse_unsendable
from zhipu_async.types.saving import Progress, to_its_end

__all__ = ["FileField", "Form", "Named", "Progress", "Uploadable", "file_field", "form_values"]

if TYPE_CHECKING:
    from typing import Self

PIECE_BYTES = 256 * 1024  # read and sent at a time
ID_CHARACTERS = 32  # of a request id of ours

Uploadable: TypeAlias = "str | os.PathLike[str] | bytes | IO[bytes] | AsyncIterable[bytes]"
Named: TypeAlias = "Uploadable | tuple[str, Uploadable] | tuple[str, Uploadable, str]"
"""A path, bytes, an open binary file or an async iterator, alone or as (file name, content), or with a media type."""

_SOUNDS_AND_PICTURES = {
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".wav": "audio/wav",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class FileField:
    """One file of a form; `size` is None when it shows only at the end, `start` is where an open file stood."""

    field: str
    filename: str
    content_type: str
    source: Uploadable
    size: int | None
    start: int = 0

    @property
    def again(self) -> bool:
        """Tell whether the content can be read a second time."""
        return self.size is not None


class Form:
    """A form to send: text fields, then files. It is the `Content` of a request."""

    def __init__(
        self,
        values: multipart.Values,
        files: Sequence[FileField],
        on_progress: Progress | None = None,
        *,
        takes_request_id: bool = False,
    ) -> None:
        self.failure: Exception | None = None
        """What the caller's own file, iterator or progress function raised while it was sent."""
        self._values = values
        self._files = files
        self._progress = on_progress
        self._takes_id = takes_request_id and "request_id" not in values
        self._boundary = f"zhipu-async-{uuid4().hex}"
        self._begun = False

    def with_fields(self, fields: Mapping[str, object]) -> Form:
        """Return the form with more fields, which win over those of the same names."""
        values = {**self._values, **form_values(**fields)}
        return Form(values, self._files, self._progress, takes_request_id=self._takes_id)

    @property
    def content_type(self) -> str:
        """Return the media type with the boundary."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def length(self) -> int | None:
        """Return the number of bytes, None when a file's size is unknown."""
        total = len(self._fields("0" * ID_CHARACTERS)) + len(multipart.end(self._boundary))
        for file in self._files:
            if file.size is None:
                return None
            total += len(self._head(file)) + file.size + len(b"\r\n")
        return total

    @property
    def replayable(self) -> bool:
        """Tell whether the form can be sent again, from the beginning of every file."""
        return not self._begun or all(file.again for file in self._files)

    def open(self, request_id: str, moved: Callable[[], None]) -> AsyncIterable[bytes]:
        """Return the form's bytes, with the request id as a field where the endpoint has one.

        `moved` hears of each piece that was sent: a slow upload is not a silent platform.
        """
        self.failure = None
        return self._pieces(request_id, moved)

    async def _pieces(self, request_id: str, moved: Callable[[], None]) -> AsyncGenerator[bytes]:
        total, done = self.length, 0
        self._begun = True
        try:
            async with aclosing(self._parts(request_id)) as parts:
                async for piece in parts:
                    yield piece
                    moved()
                    done += len(piece)
                    if self._progress is not None:
                        self._progress(done, total)
        except Exception as exc:  # the HTTP library would call it a broken connection
            self.failure = exc
            raise

    async def _parts(self, request_id: str) -> AsyncGenerator[bytes]:
        if fields := self._fields(request_id):
            yield fields
        for file in self._files:
            yield self._head(file)
            async with aclosing(_measured(file)) as content:
                async for piece in content:
                    yield piece
            yield b"\r\n"
        yield multipart.end(self._boundary)

    def _fields(self, request_id: str) -> bytes:
        values = {**self._values, "request_id": request_id} if self._takes_id else self._values
        return multipart.fields(self._boundary, values)

    def _head(self, file: FileField) -> bytes:
        return multipart.file_head(self._boundary, file.field, file.filename, file.content_type)


def form_values(**fields: object) -> dict[str, str | Sequence[str]]:
    """Return fields as the text of a form; None is not sent, a list repeats its field, an object is JSON."""
    return {name: _written(name, value) for name, value in fields.items() if value is not None}


def _written(name: str, value: object) -> str | list[str]:
    refuse_unsendable(value, name)
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return [item if isinstance(item, str) else _as_json(item) for item in msgspec.to_builtins(value)]
    return _as_json(value)


def _as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()  # numbers and flags look the same in a form


async def file_field(
    field: str,
    file: Named,
    *,
    content_type: str = "",
    limit_bytes: int | None = None,
    by_extension: bool = False,
) -> FileField:
    """Return a file as a form's field, or raise before anything is sent: no such file, empty, too large.

    by_extension: the platform goes by the extension of the name, so there has to be one.
    """
    filename, source, media_type = _taken_apart(file)
    size, start = await _extent_of(source)
    if any("\ud800" <= character <= "\udfff" for character in filename):  # also of names that are not UTF-8
        raise InvalidArgument(
            f"the file's name cannot be written as text: {filename!r}",
            hint='Give another: file=("name.ext", content).',
        )
    if by_extension and not Path(filename).suffix:
        raise InvalidArgument(
            "the platform goes by the extension of the file's name, and there is none.",
            hint='Give the name too: file=("name.ext", content).',
        )
    if size == 0:
        raise InvalidArgument(f"{filename} is empty")
    if limit_bytes is not None and size is not None and size > limit_bytes:
        raise InvalidArgument(f"{filename} has {size} bytes; the platform takes {limit_bytes} at most")
    return FileField(
        field, filename, media_type or content_type or _media_type(filename), source, size, start
    )


def _taken_apart(file: Named) -> tuple[str, Uploadable, str]:
    """Return name, content and media type, "" where that is left to the name."""
    match file:
        case (str() as filename, source):
            return filename, source, ""
        case (str() as filename, source, str() as media_type) if media_type.isprintable():
            return filename, source, media_type
        case tuple():
            raise InvalidType("a file in a tuple is (name, content) or (name, content, media type)")
        case _:
            return _name_of(file), file, ""


def _media_type(filename: str) -> str:
    suffix = Path(filename).suffix.lower()
    return MEDIA_TYPES.get(suffix) or _SOUNDS_AND_PICTURES.get(suffix, "application/octet-stream")


def _name_of(source: Uploadable) -> str:
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    if isinstance(source, bytes):
        kind = sniff(source)
        return "file" if kind is Kind.UNKNOWN else f"file.{kind.value}"
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else "file"


async def _extent_of(source: Uploadable) -> tuple[int | None, int]:
    """Return how many bytes there are, if that is known, and where they start."""
    if isinstance(source, bytes):
        return len(source), 0
    if isinstance(source, (str, os.PathLike)):
        return await to_its_end(partial(_size_of, Path(source))), 0
    if isinstance(source, AsyncIterable):
        return None, 0
    if hasattr(source, "read"):
        return await to_its_end(partial(_remaining, source))
    raise InvalidType(
        f"a file is a path, bytes, an open binary file or an async iterator, not {type(source).__name__}"
    )


def _size_of(path: Path) -> int:
    try:
        if path.is_dir():
            raise InvalidArgument(f"{os.fspath(path)!r} is a directory")
        return path.stat().st_size
    except OSError as exc:
        raise unreadable(path, exc) from exc


def _remaining(source: IO[bytes]) -> tuple[int | None, int]:
    if not source.seekable():
        return None, 0
    here = source.tell()
    size = source.seek(0, os.SEEK_END) - here
    source.seek(here)
    return size, here


# ── reading ────────────────────────────────────────────────────────────────────────────────────────


async def _measured(file: FileField) -> AsyncGenerator[bytes]:
    """Give as many bytes as were announced: what a file grows by meanwhile is left out, a shorter one is refused."""
    left = file.size
    async with aclosing(_content(file)) as content:
        async for piece in content:
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise InvalidType(f"{file.filename} gives {type(piece).__name__} instead of bytes")
            if kept := piece[:left]:
                yield kept
            if left is not None:
                left -= len(kept)
            if left == 0:
                break
    if left:
        raise InvalidArgument(f"{file.filename} became {left} bytes shorter while it was sent")


async def _content(file: FileField) -> AsyncGenerator[bytes]:
    source = file.source
    if isinstance(source, bytes):
        for start in range(0, len(source), PIECE_BYTES):
            yield source[start : start + PIECE_BYTES]
    elif isinstance(source, AsyncIterable):
        async for piece in source:
            yield piece
    elif isinstance(source, (str, os.PathLike)):
        async with _OpenFile(Path(source)) as opened:
            while piece := await opened.read():
                yield piece
    else:
        if file.again:
            await to_its_end(partial(source.seek, file.start))
        while piece := await to_its_end(partial(source.read, PIECE_BYTES)):
            yield piece


class _OpenFile:
    """A file to read in threads, closed whatever happens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    async def __aenter__(self) -> Self:
        try:
            await to_its_end(self._open)
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def read(self) -> bytes:
        """Return the next piece, b"" at the end."""
        assert self._file is not None
        return await to_its_end(partial(self._file.read, PIECE_BYTES))

    def _open(self) -> None:
        try:
            self._file = self._path.open("rb")
        except OSError as exc:
            raise unreadable(self._path, exc) from exc

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()  # nothing was written, so there is nothing to wait for
