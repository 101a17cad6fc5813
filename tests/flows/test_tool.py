"""`@tool`, and tools that are called by a model."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable

import pytest

from zhipu_async.errors import InvalidArgument, InvalidToolArguments
from zhipu_async.flows.tools import Tool, Toolbox, tool

request_of: contextvars.ContextVar[str] = contextvars.ContextVar("request_of", default="nobody")


@tool
async def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    await asyncio.sleep(0)
    return a + b


@tool(name="where-am-i", description="Tell the thread.")
def where() -> str:
    return f"{threading.current_thread() is threading.main_thread()} {request_of.get()}"


@tool
def later(a: int) -> Awaitable[int]:
    """Hand out something to await."""
    return add(a)


@tool
def fail(reason: str) -> None:
    """Fail."""
    raise RuntimeError(reason)


# ── @tool ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_tool_is_still_the_function() -> None:
    total: int = await add(1, b=2)
    assert total == 3
    assert add.__doc__ == "Add two numbers."
    assert repr(add) == "<Tool add>"


def test_a_tool_knows_its_schema() -> None:
    assert add.name == "add"
    assert add.description == "Add two numbers."
    assert add.schema == add.to_param()
    assert add.parameters["required"] == ["a"]


def test_name_and_description_can_be_given() -> None:
    assert (where.name, where.description) == ("where-am-i", "Tell the thread.")


def test_a_bound_method_becomes_a_tool() -> None:
    class Shop:
        def price(self, item: str) -> int:
            return len(item)

    priced = tool(Shop().price)
    assert priced.parameters["required"] == ["item"]
    assert priced("tea") == 3


async def test_an_async_function_runs_on_the_loop() -> None:
    assert await add.invoke('{"a": 1, "b": "2"}') == "3"


async def test_a_sync_function_runs_in_a_thread_with_the_callers_context() -> None:
    request_of.set("me")
    assert await where.invoke("") == "False me"


async def test_a_coroutine_out_of_a_sync_function_is_awaited() -> None:
    assert await later.invoke('{"a": 1}') == "2"


async def test_wrong_arguments_never_reach_the_function() -> None:
    with pytest.raises(InvalidToolArguments, match="Expected `int`, got `str`"):
        await add.invoke('{"a": "one"}')


async def test_what_a_tool_raises_comes_out() -> None:
    with pytest.raises(RuntimeError, match="no reason"):
        await fail.invoke('{"reason": "no reason"}')


async def test_cancelling_cancels_an_async_tool() -> None:
    ended = asyncio.Event()
    began = asyncio.Event()

    @tool
    async def forever() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    call = asyncio.create_task(forever.invoke(""))
    await began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended.is_set()


async def test_cancelling_leaves_a_sync_tool_to_finish_alone() -> None:
    loop, began, go, done = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), asyncio.Event()

    @tool
    def slow() -> None:
        loop.call_soon_threadsafe(began.set)
        go.wait()
        loop.call_soon_threadsafe(done.set)

    call = asyncio.create_task(slow.invoke(""))
    await began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    go.set()
    await done.wait()


# ── tools by name ──────────────────────────────────────────────────────────────────────────────────


async def test_a_toolbox_answers_by_name() -> None:
    assert await Toolbox([add, where]).answer("add", '{"a": 1}') == ("2", None)


async def test_a_toolbox_tells_errors_to_both_sides() -> None:
    output, error = await Toolbox([fail]).answer("fail", '{"reason": "no reason"}')
    assert output == "Error: RuntimeError: no reason"
    assert isinstance(error, RuntimeError)


@pytest.mark.parametrize(
    ("name", "arguments", "output"),
    [
        ("sub", "{}", "Error: there is no tool 'sub'; the tools are: add, fail"),
        ("add", "{", "Error: add was called with arguments that are not JSON"),
        (
            "add",
            "{}",
            "Error: add was called with arguments that do not fit: Object missing required field `a`",
        ),
    ],
)
async def test_a_model_that_calls_wrongly_is_told(name: str, arguments: str, output: str) -> None:
    told, error = await Toolbox([add, fail]).answer(name, arguments)
    assert told == output
    assert isinstance(error, InvalidToolArguments)
    assert error.tool == name


async def test_a_result_that_is_no_text_is_the_tools_error() -> None:
    @tool
    async def strange() -> object:
        return object()

    output, error = await Toolbox([strange]).answer("strange", "")
    assert output == "Error: TypeError: a result of type object has no form in JSON"
    assert isinstance(error, TypeError)


async def test_a_tool_that_is_cancelled_from_inside_has_failed() -> None:
    @tool
    async def stray() -> None:
        raise asyncio.CancelledError

    output, error = await Toolbox([stray]).answer("stray", "")
    assert output == "Error: RuntimeError: the tool was cancelled from inside"
    assert isinstance(error, RuntimeError)


async def test_cancelling_from_outside_is_no_answer() -> None:
    began = asyncio.Event()

    @tool
    async def forever() -> None:
        began.set()
        await asyncio.Event().wait()

    call = asyncio.create_task(Toolbox([forever]).answer("forever", ""))
    await began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="two tools are called 'add'"):
        Toolbox([add, add])


def test_a_toolbox_leaves_out_what_the_platform_runs() -> None:
    assert len(Toolbox([{"type": "web_search", "web_search": {"enable": True}}, add])) == 1


def test_tools_can_be_made_without_the_decorator() -> None:
    def echo(text: str) -> str:
        return text

    assert Tool(echo, name="say").name == "say"
