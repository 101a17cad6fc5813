"""The two ways of paging: by the last id that was seen, and by number. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .refusals import illegal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .operation import Ask
    from .shapes import Body

T = TypeVar("T")


def query_integer(
    query: Mapping[str, str], name: str, otherwise: int, *, at_least: int = 1, at_most: int = 2**31 - 1
) -> int:
    """Read a whole number of the query, or refuse with 1214."""
    written = query.get(name)
    if not written:
        return otherwise
    if not written.isascii() or not written.isdigit() or not at_least <= int(written[:20]) <= at_most:
        raise illegal(name, f"a whole number from {at_least} to {at_most} expected")
    return int(written)


def after(items: Sequence[tuple[str, T]], ask: Ask) -> tuple[list[T], bool]:
    """Give the page behind the cursor `after`, and whether more follows; items are named by their ids."""
    limit = query_integer(ask.query, "limit", 20, at_most=100)
    start = 0
    cursor = ask.query.get("after")
    if cursor:
        names = [name for name, _ in items]
        if cursor not in names:
            raise illegal("after", "no item has this id")
        start = names.index(cursor) + 1
    page = [item for _, item in items[start : start + limit]]
    return page, start + limit < len(items)


def numbered(items: Sequence[Body], ask: Ask) -> Body:
    """Give the page number `page` of the size `size`, with the total."""
    page, size = query_integer(ask.query, "page", 1), query_integer(ask.query, "size", 10)
    shown: list[object] = list(items[(page - 1) * size : page * size])
    return {"list": shown, "total": len(items)}
