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
MODELS_AT_ONCE = 16  # more than anybody mixes; each may hold the bytes above


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


class _Draft:
    """A paper that is being written."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self._held = bytearray()
        self._digest = hashlib.sha256()

    async def add(self, item: Item, line: bytes, model: str) -> None:
        """Write a line."""
        self.paper.items.append(item)
        self.paper.sheet.add(line, model)
        self._held += line
        if len(self._held) >= WRITTEN_BYTES:
            await self._flush()

    async def finish(self) -> Paper:
        """Return the paper, written."""
        await self._flush()
        self.paper.digest = self._digest.hexdigest()
        return self.paper

    async def _flush(self) -> None:
        piece = bytes(self._held)
        self._held.clear()
        self._digest.update(piece)
        await anyio.to_thread.run_sync(_append, self.paper.path, piece)


class Writer:
    """Writes papers, one for each model at a time: requests of two models in turns are not a paper each."""

    def __init__(self, directory: Path, sheet: Sheet, *, models: int = MODELS_AT_ONCE) -> None:
        self.sheet = sheet
        """What every paper begins as."""
        self._directory = directory
        self._models = models
        self._count = 0
        self._drafts: dict[str, _Draft] = {}

    @property
    def items(self) -> list[Item]:
        """Return those of all papers that are not finished."""
        return [item for draft in self._drafts.values() for item in draft.paper.items]

    def refuse(self, item: Item) -> None:
        """Keep an item that cannot be sent, in its place."""
        if not self._drafts:
            self._drafts[""] = self._new()
        draft = next(reversed(self._drafts.values()))
        draft.paper.items.append(item)

    async def add(self, item: Item, line: bytes, model: str) -> Paper | None:
        """Write a line, and return a paper that had to make room for it, if one had to."""
        full: Paper | None = None
        if (draft := self._drafts.pop(model, None)) is not None and not draft.paper.sheet.fits(line, model):
            full, draft = await draft.finish(), None
        elif draft is None and len(self._drafts) >= self._models:
            full = await self._finish_oldest()
        # The newest stands last, so that the first is the one that has gone without a line for longest.
        self._drafts[model] = draft = draft or self._new()
        await draft.add(item, line, model)
        return full

    async def last(self) -> Paper | None:
        """Return one of the papers that are left at the end, written; None when there is none."""
        return await self._finish_oldest() if self._drafts else None

    async def _finish_oldest(self) -> Paper:
        model = next(iter(self._drafts))
        paper = await self._drafts[model].finish()
        del self._drafts[model]
        return paper

    def _new(self) -> _Draft:
        number, self._count = self._count, self._count + 1
        sheet = Sheet(self.sheet.url, self.sheet.most_lines, self.sheet.most_bytes)
        return _Draft(Paper(self._directory / f"batch-{number:04d}.jsonl", number, sheet))


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
