"""Batches: `zhipu.batches`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from zhipu_async.flows.pages import Pages, Query, after
from zhipu_async.flows.request import query
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.kinds import BATCHES
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.batches import Batch, BatchList
from zhipu_async.types.tasks import TaskReceipt

CHAT = "/v4/chat/completions"  # without the /paas of the address; each line of the file names it too

CREATE = Endpoint(name="batches.create", path="/batches", reply=Batch, replay=Replay.ONCE)
SUBMIT = Endpoint(
    name="batches.submit",
    path="/batches",
    reply=TaskReceipt,
    replay=Replay.ONCE,
    default_model="batches",  # tasks hold a place until they end: it must not be one that calls need
)
LIST = Endpoint(name="batches.list", method="GET", path="/batches", reply=BatchList, replay=Replay.SAFE)


class Batches(Resource):
    """Many requests in one file."""

    async def create(
        self,
        *,
        input_file_id: str,
        endpoint: str = CHAT,
        completion_window: str | None = None,
        metadata: Mapping[str, str] | None = None,
        auto_delete_input_file: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> Batch:
        """Begin a batch and return it as it stands: `submit` gives a task to wait for.

        Cancelling closes the connection; the batch may have begun.
        input_file_id: a file uploaded with purpose "batch": one request per line, for one model.
        auto_delete_input_file: the platform deletes the file afterwards, unless this is False.
        metadata: at most 16 pairs, keys of 64 and values of 512 characters.
        """
        return await self._call(
            CREATE,
            options,
            input_file_id=input_file_id,
            endpoint=endpoint,
            completion_window=completion_window,
            metadata=metadata,
            auto_delete_input_file=auto_delete_input_file,
        )

    async def submit(
        self,
        *,
        input_file_id: str,
        endpoint: str = CHAT,
        completion_window: str | None = None,
        metadata: Mapping[str, str] | None = None,
        auto_delete_input_file: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> PendingTask[Batch]:
        """Begin a batch, as `create` does, and return its task: `batch = await task` waits for the end.

        What expired or was cancelled half way is a result too, when lines of it are finished. Cancelling
        closes the connection; the batch may have begun.
        """
        return await self._submit(
            SUBMIT,
            BATCHES,
            options,
            input_file_id=input_file_id,
            endpoint=endpoint,
            completion_window=completion_window,
            metadata=metadata,
            auto_delete_input_file=auto_delete_input_file,
        )

    async def retrieve(self, batch_id: str, **options: Unpack[CallOptions]) -> Batch:
        """Return a batch as it stands. Cancelling closes the connection."""
        return await self._get(BATCHES.poll, options, path={"id": batch_id})

    async def cancel(self, batch_id: str, **options: Unpack[CallOptions]) -> Batch:
        """Ask the platform to stop a batch, which takes minutes; finished lines stay and are paid for.

        Cancelling closes the connection; the batch may be stopping all the same.
        """
        assert BATCHES.cancel is not None
        return await self._get(BATCHES.cancel, options, path={"id": batch_id})

    def list(
        self, *, after: str | None = None, limit: int | None = None, **options: Unpack[CallOptions]
    ) -> Pages[BatchList, Batch]:
        """Return the batches: `async for batch in ...`, or `await` for the first page.

        Cancelling closes the connection.
        after: the id of the last batch already seen.
        limit: batches in one page, 1 to 100; 20 by default.
        """
        asked = query(after=after, limit=limit)
        return self._pages(LIST, options, asked, items=lambda page: page.data, following=_next)


def _next(page: BatchList, query: Query) -> Query | None:
    return after(page.last_id or page.data[-1].id, query) if page.has_more else None
