"""Bulk work by batch: items become files, files become batches, and the answers find their items again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio.to_thread

from zhipu_async.errors import APIResponseError
from zhipu_async.flows.batch_files import MODELS_AT_ONCE, Answers, Folder, Item, Paper, Writer
from zhipu_async.flows.bulk import keyed
from zhipu_async.flows.jobs import Job
from zhipu_async.flows.ledger import Line
from zhipu_async.flows.race import Entrant, Race
from zhipu_async.flows.request import Request
from zhipu_async.flows.source import Source
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.flows.work import Layer, Work
from zhipu_async.protocol.batch_lines import LINES, Sheet, answer_of_line, custom_id
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.types.base import Reply
from zhipu_async.types.batches import Batch
from zhipu_async.types.tasks import Outcome, Unfinished

R = TypeVar("R")
V = TypeVar("V", bound=Reply)

BATCHES_AT_ONCE = 4  # two hundred thousand lines at the platform; their files lie on the disk meanwhile
LINES_AT_ONCE = 500  # answers read from a file before the other tasks of the loop get a turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What bulk work needs of the platform's files and batches."""

    upload: Callable[[Path], Awaitable[str]]
    """Upload a file of requests and return its id."""
    create: Callable[[str, str, Line | None], Awaitable[PendingTask[Batch]]]
    """Create a batch of an uploaded file, for this URL."""
    save: Callable[[str, Path], Awaitable[Path]]
    """Download a file."""


@dataclass(slots=True, kw_only=True)
class BatchBulk(Generic[R, V]):
    """One kind of bulk work by batch."""

    desk: Desk
    job: Job
    url: str
    endpoint: Endpoint[V]
    prepare: Callable[[R], Awaitable[Request]]
    most_lines: int = LINES

    def work(self, elements: Source[R | tuple[str, R]], *, at_once: int | None, ordered: bool) -> Work[V]:
        """Return the work on these items; nothing has begun yet."""
        return _BatchWork(self, elements, at_once=at_once or BATCHES_AT_ONCE, ordered=ordered)

    async def begin(self, paper: Paper) -> PendingTask[Any] | Outcome[Batch]:
        """Return the batch of a file, or how it ended."""
        if not paper.sheet.lines:
            return Outcome(value=Batch())
        identity = {"url": self.url, "digest": paper.digest}
        line = self.job.line("batches.submit", identity, f"batch {paper.number}")
        begun = await self.job.known(line, Batch) if line is not None else None
        if begun is None:
            file_id = await self.desk.upload(paper.path)
            begun = await self.job.begun(self.desk.create(file_id, self.url, line))
        if isinstance(begun, PendingTask):
            paper.ref = begun.ref
        return begun

    async def fetch(self, paper: Paper, batch: Batch, answers: Answers) -> Exception | None:
        """Download what a batch answered; return what went wrong with that."""
        files = {".output": batch.output_file_id, ".errors": batch.error_file_id}
        try:
            for suffix, file_id in files.items():
                if file_id:
                    path = await self.desk.save(file_id, paper.path.with_suffix(suffix))
                    await anyio.to_thread.run_sync(answers.take, path)
        except Exception as error:  # noqa: BLE001  (the batch was paid for: each of its items hears what is wrong)
            return error
        return None

    def outcome(self, item: Item, line: bytes, batch: Outcome[Batch], error: Exception | None) -> Outcome[V]:
        """Return how one item ended."""
        answer: V | Exception
        if item.error is not None:
            answer = item.error
        elif line:
            answer = answer_of_line(line, self.endpoint.reply, self.endpoint.check)
        else:
            answer = error or _missing(batch.result)
        if isinstance(answer, Exception):
            return Outcome(key=item.key, index=item.index, error=answer, replayed=batch.replayed)
        return Outcome(key=item.key, index=item.index, value=answer, replayed=batch.replayed)


class _Papers(Generic[R, V]):
    """Writes items into files, and knows whose answers have not been handed out."""

    def __init__(self, bulk: BatchBulk[R, V], elements: Source[R | tuple[str, R]], *, ordered: bool) -> None:
        self.pulled: int = 0
        self.open: dict[int, Paper] = {}
        self.folder: Folder = Folder()
        self._bulk = bulk
        self._elements = elements
        self._ordered = ordered
        self._writer: Writer | None = None

    async def written(self) -> AsyncGenerator[Paper]:
        """Yield files as full as they may be."""
        elements = self._elements
        try:
            directory = await anyio.to_thread.run_sync(self.folder.make)
            sheet = Sheet(self._bulk.url, self._bulk.most_lines)
            writer = self._writer = Writer(directory, sheet, models=1 if self._ordered else MODELS_AT_ONCE)
            while element := (await elements.anext() if elements.is_async else elements.next()):
                self.pulled += 1
                if (full := await self._write(writer, element[0], self.pulled - 1)) is not None:
                    yield full
            while (left := await writer.last()) is not None:
                yield left
        finally:
            elements.close()
            await elements.aclose()

    async def _write(self, writer: Writer, element: R | tuple[str, R], index: int) -> Paper | None:
        key, asked = keyed(element, index)
        try:
            request = await self._bulk.prepare(asked)
            line = writer.sheet.line(request.fields or {}, index)
        except Exception as error:  # noqa: BLE001  (an item that cannot be sent is one outcome, not the end of all)
            writer.refuse(Item(key, index, error))
            return None
        return await writer.add(Item(key, index), line, request.model)

    def unfinished(self, *, but: Paper | None) -> list[Unfinished]:
        """Return the items without an answer; all answers of one paper may be here already."""
        begun = [(paper, item) for paper in self.open.values() if paper is not but for item in paper.items]
        unsent = [] if self._writer is None else self._writer.items
        return [Unfinished(item.key, item.index, paper.ref) for paper, item in begun] + [
            Unfinished(item.key, item.index) for item in unsent
        ]


class _Opened:
    """A batch that has ended, and how far its answers have been read."""

    def __init__(self, paper: Paper, batch: Outcome[Batch]) -> None:
        self.paper = paper
        self.batch = batch
        self.answers: Answers = Answers()
        self.error: Exception | None = batch.error
        self.fetched: bool = not batch.ok
        self.start: int = 0

    @property
    def items(self) -> list[Item]:
        """Return those that are read next."""
        return self.paper.items[self.start : self.start + LINES_AT_ONCE]

    def lines(self, items: list[Item]) -> list[bytes]:
        """Return their answers; blocks."""
        try:
            return self.answers.read([custom_id(item.index) for item in items])
        except OSError as error:
            self.error = error  # the batch was paid for: each of its items hears what is wrong
            return [b""] * len(items)


class _BatchWork(Layer[Batch], Generic[R, V]):
    """Hands out the answers of batches one by one."""

    def __init__(
        self, bulk: BatchBulk[R, V], elements: Source[R | tuple[str, R]], *, at_once: int, ordered: bool
    ) -> None:
        self._bulk = bulk
        self._papers = _Papers(bulk, elements, ordered=ordered)
        source = Source(self._papers.written())
        race: Race[Paper, Batch] = Race(source, self._enter, window=at_once, ordered=ordered)
        super().__init__(race)
        self._opened: _Opened | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready: deque[Outcome[V]] = deque()
        self._left = False

    def _enter(self, paper: Paper, index: int) -> Entrant[Batch]:
        self._papers.open[index] = paper
        return Entrant(str(index), index, start=lambda: self._bulk.begin(paper))

    @property
    def pulled(self) -> int:
        """Return how many items were taken from the input."""
        return self._papers.pulled

    @property
    def over(self) -> bool:
        """Tell whether nothing will come any more."""
        return not self._ready and self._opened is None and (self._left or super().over)

    def take(self) -> Outcome[V] | None:
        """Return the next answer that has been read, if there is one."""
        if self._ready:
            return self._ready.popleft()
        if self._opened is None and not self._left and (batch := self._inner.take()) is not None:
            self._opened = _Opened(self._papers.open[batch.index], batch)
        return None

    async def change(self) -> None:
        """Wait until something may be there to be taken. Cancelling loses nothing."""
        if self._opened is None:
            await self._inner.change()
            return
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_on(self._opened))
        await asyncio.wait([self._reading])

    def loosen(self) -> bool:
        """Make what is on this machine ready to be taken, some of it at a time; tell whether there was any."""
        opened = self._opened
        if opened is not None and opened.fetched and not self._ready:
            self._deal(opened, opened.start, opened.lines(opened.items))
        return bool(self._ready)

    def unfinished(self) -> list[Unfinished]:
        """Return the items whose answers are not on this machine."""
        here = self._opened.paper if self._opened is not None and self._opened.fetched else None
        return self._papers.unfinished(but=here)

    def leave(self) -> None:
        """Cancel what is under way; batches live on, and what was downloaded stays to be taken."""
        self._left = True
        super().leave()
        if self._opened is not None and not self._opened.fetched:
            self._opened = None
            if self._reading is not None:
                self._reading.cancel()

    async def aclose(self) -> None:
        """Leave, and wait until nothing is left behind but answers that were downloaded and not handed out."""
        self.leave()
        if self._reading is not None:
            await asyncio.wait([self._reading])
        await super().aclose()
        if self._opened is None:
            await anyio.to_thread.run_sync(self._papers.folder.remove)

    # ── answers ────────────────────────────────────────────────────────────────────────────────────

    async def _read_on(self, opened: _Opened) -> None:
        try:
            if not opened.fetched:
                opened.error = await self._bulk.fetch(opened.paper, opened.batch.result, opened.answers)
                opened.fetched = True
            start = opened.start
            self._deal(opened, start, await anyio.to_thread.run_sync(opened.lines, opened.items))
        finally:
            self._reading = None

    def _deal(self, opened: _Opened, start: int, lines: list[bytes]) -> None:
        if opened.start != start:
            return  # somebody who could not wait has read them meanwhile
        for item, line in zip(opened.items, lines, strict=True):
            self._ready.append(self._bulk.outcome(item, line, opened.batch, opened.error))
        opened.start += len(lines)
        if opened.start >= len(opened.paper.items):
            del self._papers.open[opened.batch.index]
            self._opened = None


def _missing(batch: Batch) -> APIResponseError:
    return APIResponseError(
        f"batch {batch.id} ended as {batch.status} without an answer to this item",
        endpoint="batches.submit",
        hint="An expired or cancelled batch has answers to what was finished until then.",
    )
