"""The files of batches on the disk: requests written, answers found; never whole in memory, never in the loop."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import anyio.to_thread

from zhipu_async.protocol.batch_lines import Sheet, id_of_line
from zhipu_async.types.batches import Batch
from zhipu_async.types.tasks import TaskRef

WRITTEN_BYTES = 1024 * 1024  # collected before a thread writes them


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a batch, or the reason why it cannot be in one."""

    key: str
    index: int
    error: Exception | None = None


@dataclass(slots=True)
class Paper:
    """A file of requests, and whose they are, in their order."""

    path: Path
    number: int
    sheet: Sheet
    items: list[Item] = field(default_factory=list[Item])
    digest: str = ""
    ref: TaskRef[Batch] | None = None
    """What finds its batch again, once there is one."""


class Writer:
    """Writes one paper after the other."""

    def __init__(self, directory: Path, sheet: Sheet) -> None:
        self._directory = directory
        self._blank = sheet
        self._held = bytearray()
        self._digest = hashlib.sha256()
        self.paper: Paper = self._new(0)

    def refuse(self, item: Item) -> None:
        """Keep an item that cannot be sent in its place."""
        self.paper.items.append(item)

    async def add(self, item: Item, line: bytes, model: str) -> Paper | None:
        """Write a line, and return the paper before it, if the line did not fit there any more."""
        full = None if self.paper.sheet.fits(line, model) else await self.finish()
        self.paper.items.append(item)
        self.paper.sheet.add(line, model)
        self._held += line
        if len(self._held) >= WRITTEN_BYTES:
            await self._flush()
        return full

    async def finish(self) -> Paper:
        """Return the paper, written, and begin the next."""
        await self._flush()
        paper, self._digest = self.paper, hashlib.sha256()
        self.paper = self._new(paper.number + 1)
        return paper

    def _new(self, number: int) -> Paper:
        sheet = Sheet(self._blank.url, self._blank.most_lines, self._blank.most_bytes)
        return Paper(self._directory / f"batch-{number:04d}.jsonl", number, sheet)

    async def _flush(self) -> None:
        piece = bytes(self._held)
        self._held.clear()
        self._digest.update(piece)
        self.paper.digest = self._digest.hexdigest()
        await anyio.to_thread.run_sync(_append, self.paper.path, piece)


class Answers:
    """Finds lines by their ids in output and error files. Every method blocks: for threads."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[Path, int]] = {}

    def take(self, path: Path) -> None:
        """Look through a file once; the first answer to an id counts."""
        start = 0
        with path.open("rb") as file:
            for line in file:
                if found := id_of_line(line):
                    self._places.setdefault(found, (path, start))
                start += len(line)

    def read(self, ids: list[str]) -> list[bytes]:
        """Return the lines, b"" where there is none."""
        with ExitStack() as stack:
            files: dict[Path, IO[bytes]] = {
                path: stack.enter_context(path.open("rb")) for path in self._paths(ids)
            }
            return [self._line(files, each) for each in ids]

    def _paths(self, ids: list[str]) -> set[Path]:
        return {self._places[each][0] for each in ids if each in self._places}

    def _line(self, files: dict[Path, IO[bytes]], wanted: str) -> bytes:
        if wanted not in self._places:
            return b""
        path, start = self._places[wanted]
        files[path].seek(start)
        return files[path].readline()


class Folder:
    """Where the files are: the requests are somebody's words, so it is the user's own, and gone afterwards."""

    def __init__(self) -> None:
        self._remove: Callable[[], object] | None = None

    def make(self) -> Path:
        """Make it. It goes with this object, or with the interpreter, if nobody removes it before."""
        path = Path(tempfile.mkdtemp(prefix="zhipu-async-"))
        self._remove = weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)
        return path

    def remove(self) -> None:
        """Remove it, if it is there."""
        if self._remove is not None:
            self._remove()


def _append(path: Path, piece: bytes) -> None:
    with path.open("ab") as file:
        file.write(piece)
