"""What Python says to those who forget an `await` stands in the questions, in its own words."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from zhipu_async import AsyncZhipuAI, ChatCompletion
from zhipu_async.types.chat import ChatCompletionChunk

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [(DOCS / "faq.md").read_text(encoding="utf-8"), (DOCS / "zh" / "faq.md").read_text(encoding="utf-8")]
ROW = re.compile(r"^\| `(?P<says>[^`]+)` \| ", re.MULTILINE)
ZHIPU = AsyncZhipuAI("id.secret")


def asked() -> Coroutine[Any, Any, ChatCompletion]:
    return ZHIPU.chat.completions.create(model="glm-4.7", messages="hi")


def forget(call: Coroutine[Any, Any, ChatCompletion]) -> None:
    """Let go of the last reference."""


def stream() -> Any:
    return ZHIPU.chat.completions.stream(model="glm-4.7", messages="hi")


async def an_attribute() -> None:
    forgotten: Any = asked()
    try:
        print(forgotten.choices)
    finally:
        forgotten.close()


async def a_loop_over_a_call() -> None:
    forgotten: Any = asked()
    try:
        async for _ in forgotten:
            pass
    finally:
        forgotten.close()


async def a_plain_loop() -> None:
    list(stream())


async def a_plain_loop_over_text() -> None:
    list(stream().text())


async def an_awaited_stream() -> None:
    await stream()


async def a_second_loop() -> None:
    forgotten = asked()
    try:
        asyncio.run(forgotten)
    finally:
        forgotten.close()


async def nothing_added() -> None:
    content: Any = ChatCompletionChunk(choices=[]).text or None
    print("" + content)


async def a_dict() -> None:
    reply: Any = ChatCompletion()
    print(reply["choices"])


async def json_by_hand() -> None:
    json.dumps(ChatCompletion())


MISTAKES = [
    an_attribute, a_loop_over_a_call, a_plain_loop, a_plain_loop_over_text, an_awaited_stream, a_second_loop,
    nothing_added, a_dict, json_by_hand,
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.__name__)
async def test_a_mistake_is_found_by_what_python_says(
    mistake: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    with pytest.raises((AttributeError, TypeError, RuntimeError)) as caught:
        await mistake()
    for page in PAGES:
        assert any(says in str(caught.value) for says in ROW.findall(page)), str(caught.value)


def test_a_call_that_nobody_awaits_is_found_as_well() -> None:
    with pytest.warns(RuntimeWarning) as caught:
        forget(asked())
    assert all(str(caught[0].message) in ROW.findall(page) for page in PAGES)


def test_every_line_of_the_table_is_tried() -> None:
    assert [ROW.findall(page) for page in PAGES] == [ROW.findall(PAGES[0])] * 2
    assert len(ROW.findall(PAGES[0])) == len(MISTAKES) + 1
