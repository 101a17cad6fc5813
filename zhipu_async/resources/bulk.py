"""Bulk work, put together: what `map` of every area rests on."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.batch import BatchBulk, Desk
from zhipu_async.flows.bulk import PATIENT, Bulk, Via, Way, Wishes, outcomes
from zhipu_async.flows.jobs import Job, Repeat
from zhipu_async.flows.request import Request
from zhipu_async.flows.upload import Form, file_field
from zhipu_async.protocol.batch_lines import LINES
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.kinds import BATCHES, Kind
from zhipu_async.resources.batches import SUBMIT
from zhipu_async.resources.files import UPLOAD, Files
from zhipu_async.types.base import Reply
from zhipu_async.types.batches import Batch
from zhipu_async.types.tasks import TaskReceipt

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.flows.ledger import Line
    from zhipu_async.flows.outcomes import Outcomes
    from zhipu_async.flows.tasks import PendingTask

R = TypeVar("R")
V = TypeVar("V", bound=Reply)

# Of an upload that broke nobody knows whether it arrived. A second copy costs nothing, and goes with the first.
UPLOAD_AGAIN = msgspec.structs.replace(UPLOAD, replay=Replay.SAFE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappable(Generic[R, V]):
    """What an area knows about its own bulk work."""

    endpoint: Endpoint[V]
    prepare: Callable[[R], Awaitable[Request]]
    submission: tuple[Endpoint[TaskReceipt], Kind[Any]] | None = None
    batch_url: str = ""
    most_lines: int = LINES

    def outcomes(
        self,
        calls: Calls,
        elements: Iterable[R | tuple[str, R]] | AsyncIterable[R | tuple[str, R]],
        *,
        via: Via,
        job: str | None,
        repeat: Repeat,
        wishes: Wishes,
    ) -> Outcomes[V]:
        """Return how each item ends, for whoever asks."""
        return outcomes(calls, self.way(calls, via, job, repeat), elements, wishes)

    def way(self, calls: Calls, via: Via, job: str | None, repeat: Repeat) -> Way[R, V]:
        """Return what gets the work done."""
        return self._way(calls.with_options(PATIENT), via, Job(calls.tasking.flow, job or "", repeat))

    def _way(self, calls: Calls, via: Via, job: Job) -> Way[R, V]:
        if via == "batch" and self.batch_url:
            return BatchBulk(
                desk=desk(calls),
                job=job,
                url=self.batch_url,
                endpoint=self.endpoint,
                prepare=self.prepare,
                most_lines=self.most_lines,
            )
        if via == "direct" or (via == "task" and self.submission is not None):
            submission = self.submission if via == "task" else None
            return Bulk(
                calls=calls, endpoint=self.endpoint, prepare=self.prepare, job=job, submission=submission
            )
        raise InvalidArgument(f"{self.endpoint.name} cannot be mapped via={via!r}")


def desk(calls: Calls) -> Desk:
    """Return files and batches as bulk work uses them."""
    files = Files(calls)

    async def upload(path: Path) -> str:
        form = Form({"purpose": "batch"}, [await file_field("file", path)])
        return (await calls.call(UPLOAD_AGAIN, Request(content=form))).id

    async def create(file_id: str, endpoint: str, line: Line | None) -> PendingTask[Batch]:
        # The platform then deletes the input file by itself, which it does anyway after a month.
        request = Request({"input_file_id": file_id, "endpoint": endpoint, "completion_window": "24h"})
        return await calls.tasking.flow.submit(calls, SUBMIT, BATCHES, request, line=line)

    async def save(file_id: str, path: Path) -> Path:
        return await files.content(file_id).save(path)

    return Desk(upload=upload, create=create, save=save)
