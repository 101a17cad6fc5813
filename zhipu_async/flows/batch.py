"""Bulk work by batch: items become files, files become batches, and the answers find their items again."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio.to_thread

from zhipu_async.errors import APIResponseError
from zhipu_async.flows.batch_files import Answers, Item, Paper, Writer
from zhipu_async.flows.bulk import keyed
from zhipu_async.flows.jobs import Job
from zhipu_async.flows.ledger import Line, keep_going, surely
from zhipu_async.flows.race import Entrant, Race
from zhipu_async.flows.request import Request
from zhipu_async.flows.source import Source
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.protocol.batch_lines import LINES, Sheet, answer_of_line, custom_id
from zhipu_async.types.base import Reply
from zhipu_async.types.batches import Batch
from zhipu_async.types.tasks import Outcome

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
    reply: type[V]
    prepare: Callable[[R], Awaitable[Request]]
    most_lines: int = LINES

    async def run(
        self, elements: Source[R | tuple[str, R]], *, at_once: int | None, ordered: bool
    ) -> AsyncGenerator[Outcome[V]]:
        """Yield how each item ended. Cancelling leaves created batches to the platform; a job finds them again."""
        async with _directory() as directory:
            papers: dict[int, Paper] = {}

            def enter(paper: Paper, index: int) -> Entrant[Batch]:
                papers[index] = paper
                return Entrant(str(index), index, start=lambda: self._begin(paper))

            source = Source(self._papers(elements, directory))
            race: Race[Paper, Batch] = Race(source, enter, window=at_once or BATCHES_AT_ONCE, ordered=ordered)
            async with aclosing(race.run()) as batches:
                async for batch in batches:
                    async for outcome in self._answers(papers.pop(batch.index), batch):
                        yield outcome

    # ── items to files ─────────────────────────────────────────────────────────────────────────────

    async def _papers(self, elements: Source[R | tuple[str, R]], directory: Path) -> AsyncGenerator[Paper]:
        writer, index = Writer(directory, Sheet(self.url, self.most_lines)), 0
        try:
            while element := (await elements.anext() if elements.is_async else elements.next()):
                if (full := await self._write(writer, element[0], index)) is not None:
                    yield full
                index += 1
            if writer.paper.items:
                yield await writer.finish()
        finally:
            elements.close()
            await elements.aclose()

    async def _write(self, writer: Writer, element: R | tuple[str, R], index: int) -> Paper | None:
        key, asked = keyed(element, index)
        try:
            request = await self.prepare(asked)
            line = writer.paper.sheet.line(request.fields or {}, index)
        except Exception as error:  # noqa: BLE001  (an item that cannot be sent is one outcome, not the end of all)
            writer.refuse(Item(key, index, error))
            return None
        return await writer.add(Item(key, index), line, request.model)

    # ── files to batches ───────────────────────────────────────────────────────────────────────────

    async def _begin(self, paper: Paper) -> PendingTask[Any] | Outcome[Batch]:
        if not paper.sheet.lines:
            return Outcome(value=Batch())
        identity = {"url": self.url, "digest": paper.digest}
        line = self.job.line("batches.submit", identity, f"batch {paper.number}")
        known = await self.job.known(line, Batch) if line is not None else None
        if known is not None:
            return known
        return await self.desk.create(await self.desk.upload(paper.path), self.url, line)

    # ── batches to items ───────────────────────────────────────────────────────────────────────────

    async def _answers(self, paper: Paper, batch: Outcome[Batch]) -> AsyncGenerator[Outcome[V]]:
        answers = Answers()
        try:
            error = batch.error or await self._fetch(paper, batch.result, answers)
            for start in range(0, len(paper.items), LINES_AT_ONCE):
                items = paper.items[start : start + LINES_AT_ONCE]
                ids = [custom_id(item.index) for item in items]
                lines = await anyio.to_thread.run_sync(answers.read, ids)
                for item, line in zip(items, lines, strict=True):
                    yield self._outcome(item, line, batch, error)
        finally:
            answers.close()

    async def _fetch(self, paper: Paper, batch: Batch, answers: Answers) -> Exception | None:
        files = {".output": batch.output_file_id, ".errors": batch.error_file_id}
        try:
            for suffix, file_id in files.items():
                if file_id:
                    path = await self.desk.save(file_id, paper.path.with_suffix(suffix))
                    await anyio.to_thread.run_sync(answers.take, path)
        except Exception as error:  # noqa: BLE001  (the batch was paid for: each of its items hears what is wrong)
            return error
        return None

    def _outcome(self, item: Item, line: bytes, batch: Outcome[Batch], error: Exception | None) -> Outcome[V]:
        answer: V | Exception
        if item.error is not None:
            answer = item.error
        elif line:
            answer = answer_of_line(line, self.reply)
        else:
            answer = error or _missing(batch.result)
        if isinstance(answer, Exception):
            return Outcome(key=item.key, index=item.index, error=answer, replayed=batch.replayed)
        return Outcome(key=item.key, index=item.index, value=answer, replayed=batch.replayed)


def _missing(batch: Batch) -> APIResponseError:
    return APIResponseError(
        f"batch {batch.id} ended as {batch.status} without an answer to this item",
        endpoint="batches.submit",
        hint="An expired or cancelled batch has answers to what was finished until then.",
    )


@asynccontextmanager
async def _directory() -> AsyncGenerator[Path]:
    """The requests are somebody's words: the directory is the user's own, and gone afterwards."""
    making = keep_going(asyncio.to_thread(tempfile.mkdtemp, prefix="zhipu-async-"))
    try:
        yield Path(await asyncio.shield(making))
    finally:
        # Also when the wait for it was cancelled: the thread makes the directory all the same.
        await surely(_remove(making))


async def _remove(making: asyncio.Future[str]) -> None:
    await asyncio.to_thread(shutil.rmtree, await making, ignore_errors=True)
