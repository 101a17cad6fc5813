"""Lists in pages: read to their end, and never for ever."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from zhipu_async.flows.pages import DEFAULT_SIZE, Pages, Query, after, following, numbered

Page = list[str]


class Shelf:
    """Gives pages by cursor, and notes what it was asked for."""

    def __init__(self, pages: dict[str, Page]) -> None:
        self.pages = pages
        self.asked: list[Query] = []

    async def fetch(self, query: Query) -> Page:
        self.asked.append(query)
        return self.pages[query.get("after", "")]

    def list(self) -> Pages[Page, str]:
        return Pages(self.fetch, {"limit": "2"}, lambda page: page, self.next)

    def next(self, page: Sequence[str], query: Query) -> Query | None:
        return after(page[-1], query)


def shelf() -> Shelf:
    return Shelf({"": ["a", "b"], "b": ["c", "d"], "d": ["e"], "e": []})


async def test_items_come_one_by_one_over_all_pages() -> None:
    books = shelf()
    assert [item async for item in books.list()] == ["a", "b", "c", "d", "e"]
    assert [query.get("after") for query in books.asked] == [None, "b", "d", "e"]
    assert all(query["limit"] == "2" for query in books.asked)


async def test_pages_come_page_by_page() -> None:
    assert [page async for page in shelf().list().pages()] == [["a", "b"], ["c", "d"], ["e"], []]


async def test_awaiting_gives_the_first_page_only_and_may_be_repeated() -> None:
    books = shelf()
    pages = books.list()
    assert await pages == ["a", "b"]
    assert await pages == ["a", "b"]
    assert len(books.asked) == 2


async def test_nothing_is_asked_for_before_it_is_wanted() -> None:
    books = shelf()
    pages = books.list()
    assert books.asked == []
    async for item in pages:
        if item == "b":
            break
    assert len(books.asked) == 1


async def test_a_list_can_be_read_twice() -> None:
    pages = shelf().list()
    assert [item async for item in pages] == [item async for item in pages]


@pytest.mark.parametrize(
    "pages",
    [
        {"": ["a", "b"], "b": ["a", "b"]},
        {"": ["a", "b"], "b": ["c", "d"], "d": ["a", "b"]},
        {"": ["a"], "a": ["b"], "b": ["c"], "c": ["d", "a"]},
    ],
    ids=["the same page", "in a circle", "in a longer circle"],
)
async def test_a_server_that_repeats_itself_is_left(pages: dict[str, Page]) -> None:
    books = Shelf(pages)
    read = [item async for item in books.list()]
    assert read
    assert len(books.asked) <= len(pages) + 1


async def test_numbered_pages_that_begin_anew_behind_the_last_are_left() -> None:
    async def fetch(query: Query) -> Page:
        return [["a", "b"], ["c"]][int(query["page"]) % 2]

    endless = Pages(
        fetch, {"page": "2"}, lambda page: page, lambda page, query: numbered(int(query["page"]) + 1, query)
    )
    assert [item async for item in endless] == ["a", "b", "c"]


def test_a_cursor_that_does_not_move_ends_the_list() -> None:
    assert after("b", {"limit": "2", "after": "a"}) == {"limit": "2", "after": "b"}
    assert after("a", {"after": "a"}) is None
    assert after("", {"after": "a"}) is None


@pytest.mark.parametrize(
    ("came", "total", "query", "page"),
    [
        (DEFAULT_SIZE, 25, {}, "2"),
        (DEFAULT_SIZE, 25, {"page": "2"}, "3"),
        (5, 25, {"page": "3"}, None),
        (DEFAULT_SIZE, DEFAULT_SIZE, {}, None),
        (0, 0, {}, None),
        (3, 25, {"size": "5", "page": "4"}, "5"),
        (10, 25, {"size": "100"}, "2"),
        (100, 250, {"size": "100", "page": "2"}, "3"),
        (100, 200, {"size": "100", "page": "2"}, None),
    ],
)
def test_numbered_pages_end_with_the_total(
    came: int, total: int, query: dict[str, str], page: str | None
) -> None:
    found = following(came, total, query)
    assert found == (None if page is None else numbered(int(page), query))
