"""The limiter against a local platform that refuses what exceeds its cap."""

from __future__ import annotations

import asyncio

import pytest

from zhipu_async import AsyncZhipuAI
from zhipu_async.simulator import Simulator, Stall

MODEL = "glm-4.7"


async def ask(zhipu: AsyncZhipuAI, model: str = MODEL) -> str:
    return (await zhipu.chat.completions.create(model=model, messages="hello")).text


async def test_a_hidden_cap_that_moves_is_followed_by_five_hundred_calls() -> None:
    finished = 0
    async with (
        Simulator(latency=0.005, caps={MODEL: 3}) as sim,
        AsyncZhipuAI(sim.api_key, base_url=sim.base_url) as zhipu,
    ):

        async def call() -> None:
            nonlocal finished
            await ask(zhipu)
            finished += 1
            moves = {166: 1, 333: 5}
            if finished in moves:
                sim.set_cap(MODEL, moves[finished])

        async with asyncio.TaskGroup() as group:
            for _ in range(500):
                group.create_task(call())
        assert finished == 500
        assert sim.counts.by_code["1302"] <= 0.05 * sim.counts.requests
        assert "0 in flight (learned 5), 0 queued" in repr(zhipu.limits)


async def test_a_configured_limit_is_never_exceeded() -> None:
    async with (
        Simulator(latency=0.005) as sim,
        AsyncZhipuAI(sim.api_key, base_url=sim.base_url, limits={MODEL: 3, "*": 2}) as zhipu,
    ):
        await asyncio.gather(*(ask(zhipu) for _ in range(20)), *(ask(zhipu, "glm-4.6") for _ in range(20)))
        assert sim.counts.peak_by_model == {MODEL: 3, "glm-4.6": 2}


async def test_a_call_inside_a_streams_own_loop_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhipu_async.flows.watch.LOOK_SECONDS", 0.05)
    async with (
        Simulator() as sim,
        AsyncZhipuAI(sim.api_key, base_url=sim.base_url, limits={"*": 1}) as zhipu,
    ):
        sim.script(pieces=["one ", "two ", "three"], fault=Stall(after_events=2))
        answers: list[str] = []
        async with zhipu.chat.completions.stream(model=MODEL, messages="count") as stream:
            async for _ in stream.text():
                assert "1 in flight" in repr(zhipu.limits)
                answers.append(await ask(zhipu))
                break
        assert len(answers) == 1
        assert "0 in flight" in repr(zhipu.limits)


async def test_a_cancelled_call_gives_its_place_back() -> None:
    async with (
        Simulator(latency=60) as sim,
        AsyncZhipuAI(sim.api_key, base_url=sim.base_url, limits={"*": 1}) as zhipu,
    ):
        running, waiting = (asyncio.create_task(ask(zhipu)) for _ in range(2))
        await sim.received(1)
        waiting.cancel()
        running.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        (state,) = zhipu.limits.states()
        assert (state.in_flight, state.queued) == (0, 0)
