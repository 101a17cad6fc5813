"""Lists that come in pages: one page, page after page, or item after item."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from zhipu_async.flows.only_async import OnlyAsyncFor

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741  an item

Query = Mapping[str, str]

DEFAULT_SIZE = 10  # of numbered pages, where the caller does not say


class Pages(OnlyAsyncFor, Generic[P, I]):
    """`await` gives the first page, `async for` every item of every page, `.pages()` page after page."""

    def __init__(
        self,
        fetch: Callable[[Query], Awaitable[P]],
        query: Query,
        items: Callable[[P], Sequence[I]],
        following: Callable[[P, Query], Query | None],
    ) -> None:
        self._fetch = fetch
        self._query = query
        self._items = items
        self._following = following

    def __await__(self) -> Generator[object, None, P]:
        return self._first().__await__()

    async def __aiter__(self) -> AsyncIterator[I]:
        async for page in self.pages():
            for item in self._items(page):
                yield item

    async def pages(self) -> AsyncIterator[P]:
        """Give page after page, until the last one, an empty one, or one that was there before."""
        query: Query | None = self._query
        asked: set[frozenset[tuple[str, str]]] = set()
        seen: set[int] = set()
        while query is not None and frozenset(query.items()) not in asked:  # cursors that go round in circles
            asked.add(frozenset(query.items()))
            page = await self._fetch(query)
            items = self._items(page)
            content = hash(msgspec.json.encode(items))
            if (
                items and content in seen
            ):  # a server that does not turn the page, or begins anew behind the last
                return
            seen.add(content)
            yield page
            query = self._following(page, query) if items else None

    async def _first(self) -> P:
        return await self._fetch(self._query)


def numbered(page: int, query: Query) -> Query:
    """Return the query of a page by its number."""
    return {**query, "page": str(page)}


def after(cursor: str, query: Query) -> Query | None:
    """Return the query of what comes after a cursor; None when it does not move."""
    return {**query, "after": cursor} if cursor and cursor != query.get("after") else None


def following(came: int, total: int, query: Query) -> Query | None:
    """Return the query of the next numbered page; None behind the last one."""
    number, size = int(query.get("page", "1")), int(query.get("size", DEFAULT_SIZE))
    # More than the default may be cut without a word: then only what came can be counted on.
    seen = number * (size if size <= DEFAULT_SIZE else came)
    return None if seen >= total else numbered(number + 1, query)
