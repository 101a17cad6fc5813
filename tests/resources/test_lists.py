"""Every list over a real socket, from servers that never say that it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, Callable
from typing import TypeAlias

import pytest

from tests.hostile import hostile, reply
from zhipu_async import AsyncZhipuAI

Items: TypeAlias = Callable[[AsyncZhipuAI], AsyncIterable[object]]
Row: TypeAlias = dict[str, object]

LISTS: dict[str, tuple[Items, Callable[[list[Row]], Row]]] = {
    "files": (
        lambda z: z.files.list(purpose="batch"),
        lambda rows: {"object": "list", "data": rows, "has_more": True},
    ),
    "batches": (lambda z: z.batches.list(), lambda rows: {"data": rows, "has_more": True, "last_id": None}),
    "knowledge": (
        lambda z: z.knowledge.list(),
        lambda rows: {"code": 200, "data": {"list": rows, "total": 10**9}},
    ),
    "documents": (
        lambda z: z.knowledge.documents.list("1"),
        lambda rows: {"code": 200, "data": {"list": rows, "total": 10**9}},
    ),
    "conversations": (
        lambda z: z.assistants.conversations(),
        lambda rows: {"success": True, "code": 200, "data": {"conversation_list": rows, "has_more": True}},
    ),
    "assistants": (
        lambda z: z.assistants.list(),
        lambda rows: {"success": True, "code": 200, "data": rows, "has_more": True},
    ),
    "voices": (lambda z: z.voices.list(), lambda rows: {"voice_list": rows, "has_more": True}),
    "models": (lambda z: z.models.list(), lambda rows: {"data": rows, "has_more": True}),
}
SINGLE = {"assistants", "voices", "models"}
"""Lists of one page."""


async def read(items: AsyncIterable[object]) -> int:
    return len([item async for item in items])


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("row", [{"id": "1"}, {"id": ""}, {}], ids=["the same id", "an empty id", "no id"])
async def test_a_server_that_gives_the_same_page_for_ever_is_left(name: str, row: Row) -> None:
    items, page = LISTS[name]
    async with hostile(reply(page([row, row]))) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            assert await read(items(zhipu)) == 2
    assert len(server.requests) <= (1 if name in SINGLE else 2)


@pytest.mark.parametrize("name", LISTS)
async def test_an_empty_page_is_the_last(name: str) -> None:
    items, page = LISTS[name]
    async with hostile(reply(page([]))) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            assert await read(items(zhipu)) == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", sorted(LISTS.keys() - SINGLE))
async def test_pages_that_go_round_in_circles_are_left(name: str) -> None:
    items, page = LISTS[name]
    turn = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        turn += 1
        rows: list[Row] = [{"id": f"{turn % 3}-{place}"} for place in range(10)]
        await reply(json.dumps(page(rows)).encode())(reader, writer)

    async with hostile(answer) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert await read(items(zhipu)) == 30
    assert len(server.requests) <= 4
