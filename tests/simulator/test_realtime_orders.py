"""The realtime socket as part of the simulator: mounting, orders as JSON, lingering connections."""

from __future__ import annotations

import asyncio
import math

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.simulator.realtime_room import Caller, called, only, part, served, status, types
from zhipu_async.simulator import Simulator
from zhipu_async.simulator.realtime import TIERS, Realtime
from zhipu_async.simulator.realtime_answer import Answer
from zhipu_async.simulator.realtime_session import Conduct

FAST = Conduct(speed=math.inf, heartbeat_seconds=None)


async def test_the_simulator_answers_the_socket_beside_its_base_url() -> None:
    async with Simulator(seed=3) as sim:
        sim.realtime.answer(Answer(text="我在。"))
        address = sim.base_url.replace("http", "ws") + "/realtime"
        async with connect(address, additional_headers={"Authorization": f"Bearer {sim.api_key}"}) as socket:
            caller = Caller(socket)
            await caller.ask("在吗？")
            events = await caller.until("response.done")
    assert only(events, "response.text.done")[0]["text"] == "我在。"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no.body"}], ids=["missing", "wrong"])
async def test_the_simulator_lets_nobody_in_without_its_key(headers: dict[str, str]) -> None:
    async with Simulator() as sim:
        with pytest.raises(InvalidStatus) as refused:
            await connect(sim.base_url.replace("http", "ws") + "/realtime", additional_headers=headers)
    assert refused.value.response.status_code == 401


async def test_orders_come_as_json() -> None:
    realtime = Realtime(FAST)
    realtime.order(
        {
            "answers": [
                {"tool_calls": [["weather", '{"city": "北京"}']]},
                {"text": "晴", "audio": "AQIDBA==", "status": "incomplete"},
            ],
            "transcripts": ["天气", None],
            "faults": [{"kind": "duplicate", "at": "response.done"}],
            "quirks": ["call_id"],
            "concurrency": 7,
        }
    )
    async with called(realtime) as caller:
        await caller.ask("天气")
        first = await caller.until("response.done")
        await caller.until("response.done")
        await caller.ask("然后呢")
        second = await caller.until("response.done")
    assert "call_id" in only(first, "response.function_call_arguments.done")[0]
    assert only(second, "response.audio.delta")[0]["delta"] == "AQIDBA=="
    assert status(second[-1]) == "incomplete"
    assert list(realtime.script.transcripts) == ["天气", None]
    assert realtime.concurrency == 7


@pytest.mark.parametrize(
    "order",
    [
        [],
        {"answer": []},
        {"answers": [{"txt": "hi"}]},
        {"answers": [{"text": 3}]},
        {"faults": [{"kind": "earthquake"}]},
        {"quirks": ["no_such_quirk"]},
    ],
    ids=str,
)
def test_an_order_that_is_not_understood_changes_nothing(order: object) -> None:
    realtime = Realtime(FAST)
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's own words
        realtime.order(order)
    assert (len(realtime.script.answers), len(realtime.faults), realtime.conduct) == (0, 0, FAST)


async def test_forgetting_drops_what_was_scripted_and_recorded() -> None:
    realtime = Realtime(FAST)
    realtime.answer(Answer(text="never said"))
    realtime.order({"faults": [{"kind": "drop", "at": "*"}], "transcripts": ["never heard"]})
    realtime.forget()
    async with called(realtime) as caller:
        await caller.ask("你好")
        assert "never said" not in str(await caller.until("response.done"))
    assert (len(realtime.sessions), len(realtime.script.transcripts)) == (1, 0)


async def test_a_dropped_connection_may_hold_its_slot_for_a_while() -> None:
    realtime = Realtime(FAST, concurrency=1, lingering_seconds=3600)
    async with served(realtime) as address:
        async with connect(address) as socket:
            await Caller(socket).until("heartbeat")
            socket.transport.abort()
        await realtime.sessions[0].ended.wait()
        with pytest.raises(InvalidStatus) as refused:
            await connect(address)
    assert refused.value.response.status_code == 429


async def test_a_clean_goodbye_frees_the_slot_at_once() -> None:
    realtime = Realtime(FAST, concurrency=1, lingering_seconds=3600)
    async with served(realtime) as address:
        async with connect(address):
            pass
        await realtime.sessions[0].ended.wait()
        async with connect(address) as socket:
            await Caller(socket).until("heartbeat")


async def test_the_tiers_of_the_platform_are_caps() -> None:
    assert TIERS == {"V0": 5, "V1": 10, "V2": 15, "V3": 20}
    async with served(Realtime(FAST, concurrency=TIERS["V3"])) as address:
        sockets = await asyncio.gather(*(connect(address) for _ in range(20)))
        with pytest.raises(InvalidStatus):
            await connect(address)
        for socket in sockets:
            await socket.close()


async def test_a_session_is_the_same_for_the_same_seed() -> None:
    async def first_id() -> object:
        async with called(Realtime(Conduct(seed=7, heartbeat_seconds=None))) as caller:
            return part(await caller.receive(), "session")["id"]

    assert await first_id() == await first_id()


async def test_two_hundred_sessions_are_answered() -> None:
    realtime = Realtime(FAST, concurrency=200)
    async with served(realtime) as address:

        async def talk() -> str:
            async with connect(address, compression=None) as socket:
                caller = Caller(socket)
                await caller.ask("hi")
                return types(await caller.until("response.done"))[-1]

        assert set(await asyncio.gather(*(talk() for _ in range(200)))) == {"response.done"}
    assert realtime.peak_connections <= 200
