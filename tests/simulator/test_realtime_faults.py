"""Faults of the realtime socket, as a client meets them."""

from __future__ import annotations

import asyncio
import json
import math

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.simulator.realtime_room import Caller, called, only, part, served, status, types
from zhipu_async.simulator.realtime import Realtime
from zhipu_async.simulator.realtime_faults import Fault
from zhipu_async.simulator.realtime_session import Conduct


def faulty(*faults: Fault) -> Realtime:
    realtime = Realtime(Conduct(speed=math.inf, heartbeat_seconds=None))
    realtime.fault(*faults)
    return realtime


async def test_a_handshake_is_refused_with_the_status_asked_for_and_only_once() -> None:
    async with served(faulty(Fault(kind="refuse", status=503, code="1305"))) as address:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address)
        assert refused.value.response.status_code == 503
        assert json.loads(refused.value.response.body or b"")["error"]["code"] == "1305"
        async with connect(address) as socket:
            assert (await Caller(socket).receive())["type"] == "session.created"


@pytest.mark.parametrize(("status", "code"), [(401, "1000"), (429, "1302"), (502, "500")])
async def test_a_refusal_carries_the_code_that_goes_with_its_status(status: int, code: str) -> None:
    async with served(faulty(Fault(kind="refuse", status=status))) as address:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address)
    assert json.loads(refused.value.response.body or b"")["error"]["code"] == code


async def test_the_connection_drops_in_the_middle_of_an_answer() -> None:
    async with called(faulty(Fault(kind="drop", at="response.audio.delta", nth=3))) as caller:
        await caller.ask("你好")
        seen = await caller.until("response.audio.delta") + await caller.until("response.audio.delta")
        with pytest.raises(ConnectionClosed) as closed:
            await caller.until("response.audio.delta")
    assert closed.value.rcvd is None
    assert "response.done" not in types(seen)


@pytest.mark.parametrize("code", [1000, 1011, 1012])
async def test_the_socket_closes_with_the_code_asked_for(code: int) -> None:
    fault = Fault(kind="close", at="response.text.delta", close_code=code, reason="enough")
    async with called(faulty(fault)) as caller:
        await caller.ask("你好")
        with pytest.raises(ConnectionClosed) as closed:
            await caller.until("response.done")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, "enough")


async def test_a_stalled_socket_says_nothing_and_stays_open() -> None:
    realtime = faulty(Fault(kind="stall", at="response.text.delta"))
    async with called(realtime) as caller:
        await caller.ask("你好")
        await caller.until("response.content_part.added")
        for _ in range(2_000):
            await caller.send("input_audio_buffer.clear")
        await (await caller.socket.ping())  # what was sent is read, and everything it could bring is here
        answer = asyncio.create_task(caller.receive())
        await asyncio.sleep(0)
        assert not answer.done()
        answer.cancel()
    assert realtime.sessions[0].received_count == 2_002


async def test_a_stall_may_end() -> None:
    async with called(faulty(Fault(kind="stall", at="response.text.delta", seconds=0.01))) as caller:
        await caller.ask("你好")
        assert status((await caller.until("response.done"))[-1]) == "completed"


async def test_a_malformed_event_is_half_an_event() -> None:
    async with called(faulty(Fault(kind="malformed", at="response.created"))) as caller:
        await caller.ask("你好")
        await caller.until("conversation.item.created")
        with pytest.raises(json.JSONDecodeError):
            await caller.receive()
        assert status((await caller.until("response.done"))[-1]) == "completed"


async def test_a_message_that_is_no_object() -> None:
    async with called(faulty(Fault(kind="not_json", at="response.created"))) as caller:
        await caller.ask("你好")
        await caller.until("conversation.item.created")
        assert await caller.socket.recv() == "[]"
        assert (await caller.receive())["type"] == "response.created"
        await caller.until("response.done")


async def test_an_unknown_event_comes_between_known_ones() -> None:
    async with called(faulty(Fault(kind="unknown", at="response.text.delta"))) as caller:
        await caller.ask("你好")
        order = types(await caller.until("response.done"))
    assert order[order.index("response.weather.delta") + 1] == "response.text.delta"


async def test_a_duplicated_event_has_the_same_ids() -> None:
    async with called(faulty(Fault(kind="duplicate", at="response.audio.delta"))) as caller:
        await caller.ask("你好")
        deltas = only(await caller.until("response.done"), "response.audio.delta")
    assert deltas[0] == deltas[1] != deltas[2]


async def test_a_lost_event_never_comes() -> None:
    async with called(faulty(Fault(kind="lose", at="response.created"))) as caller:
        await caller.ask("你好")
        assert "response.created" not in types(await caller.until("response.done"))


async def test_an_error_event_in_the_middle_of_an_answer() -> None:
    async with called(
        faulty(Fault(kind="error", at="response.audio.delta", code="video_model_query_error"))
    ) as caller:
        await caller.ask("你好")
        events = await caller.until("response.done")
    assert part(only(events, "error")[0], "error")["code"] == "video_model_query_error"


async def test_an_event_in_a_binary_frame() -> None:
    async with called(faulty(Fault(kind="binary", at="session.created"))) as caller:
        assert isinstance(await caller.socket.recv(), bytes)
        assert isinstance(await caller.socket.recv(), str)


async def test_faults_strike_in_order_and_any_event_may_be_meant() -> None:
    realtime = faulty(Fault(kind="lose", at="*", nth=2), Fault(kind="duplicate", at="response.done"))
    async with called(realtime) as caller:
        await caller.ask("你好")
        events = await caller.until("response.done")
        assert await caller.receive() == events[-1]
    assert "heartbeat" not in types(events)
    assert len(realtime.faults) == 0


async def test_faults_that_have_not_struck_can_be_called_off() -> None:
    realtime = faulty(Fault(kind="drop", at="session.created"))
    realtime.faults.clear()
    async with called(realtime) as caller:
        assert (await caller.receive())["type"] == "session.created"
