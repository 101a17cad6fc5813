"""Knowledge bases: `zhipu.knowledge`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Unpack

from zhipu_async.flows.pages import Pages, Query, following
from zhipu_async.flows.request import Request, query, sent
from zhipu_async.protocol.endpoint import Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.resources.documents import Documents, open_endpoint
from zhipu_async.types.knowledge import (
    Accepted,
    Capacity,
    KnowledgeBase,
    KnowledgeBaseId,
    KnowledgeBaseList,
    MultimodalRetrieval,
    Retrieval,
    SearchedBase,
    SearchedImage,
    SearchFilters,
    SearchTurn,
)

PATH = "/llm-application/open/knowledge"

CREATE = open_endpoint("create", "POST", PATH, KnowledgeBaseId, Replay.ONCE)
RETRIEVE = open_endpoint("retrieve", "GET", PATH + "/{id}", KnowledgeBase, Replay.SAFE)
UPDATE = open_endpoint("update", "PUT", PATH + "/{id}", Accepted, Replay.COSTLY)
DELETE = open_endpoint("delete", "DELETE", PATH + "/{id}", Accepted, Replay.SAFE)
LIST = open_endpoint("list", "GET", PATH, KnowledgeBaseList, Replay.SAFE)
CAPACITY = open_endpoint("capacity", "GET", PATH + "/capacity", Capacity, Replay.SAFE)
SEARCH = open_endpoint("search", "POST", PATH + "/retrieve", Retrieval, Replay.COSTLY, takes_request_id=True)
SEARCH_MULTIMODAL = open_endpoint(
    "search_multimodal", "POST", "/zrag/retrieval/retrieve", MultimodalRetrieval, Replay.COSTLY
)


class Knowledge(Resource):
    """Knowledge bases and what is found in them."""

    @cached_property
    def documents(self) -> Documents:
        """Return the documents of knowledge bases: `zhipu.knowledge.documents.upload(...)`."""
        return Documents(self._calls)

    async def create(
        self,
        *,
        name: str,
        embedding_id: int,
        embedding_model: str | None = None,
        description: str | None = None,
        contextual: int | None = None,
        background: str | None = None,
        icon: str | None = None,
        **options: Unpack[CallOptions],
    ) -> KnowledgeBaseId:
        """Create a knowledge base and return its id. Cancelling closes the connection; it may exist.

        embedding_id: one of `EmbeddingModel`; embedding_model is its name, such as "Embedding-3".
        contextual: 1 puts each slice into its context; it cannot be switched off again.
        background: "blue", "red", "orange", "purple", "sky", "green" or "yellow".
        icon: "question", "book", "seal", "wrench", "tag", "horn" or "house".
        """
        return await self._call(
            CREATE,
            options,
            name=name,
            embedding_id=embedding_id,
            embedding_model=embedding_model,
            description=description,
            contextual=contextual,
            background=background,
            icon=icon,
        )

    async def retrieve(self, knowledge_id: str, **options: Unpack[CallOptions]) -> KnowledgeBase:
        """Return a knowledge base. Cancelling closes the connection."""
        return await self._get(RETRIEVE, options, path={"id": knowledge_id})

    async def update(
        self,
        knowledge_id: str,
        *,
        name: str | None = None,
        embedding_id: int | None = None,
        embedding_model: str | None = None,
        description: str | None = None,
        contextual: int | None = None,
        background: str | None = None,
        icon: str | None = None,
        callback_url: str | None = None,
        callback_header: Mapping[str, str] | None = None,
        **options: Unpack[CallOptions],
    ) -> Accepted:
        """Change what is given of a knowledge base. Cancelling closes the connection; it may have changed.

        embedding_id: another one rebuilds every document; callback_url is called at the end of that.
        """
        fields = sent(
            name=name,
            embedding_id=embedding_id,
            embedding_model=embedding_model,
            description=description,
            contextual=contextual,
            background=background,
            icon=icon,
            callback_url=callback_url,
            callback_header=callback_header,
        )
        return await self._calls.call(UPDATE, Request(fields, path={"id": knowledge_id}, options=options))

    async def delete(self, knowledge_id: str, **options: Unpack[CallOptions]) -> Accepted:
        """Delete a knowledge base with its documents. Cancelling closes the connection; it may be gone."""
        return await self._get(DELETE, options, path={"id": knowledge_id})

    async def capacity(self, **options: Unpack[CallOptions]) -> Capacity:
        """Return how much space is used, and how much there is. Cancelling closes the connection."""
        return await self._get(CAPACITY, options)

    async def search(
        self,
        *,
        query: str,
        knowledge_ids: Sequence[str],
        document_ids: Sequence[str] | None = None,
        top_k: int | None = None,
        top_n: int | None = None,
        recall_method: str | None = None,
        recall_ratio: int | None = None,
        rerank_status: int | None = None,
        rerank_model: str | None = None,
        fractional_threshold: float | None = None,
        request_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Retrieval:
        """Return the slices of text documents that fit a query. Cancelling closes the connection.

        query: at most 1000 characters.
        top_k: slices at the end, 1 to 20; top_n: slices to choose from, 1 to 100.
        recall_method: "embedding", "keyword" or "mixed", the default.
        recall_ratio: how much the vectors count in "mixed", in percent: 0 to 100.
        rerank_status: 1 sorts by `rerank_model`, "rerank" or "rerank-pro".
        fractional_threshold: the least score, 0 to 1.
        """
        return await self._call(
            SEARCH,
            options,
            query=query,
            knowledge_ids=knowledge_ids,
            document_ids=document_ids,
            top_k=top_k,
            top_n=top_n,
            recall_method=recall_method,
            recall_ratio=recall_ratio,
            rerank_status=rerank_status,
            rerank_model=rerank_model,
            fractional_threshold=fractional_threshold,
            request_id=request_id,
        )

    async def search_multimodal(
        self,
        *,
        knows: Sequence[SearchedBase],
        query: str | None = None,
        multimodal_parts: Sequence[SearchedImage] | None = None,
        multimodal: bool | None = None,
        top_k: int | None = None,
        top_n: int | None = None,
        recall_method: str | None = None,
        recall_ratio: float | None = None,
        enable_rerank: bool | None = None,
        enable_rewrite: bool | None = None,
        enable_expansion: bool | None = None,
        similarity_threshold: float | None = None,
        messages: Sequence[SearchTurn] | None = None,
        search_filters: SearchFilters | None = None,
        **options: Unpack[CallOptions],
    ) -> MultimodalRetrieval:
        """Return the slices of any documents that fit a query, a picture, or both. Cancelling closes the connection.

        knows: the knowledge bases, such as [{"id": "1900000000000000002"}].
        multimodal_parts: pictures to search with, such as [{"type": "image_url", "url": ...}].
        recall_ratio: how much the vectors count in "mixed", as a fraction: 0 to 1.
        enable_rewrite: put the query into words that fit the conversation in `messages`.
        enable_expansion: search more widely.
        """
        return await self._call(
            SEARCH_MULTIMODAL,
            options,
            knows=knows,
            query=query,
            multimodal_parts=multimodal_parts,
            multimodal=multimodal,
            top_k=top_k,
            top_n=top_n,
            recall_method=recall_method,
            recall_ratio=recall_ratio,
            enable_rerank=enable_rerank,
            enable_rewrite=enable_rewrite,
            enable_expansion=enable_expansion,
            similarity_threshold=similarity_threshold,
            messages=messages,
            search_filters=search_filters,
        )

    def list(
        self, *, page: int | None = None, size: int | None = None, **options: Unpack[CallOptions]
    ) -> Pages[KnowledgeBaseList, KnowledgeBase]:
        """Return the knowledge bases: `async for base in ...`, or `await` for the first page.

        Cancelling closes the connection.
        page: where to begin, 1 by default.
        size: knowledge bases in one page, 10 by default.
        """
        asked = query(page=page, size=size)
        return self._pages(LIST, options, asked, items=lambda found: found.data, following=_next)


def _next(page: KnowledgeBaseList, query: Query) -> Query | None:
    return following(len(page.data), page.total, query)
