"""Plain `with` and `for` where the asynchronous ones belong."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import AsyncExitStack

import pytest

from zhipu_async import AsyncZhipuAI, InvalidType, tool


@tool
def clock() -> str:
    """Return the time."""
    return "noon"


ZHIPU = AsyncZhipuAI("id.secret")
STREAM = ZHIPU.chat.completions.stream(model="glm-4.7", messages="hi")
RUN = ZHIPU.chat.completions.run(model="glm-4.7", messages="hi", tools=[clock])


@pytest.mark.parametrize(
    "entered", [ZHIPU, STREAM, RUN, ZHIPU.realtime.connect()], ids=lambda each: type(each).__name__
)
def test_a_plain_with_is_told_what_to_write(entered: object) -> None:
    with pytest.raises(InvalidType, match=rf"^{type(entered).__name__} is asynchronous: write `async with`$"):
        with entered:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
            pass


@pytest.mark.parametrize(
    "read",
    [STREAM, ZHIPU.files.list(purpose="batch"), ZHIPU.realtime.connect()],
    ids=lambda each: type(each).__name__,
)
def test_a_plain_for_is_told_what_to_write(read: AsyncIterable[object]) -> None:
    with pytest.raises(InvalidType, match=rf"^{type(read).__name__} is asynchronous: write `async for`$"):
        for _ in read:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
            pass


def test_whoever_asks_whether_a_stream_is_a_plain_one_hears_a_type_error() -> None:
    with pytest.raises(TypeError):  # as Django does, before it reads it asynchronously
        iter(STREAM)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


async def test_an_exit_stack_enters_what_async_with_does(zhipu: AsyncZhipuAI) -> None:
    async with AsyncExitStack() as stack:  # type checkers agree, too
        stream = await stack.enter_async_context(
            zhipu.chat.completions.stream(model="glm-4.7", messages="Say hi")
        )
        assert (await stream.finish()).text == "hi"
