"""Rerank on the wire."""

from __future__ import annotations

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.chat import Usage


class Ranked(Part):
    """A document's score; `index` is its place in the request."""

    index: int = 0
    relevance_score: float = 0.0
    document: str = ""
    """The text, when `return_documents` asked for it."""


class Ranking(Reply):
    """The documents' scores."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    results: list[Ranked] = []
    usage: Usage = msgspec.field(default_factory=Usage)

    @property
    def best_first(self) -> list[Ranked]:
        """Return the results by falling score."""
        return sorted(self.results, key=lambda ranked: -ranked.relevance_score)
