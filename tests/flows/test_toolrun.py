"""Runs with tools: rounds, parallel calls, errors for both sides, events, cancelling."""

from __future__ import annotations

import asyncio

import pytest

from tests.flows.scripted import Model, said
from zhipu_async.errors import (
    InvalidArgument,
    InvalidToolArguments,
    InvalidType,
    OutputBlocked,
    OutputTruncated,
    StreamClosed,
    ToolRoundsExceeded,
)
from zhipu_async.flows.toolrun import RunEvent, ToolRun
from zhipu_async.flows.tools import tool
from zhipu_async.protocol.chat_params import MOST_ROUNDS, ChatParams
from zhipu_async.types.chat import ChatCompletion, Choice, McpCall, Message, ToolCall
from zhipu_async.types.chat_events import TextDelta
from zhipu_async.types.chat_request import AnyTool, Messages
from zhipu_async.types.toolrun import RoundFinished, ToolFinished, ToolStarted


@tool
async def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
def fail() -> None:
    """Fail."""
    raise RuntimeError("no reason")


SEARCH: AnyTool = {"type": "web_search", "web_search": {"enable": True}}
CALL = said(add='{"a": 1, "b": 2}', tokens=10)
DONE = said("3", tokens=1)


def run(
    model: Model,
    *tools: AnyTool,
    messages: Messages = "1 plus 2?",
    max_rounds: int = MOST_ROUNDS,
    request_id: str | None = None,
) -> ToolRun:
    params: ChatParams = {"tools": tools or (add,), "request_id": request_id}
    return ToolRun(
        model.create, model.stream, model="glm-4.7", messages=messages, params=params, max_rounds=max_rounds
    )


# ── rounds ─────────────────────────────────────────────────────────────────────────────────────────


async def test_the_model_is_told_what_its_calls_returned() -> None:
    model = Model(CALL, DONE)
    result = await run(model)
    assert result.text == "3"
    assert model.messages(1) == [
        {"role": "user", "content": "1 plus 2?"},
        CALL.to_param(),
        {"role": "tool", "tool_call_id": "call_add", "content": "3"},
    ]


async def test_the_result_tells_how_it_came() -> None:
    result = await run(Model(CALL, DONE))
    assert (result.rounds, result.usage.total_tokens) == (2, 11)
    assert [(call.call.name, call.output, call.ok) for call in result.calls] == [("add", "3", True)]
    assert result.errors == ()
    assert result.completion is DONE


async def test_the_talk_goes_on_from_the_results_messages() -> None:
    result = await run(Model(CALL, DONE))
    again = Model(said("you are welcome"))
    await run(again, messages=[*result.messages, {"role": "user", "content": "thanks"}])
    assert again.messages(0)[-2:] == [DONE.to_param(), {"role": "user", "content": "thanks"}]
    assert len(again.messages(0)) == 5


async def test_an_answer_without_calls_ends_the_run() -> None:
    result = await run(Model(DONE))
    assert (result.rounds, result.calls) == (1, ())


async def test_schemas_go_with_every_round_beside_the_platforms_tools() -> None:
    model = Model(CALL, DONE)
    await run(model, add, SEARCH)
    assert [asked["tools"] for asked in model.asked] == [[add.schema, SEARCH]] * 2


async def test_the_callers_messages_and_parameters_are_left_alone() -> None:
    messages: list[dict[str, object]] = [{"role": "user", "content": "1 plus 2?"}]
    await run(Model(CALL, DONE), messages=messages)
    assert messages == [{"role": "user", "content": "1 plus 2?"}]


async def test_an_own_request_id_is_used_once() -> None:
    model = Model(CALL, DONE)
    await run(model, request_id="mine-0001")
    assert [asked.get("request_id") for asked in model.asked] == ["mine-0001", None]


async def test_reports_of_mcp_servers_are_nothing_to_run() -> None:
    report = ToolCall(id="m1", type="mcp", mcp=McpCall(type="mcp_call", name="search"))
    answer = ChatCompletion(choices=[Choice(message=Message(content="found", tool_calls=[report]))])
    result = await run(Model(answer))
    assert (result.text, result.calls) == ("found", ())


async def test_a_run_in_circles_is_stopped() -> None:
    model = Model(CALL, CALL, CALL)
    with pytest.raises(ToolRoundsExceeded, match="still called tools in round 2") as caught:
        await run(model, max_rounds=2)
    assert caught.value.completion is CALL
    assert len(model.answers) == 1


@pytest.mark.parametrize(("reason", "error"), [("length", OutputTruncated), ("sensitive", OutputBlocked)])
async def test_an_answer_that_is_not_whole_ends_the_run(reason: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await run(Model(CALL, said("par", finish=reason)))


# ── calls ──────────────────────────────────────────────────────────────────────────────────────────


async def test_calls_of_one_round_run_at_the_same_time_and_are_told_in_order() -> None:
    meeting = asyncio.Barrier(2)

    @tool
    async def first() -> str:
        await meeting.wait()
        await asyncio.sleep(0)
        return "one"

    @tool
    async def second() -> str:
        await meeting.wait()
        return "two"

    model = Model(said(first="", second="{}"), DONE)
    result = await run(model, first, second)
    assert [message["content"] for message in model.messages(1)[2:]] == ["one", "two"]
    assert [call.output for call in result.calls] == ["one", "two"]


async def test_a_tool_that_fails_is_told_to_the_model_and_to_the_caller() -> None:
    model = Model(said(fail="", add='{"a": 1, "b": 2}'), DONE)
    result = await run(model, add, fail)
    assert [message["content"] for message in model.messages(1)[2:]] == [
        "Error: RuntimeError: no reason",
        "3",
    ]
    assert [type(error) for error in result.errors] == [RuntimeError]
    assert not result.calls[0].ok


async def test_calls_that_do_not_fit_are_told_too() -> None:
    model = Model(said(add="{", sub="{}"), DONE)
    result = await run(model)
    assert all(isinstance(error, InvalidToolArguments) for error in result.errors)
    assert "there is no tool 'sub'" in str(model.messages(1)[3]["content"])


# ── what cannot work ───────────────────────────────────────────────────────────────────────────────


def test_a_run_needs_a_tool_of_its_own() -> None:
    with pytest.raises(InvalidArgument, match="a run needs tools to call"):
        run(Model(), SEARCH)


def test_a_function_that_only_the_model_knows_is_refused() -> None:
    with pytest.raises(InvalidType, match=r"tools\[1\] describes a function but is none"):
        run(Model(), SEARCH, add.schema)


def test_a_run_has_rounds() -> None:
    with pytest.raises(InvalidArgument, match="max_rounds must be 1 or more"):
        run(Model(), max_rounds=0)


def test_messages_and_parameters_are_checked_at_once() -> None:
    with pytest.raises(InvalidArgument, match="messages is empty"):
        run(Model(), messages="")


# ── events ─────────────────────────────────────────────────────────────────────────────────────────


async def test_events_tell_everything_in_order() -> None:
    called = said("ok", add='{"a": 1, "b": 2}')
    model = Model(called, DONE)
    seen: list[RunEvent] = []
    async with run(model) as running:
        async for event in running.events():
            seen.append(event)
    call = called.tool_calls[0]
    assert seen == [
        TextDelta("o"),
        TextDelta("k"),
        RoundFinished(1, called),
        ToolStarted(call),
        ToolFinished(call, "3"),
        TextDelta("3"),
        RoundFinished(2, DONE),
    ]
    assert running.result.text == "3"
    assert await running is running.result
    assert model.open_streams == 0


async def test_tools_are_told_as_they_finish() -> None:
    go = asyncio.Event()

    @tool
    async def slow() -> str:
        await go.wait()
        return "slow"

    @tool
    async def quick() -> str:
        return "quick"

    finished: list[str] = []
    async with run(Model(said(slow="", quick=""), DONE), slow, quick) as running:
        async for event in running.events():
            if isinstance(event, ToolFinished):
                finished.append(event.output)
                go.set()
    assert finished == ["quick", "slow"]
    assert [call.output for call in running.result.calls] == ["slow", "quick"]


async def test_leaving_early_closes_the_stream() -> None:
    model = Model(said("a long answer"))
    async with run(model) as running:
        async for _ in running.events():
            assert model.open_streams == 1
            break
    assert model.open_streams == 0
    with pytest.raises(StreamClosed, match="no result yet"):
        _ = running.result


async def test_leaving_early_cancels_the_tools_that_run() -> None:
    ended = asyncio.Event()

    @tool
    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    @tool
    async def quick() -> None: ...

    async with run(Model(said(forever="", quick="")), forever, quick) as running:
        async for event in running.events():
            if isinstance(event, ToolFinished):
                break
    assert ended.is_set()
    assert len(asyncio.all_tasks()) == 1


async def test_cancelling_an_awaited_run_cancels_its_tools() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    @tool
    async def forever() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def whole() -> None:
        await run(Model(said(forever="")), forever)

    running = asyncio.create_task(whole())
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
    assert len(asyncio.all_tasks()) == 1


async def test_events_belong_into_the_context() -> None:
    with pytest.raises(StreamClosed, match="inside of `async with run`"):
        run(Model()).events()


async def test_a_run_runs_once() -> None:
    async with run(Model(DONE)) as running:
        running.events()
        with pytest.raises(StreamClosed, match="under way already"):
            running.events()
        with pytest.raises(StreamClosed, match="under way already"):
            await running


async def test_entering_without_reading_sends_nothing() -> None:
    model = Model(DONE)
    async with run(model):
        pass
    assert model.asked == []


async def test_a_run_shows_its_state() -> None:
    running = run(Model(DONE))
    assert repr(running) == "<ToolRun of glm-4.7, 1 tools: new>"
    await running
    assert repr(running) == "<ToolRun of glm-4.7, 1 tools: done in 1 rounds>"
    async with run(Model(DONE)) as other:
        other.events()
        assert "under way" in repr(other)
