"""Rerank: `zhipu.rerank`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.rerank import Ranking

CREATE = Endpoint(
    name="rerank.create", path="/rerank", reply=Ranking, replay=Replay.COSTLY, takes_request_id=True
)


class Rerank(Resource):
    """Documents by how well they answer a query."""

    async def create(
        self,
        *,
        model: str = "rerank",
        query: str,
        documents: Sequence[str],
        top_n: int | None = None,
        return_documents: bool | None = None,
        return_raw_scores: bool | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Ranking:
        """Return the documents' scores for the query, at most 128 of them. Cancelling closes the connection.

        top_n: only the n best; all by default.
        """
        return await self._call(
            CREATE,
            options,
            model=model,
            query=query,
            documents=documents,
            top_n=top_n,
            return_documents=return_documents,
            return_raw_scores=return_raw_scores,
            request_id=request_id,
            user_id=user_id,
        )
