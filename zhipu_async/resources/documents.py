"""Documents of knowledge bases: `zhipu.knowledge.documents`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard, TypeVar, Unpack

from zhipu_async.flows.pages import Pages, Query, following
from zhipu_async.flows.request import Request, query, sent
from zhipu_async.flows.upload import Form, Named, Progress, file_field
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay, Root
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.sendable import encode
from zhipu_async.resources.base import Resource
from zhipu_async.types.documents import (
    AddedDocuments,
    Document,
    DocumentImages,
    DocumentList,
    UrlDetail,
)
from zhipu_async.types.knowledge import Accepted

T = TypeVar("T")

PATH = "/llm-application/open/document"


def open_endpoint(
    name: str, method: str, path: str, reply: type[T], replay: Replay, *, takes_request_id: bool = False
) -> Endpoint[T]:
    """Return an endpoint of the open knowledge API, which wraps all it says in {code, message, data}."""
    return Endpoint(
        name=f"knowledge.{name}",
        method=method,
        path=path,
        reply=reply,
        replay=replay,
        root=Root.API,
        envelope=Envelope.CODE_200,
        takes_request_id=takes_request_id,
    )


ONE = PATH + "/{id}"

UPLOAD = open_endpoint(
    "documents.upload", "POST", PATH + "/upload_document/{id}", AddedDocuments, Replay.ONCE
)
UPLOAD_URLS = open_endpoint(
    "documents.upload_urls", "POST", PATH + "/upload_url", AddedDocuments, Replay.ONCE
)
RETRIEVE = open_endpoint("documents.retrieve", "GET", ONE, Document, Replay.SAFE)
UPDATE = open_endpoint("documents.update", "PUT", ONE, Accepted, Replay.COSTLY)
DELETE = open_endpoint("documents.delete", "DELETE", ONE, Accepted, Replay.SAFE)
EMBED = open_endpoint("documents.embed", "POST", PATH + "/embedding/{id}", Accepted, Replay.COSTLY)
IMAGES = open_endpoint(
    "documents.images", "POST", PATH + "/slice/image_list/{id}", DocumentImages, Replay.SAFE
)
LIST = open_endpoint("documents.list", "GET", PATH, DocumentList, Replay.SAFE)


class Documents(Resource):
    """What knowledge bases are made of."""

    async def upload(
        self,
        knowledge_id: str,
        *,
        files: Named | Sequence[Named],
        knowledge_type: int | None = None,
        custom_separator: Sequence[str] | None = None,
        sentence_size: int | None = None,
        parse_image: bool | None = None,
        callback_url: str | None = None,
        callback_header: Mapping[str, str] | None = None,
        word_num_limit: int | str | None = None,
        req_id: str | None = None,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> AddedDocuments:
        """Add files to a knowledge base and return which were taken; `.failed_infos` says why others were not.

        They are found once `retrieve` says that they are `ready`. Cancelling closes the connection; documents
        may have been added.
        files: one file or a list of them, each a path, bytes, an open binary file or an async iterator, alone
            or as (file name, content).
        knowledge_type: one of `Slicing`; without it the platform decides, and fails at some files.
        custom_separator, sentence_size: for `Slicing.CUSTOM`; 20 to 2000 characters, 300 by default.
        callback_url: called with `callback_header` when the vectors are done.
        word_num_limit: the most words of one document.
        """
        values = query(
            knowledge_type=knowledge_type,
            sentence_size=sentence_size,
            parse_image=parse_image,
            callback_url=callback_url,
            callback_header=None if callback_header is None else encode(callback_header).decode(),
            word_num_limit=word_num_limit,
            req_id=req_id,
        )
        fields = [await file_field("files", file) for file in _each(files)]
        form = Form({**values, "custom_separator": custom_separator or ()}, fields, on_progress)
        return await self._upload(UPLOAD, form, options, path={"id": knowledge_id})

    async def upload_urls(
        self, knowledge_id: str, *, upload_detail: Sequence[UrlDetail], **options: Unpack[CallOptions]
    ) -> AddedDocuments:
        """Add pages and files of the web and return which were taken; `.failed_infos` says why others were not.

        Cancelling closes the connection; documents may have been added.
        upload_detail: such as [{"url": "https://example.com/faq", "knowledge_type": Slicing.BY_PARAGRAPH}].
        """
        return await self._call(UPLOAD_URLS, options, knowledge_id=knowledge_id, upload_detail=upload_detail)

    async def retrieve(self, document_id: str, **options: Unpack[CallOptions]) -> Document:
        """Return a document, and how far its vectors are. Cancelling closes the connection."""
        return await self._get(RETRIEVE, options, path={"id": document_id})

    async def update(
        self,
        document_id: str,
        *,
        knowledge_type: int,
        custom_separator: Sequence[str] | None = None,
        sentence_size: int | None = None,
        callback_url: str | None = None,
        callback_header: Mapping[str, str] | None = None,
        **options: Unpack[CallOptions],
    ) -> Accepted:
        """Cut a document anew, which rebuilds its vectors. Cancelling closes the connection; it may have begun.

        The platform's newest pages do not list this any more.
        knowledge_type: one of `Slicing`.
        """
        fields = sent(
            knowledge_type=knowledge_type,
            custom_separator=custom_separator,
            sentence_size=sentence_size,
            callback_url=callback_url,
            callback_header=callback_header,
        )
        return await self._calls.call(UPDATE, Request(fields, path={"id": document_id}, options=options))

    async def delete(self, document_id: str, **options: Unpack[CallOptions]) -> Accepted:
        """Delete a document. Cancelling closes the connection; it may be gone."""
        return await self._get(DELETE, options, path={"id": document_id})

    async def embed(
        self,
        document_id: str,
        *,
        callback_url: str | None = None,
        callback_header: Mapping[str, str] | None = None,
        **options: Unpack[CallOptions],
    ) -> Accepted:
        """Begin to make a document's vectors again, after a failure or when its page has changed.

        `retrieve` says when they are done, or callback_url is called. Cancelling closes the connection; it may
        have begun.
        """
        fields = sent(callback_url=callback_url, callback_header=callback_header)
        return await self._calls.call(EMBED, Request(fields, path={"id": document_id}, options=options))

    async def images(self, document_id: str, **options: Unpack[CallOptions]) -> DocumentImages:
        """Return the pictures in a document's slices. Cancelling closes the connection."""
        return await self._get(IMAGES, options, path={"id": document_id})

    def list(
        self,
        knowledge_id: str,
        *,
        word: str | None = None,
        page: int | None = None,
        size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pages[DocumentList, Document]:
        """Return the documents of a knowledge base: `async for document in ...`, or `await` for the first page.

        Cancelling closes the connection.
        word: only documents with this in their name.
        page: where to begin, 1 by default.
        size: documents in one page, 10 by default.
        """
        asked = query(knowledge_id=knowledge_id, word=word, page=page, size=size)
        return self._pages(LIST, options, asked, items=lambda found: found.data, following=_next)


def _each(files: Named | Sequence[Named]) -> Sequence[Named]:
    """Return the files in a list; a pair is one file with its name."""
    return files if _are_many(files) else [files] if _is_one(files) else []


def _are_many(files: Named | Sequence[Named]) -> TypeGuard[list[Named]]:
    return isinstance(files, list)


def _is_one(files: Named | Sequence[Named]) -> TypeGuard[Named]:
    return not isinstance(files, list)


def _next(page: DocumentList, query: Query) -> Query | None:
    return following(len(page.data), page.total, query)
