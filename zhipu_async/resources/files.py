"""Files: `zhipu.files`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from zhipu_async.flows.download import Download, of_endpoint
from zhipu_async.flows.pages import Pages, Query, after
from zhipu_async.flows.request import Request, query
from zhipu_async.flows.upload import Form, Named, Progress, file_field
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.files import FileDeleted, FileList, FileObject

UPLOAD = Endpoint(name="files.upload", path="/files", reply=FileObject, replay=Replay.ONCE)
LIST = Endpoint(name="files.list", method="GET", path="/files", reply=FileList, replay=Replay.SAFE)
CONTENT = Endpoint(
    name="files.content",
    method="GET",
    path="/files/{id}/content",
    reply=bytes,
    replay=Replay.SAFE,
    envelope=Envelope.CONTENT,
)
DELETE = Endpoint(
    name="files.delete", method="DELETE", path="/files/{id}", reply=FileDeleted, replay=Replay.SAFE
)


class Files(Resource):
    """Files that the platform keeps for a while."""

    async def upload(
        self,
        *,
        file: Named,
        purpose: str,
        knowledge_id: str | None = None,
        custom_separator: Sequence[str] | None = None,
        sentence_size: int | None = None,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> FileObject:
        """Upload a file piece by piece and return what the platform keeps of it.

        Cancelling closes the connection; the file may have been kept.
        file: a path, bytes, an open binary file or an async iterator, alone or as (file name, content). The
            platform goes by the extension of the name.
        purpose: one of `Purpose`, such as "batch" for jsonl.
        knowledge_id, custom_separator, sentence_size: only for the old purpose "retrieval"; use
            `zhipu.knowledge.documents.upload` instead.
        on_progress: called with bytes sent and bytes in all.
        """
        field = await file_field("file", file, by_extension=True)
        values = query(purpose=purpose, knowledge_id=knowledge_id, sentence_size=sentence_size)
        form = Form({**values, "custom_separator": custom_separator or ()}, [field], on_progress)
        return await self._upload(UPLOAD, form, options)

    def content(self, file_id: str, **options: Unpack[CallOptions]) -> Download:
        """Return the download of a batch's file: `await` it for bytes, `await .save(path)`, or `async for` pieces.

        Cancelling closes the connection.
        """
        # Read as a stream is: JSON with status 200 may be an error, and is looked at before it is written.
        request = Request(path={"id": file_id}, options=options, stream=True)
        return of_endpoint(self._calls, CONTENT, request)

    async def delete(self, file_id: str, **options: Unpack[CallOptions]) -> FileDeleted:
        """Delete a file for good. Cancelling closes the connection; the file may be gone."""
        return await self._get(DELETE, options, path={"id": file_id})

    def list(
        self,
        *,
        purpose: str,
        after: str | None = None,
        limit: int | None = None,
        order: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Pages[FileList, FileObject]:
        """Return the files of one purpose: `async for file in ...`, or `await` for the first page.

        Cancelling closes the connection.
        after: the id of the last file already seen.
        limit: files in one page, 1 to 100; 20 by default.
        """
        asked = query(purpose=purpose, after=after, limit=limit, order=order)
        return self._pages(LIST, options, asked, items=lambda page: page.data, following=_next)


def _next(page: FileList, query: Query) -> Query | None:
    return after(page.data[-1].id, query) if page.has_more else None
