"""Function calls in a realtime session: run beside the reader, answered in order, then one request."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.flows.realtime_room import Line, Message, member, own_tasks, room
from zhipu_async.errors import IllegalCall, RealtimeClosed, ToolRoundsExceeded
from zhipu_async.flows.realtime_tools import MOST_ROUNDS
from zhipu_async.flows.tools import tool
from zhipu_async.types.realtime import ResponseFunctionCallArgumentsDone

started = asyncio.Event


async def results(line: Line, count: int) -> list[Message]:
    """Hear the results, then the one request that follows them."""
    heard: list[Message] = []
    for _ in range(count):
        message = await line.hear()
        assert message["type"] == "conversation.item.create"
        heard.append(member(message, "item"))
    assert (await line.hear())["type"] == "response.create"
    return heard


async def test_functions_run_at_once_and_their_results_are_sent_in_order() -> None:
    second_is_done = asyncio.Event()

    @tool
    async def first() -> str:
        """Take longer than the second."""
        await second_is_done.wait()
        return "1"

    @tool
    def second() -> int:
        """Be quick."""
        loop.call_soon_threadsafe(second_is_done.set)
        return 2

    async def script(line: Line) -> None:
        update = await line.greet()
        tools = msgspec.convert(member(update, "session")["tools"], list[dict[str, object]])
        assert [each["name"] for each in tools] == ["first", "second"]
        await line.hear("response.create")
        await line.call_functions("first", "second")
        output = {"type": "function_call_output", "object": "realtime.item"}
        assert await results(line, 2) == [{**output, "output": "1"}, {**output, "output": "2"}]
        await line.answer("both", "r2")
        await line.end()

    loop = asyncio.get_running_loop()
    async with room(script) as platform, platform.client().realtime.connect(tools=[first, second]) as call:
        await call.send_text("go")
        answer = await call.response()
        assert answer.text == "both"
        assert [each.name for each in answer.calls] == ["first", "second"]


async def test_results_wait_for_the_end_of_the_response_that_asked() -> None:
    ran = asyncio.Event()

    @tool
    async def now() -> str:
        """Tell the time."""
        ran.set()
        return "noon"

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say(
            "response.function_call_arguments.done", response_id="r1", name="now", arguments="{}", call_id="c"
        )
        await ran.wait()
        await line.say("response.done", response={"id": "r1", "status": "completed"})
        (item,) = await results(line, 1)
        assert (item["call_id"], item["output"]) == ("c", "noon")
        await line.answer("noon", "r2")
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect(tools=[now]) as call:
        await call.send_text("time?")
        assert (await call.response()).text == "noon"


async def test_failures_and_unknown_functions_are_told_to_the_model() -> None:
    @tool
    async def broken() -> str:
        """Fail."""
        raise ValueError("no such city")

    @tool
    async def silent() -> str:
        """Say nothing."""
        return " "

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.call_functions("broken", "nobody", "silent")
        told = [str(item) for item in await results(line, 3)]
        assert "no such city" in told[0]
        assert "nobody" in told[1]
        await line.answer("sorry", "r2")
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect(tools=[broken, silent]) as call:
        await call.send_text("go")
        assert (await call.response()).text == "sorry"


async def test_a_function_that_was_only_described_is_the_callers_to_answer() -> None:
    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.call_functions("dial", "dial")
        await results(line, 2)
        await line.answer("connected", "r2")
        await line.end()

    described = {"name": "dial", "description": "Call somebody", "parameters": {"type": "object"}}
    async with room(script) as platform, platform.client().realtime.connect(tools=[described]) as call:
        await call.send_text("call mum")
        answer = await call.response()
        assert len(answer.calls) == 2
        with pytest.raises(IllegalCall) as caught:
            await call.respond()
        assert caught.value.reason == "tool_results_due"
        async for event in call:
            if isinstance(event, ResponseFunctionCallArgumentsDone):
                await call.send_tool_result(event, "ringing")
                break
        await call.send_tool_result(None, "busy")
        with pytest.raises(IllegalCall) as caught:
            await call.send_tool_result("c9", "too many")
        assert caught.value.reason == "no_pending_call"
        await call.respond()
        assert (await call.response()).text == "connected"


async def test_described_and_running_functions_share_a_response() -> None:
    @tool
    async def now() -> str:
        """Tell the time."""
        return "noon"

    sent: list[Message] = []

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.call_functions("now", "dial")
        sent.append(await line.hear())
        await line.say("heartbeat")
        await results(line, 1)
        await line.answer("done", "r2")
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(tools=[now, {"name": "dial"}]) as call:
            await call.send_text("go")
            await call.response()
            async for event in call:
                if event.__class__.__name__ == "Heartbeat":
                    break
            await call.send_tool_result(None, "ringing")
            await call.respond()
            assert (await call.response()).text == "done"
    assert "noon" in str(sent)


async def test_a_cancelled_answer_cancels_its_functions() -> None:
    running, stopped = asyncio.Event(), asyncio.Event()

    @tool
    async def forever() -> str:
        """Never end."""
        running.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            stopped.set()
        return ""

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.say(
            "response.function_call_arguments.done", response_id="r1", name="forever", arguments="{}"
        )
        await line.hear("response.cancel")
        await line.say("response.done", response={"id": "r1", "status": "cancelled"})
        await line.end()

    async with room(script) as platform, platform.client().realtime.connect(tools=[forever]) as call:
        await call.send_text("go")
        await running.wait()
        await call.cancel()
        assert (await call.response()).status == "cancelled"
        await stopped.wait()


async def test_hanging_up_stops_functions_that_still_run() -> None:
    running, stopped = asyncio.Event(), asyncio.Event()

    @tool
    async def forever() -> str:
        """Never end."""
        running.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            stopped.set()
        return ""

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.call_functions("forever")
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(tools=[forever]) as call:
            await call.send_text("go")
            answer = call.response()
            await running.wait()
        await stopped.wait()
        with pytest.raises(RealtimeClosed):
            await answer
        assert own_tasks() == set()


async def test_a_model_that_calls_in_circles_is_stopped() -> None:
    @tool
    async def again() -> str:
        """Ask for more."""
        return "more"

    async def script(line: Line) -> None:
        await line.greet()
        number = 0
        while True:
            await line.hear("response.create")
            number += 1
            await line.call_functions("again", response_id=f"r{number}")

    async with room(script) as platform, platform.client().realtime.connect(tools=[again]) as call:
        await call.send_text("go")
        answer = call.response()
        with pytest.raises(ToolRoundsExceeded):
            await answer
        assert len(answer.calls) == MOST_ROUNDS + 1


async def test_results_are_sent_but_nothing_asked_when_the_user_spoke_meanwhile() -> None:
    spoke = asyncio.Event()

    @tool
    async def slow() -> str:
        """Take as long as the user speaks."""
        await spoke.wait()
        return "late"

    async def script(line: Line) -> None:
        await line.greet()
        await line.hear("response.create")
        await line.call_functions("slow")
        for kind in ("speech_started", "speech_stopped", "committed"):
            await line.say(f"input_audio_buffer.{kind}", item_id="x")
        await line.say("response.created", response={"id": "r2"})
        spoke.set()
        assert (await line.hear())["type"] == "conversation.item.create"
        await line.say("response.text.delta", response_id="r2", delta="to you")
        await line.say("response.done", response={"id": "r2", "status": "completed"})
        assert (await line.hear())["type"] == "conversation.item.create"
        await line.end()

    async with room(script) as platform:
        async with platform.client().realtime.connect(tools=[slow], turn_detection="server_vad") as call:
            await call.send_text("go")
            await call.response()
            assert (await call.response()).text == "to you"
            await call.create_item("the end")
