"""Interrupts of bulk work over real sockets: what has ended reaches the caller, and nothing else is paid for."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.flows.test_bulk import EVERY_WAY, asking, paid, requests
from tests.flows.test_bulk import setting as setting
from tests.flows.test_bulk import zhipu as zhipu
from tests.flows.test_tasks import Setting, others, submit
from zhipu_async import AsyncZhipuAI, Outcome, Outcomes
from zhipu_async.errors import APIConnectionError, BadRequestError
from zhipu_async.flows.handing import Handing
from zhipu_async.flows.outcomes import Delivery
from zhipu_async.flows.progress import Progress
from zhipu_async.flows.race import Entrant, Race
from zhipu_async.flows.source import Source
from zhipu_async.protocol.chat_params import ChatRequest
from zhipu_async.simulator import NeverEnds, Simulator, Stall
from zhipu_async.transport.clock import SystemClock
from zhipu_async.types.chat import ChatCompletion

Wait = Callable[[Outcomes[Any]], Any]


def indexes(outcomes: list[Outcome[Any]]) -> list[int]:
    return [outcome.index for outcome in outcomes]


def stall(setting: Setting, words: str) -> None:
    setting.sim.script(fault=Stall(), match={"contains": words})


async def answered(zhipu: AsyncZhipuAI, sim: Simulator, count: int, *, left: int = 1) -> None:
    """Wait until this many answers have come, and the client has read all but `left`."""
    await sim.until(lambda: sim.counts.by_status[200] >= count)
    while sum(state.in_flight for state in zhipu.limits.states()) > left:
        await asyncio.sleep(0)
    for _ in range(10):  # from the call that returned to the outcome that is ready
        await asyncio.sleep(0)


async def until_it_is_so(outcomes: Outcomes[Any], condition: Callable[[], bool]) -> list[Outcome[Any]]:
    """Wait for outcomes until something is true, and leave the wait."""
    got: list[Outcome[Any]] = []

    async def read() -> None:
        async for outcome in outcomes:
            got.append(outcome)

    reading = asyncio.ensure_future(read())
    while not condition():
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    return got


# ── a wait that is cancelled ───────────────────────────────────────────────────────────────────────


async def with_a_timeout(outcomes: Outcomes[Any]) -> Outcome[Any] | None:
    try:
        async with asyncio.timeout(0.001):
            return await anext(outcomes, None)
    except TimeoutError:
        return await with_a_timeout(outcomes)


async def with_wait_for(outcomes: Outcomes[Any]) -> Outcome[Any] | None:
    try:
        return await asyncio.wait_for(anext(outcomes, None), 0.001)
    except TimeoutError:
        return await with_wait_for(outcomes)


async def in_a_task(outcomes: Outcomes[Any]) -> Outcome[Any] | None:
    waiting = asyncio.ensure_future(outcomes.__anext__())
    await asyncio.wait([waiting], timeout=0.001)
    if waiting.done():
        return None if isinstance(waiting.exception(), StopAsyncIteration) else waiting.result()
    waiting.cancel()
    await asyncio.wait([waiting])
    return await in_a_task(outcomes)


@EVERY_WAY
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("wait", [with_a_timeout, with_wait_for, in_a_task])
async def test_a_wait_that_is_cancelled_loses_nothing(
    zhipu: AsyncZhipuAI, setting: Setting, via: Any, ordered: bool, wait: Wait
) -> None:
    outcomes = zhipu.chat.completions.map(requests(30), via=via, ordered=ordered)
    got: list[int] = []
    while (outcome := await wait(outcomes)) is not None:
        assert f"number {outcome.index}." in outcome.result.text
        got.append(outcome.index)
    assert sorted(got) == list(range(30))
    assert got == sorted(got) or not ordered
    assert paid(setting.sim) == (1 if via == "batch" else 30)
    while left := await others():  # the last wait may have been cancelled while files were being removed
        await asyncio.wait(left)


async def test_a_timeout_loses_no_text_of_a_pack(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    outcomes = zhipu.embeddings.map([f"text {n}" for n in range(200)], model="embedding-3", dimensions=256)
    got = [outcome.index async for outcome in until_the_end(outcomes)]
    assert got == list(range(200))
    assert paid(setting.sim) == 4


async def until_the_end(outcomes: Outcomes[Any]) -> AsyncIterator[Outcome[Any]]:
    while (outcome := await with_a_timeout(outcomes)) is not None:
        yield outcome


async def test_a_timeout_around_as_completed_loses_no_task(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    outcomes = zhipu.tasks.as_completed(submit(zhipu, f"number {n}") for n in range(30))
    got = [outcome.index async for outcome in until_the_end(outcomes)]
    assert sorted(got) == list(range(30))
    assert paid(setting.sim) == 30


async def test_nothing_begins_while_nobody_asks(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    pulled: list[int] = []

    def counting() -> Iterator[ChatRequest]:
        for number in itertools.count():
            pulled.append(number)
            yield asking(number)

    outcomes = zhipu.chat.completions.map(counting(), concurrency=5)
    await anext(outcomes)
    await answered(zhipu, setting.sim, 5, left=0)
    assert len(pulled) == 5
    await outcomes.aclose()


async def test_several_readers_share_the_outcomes(zhipu: AsyncZhipuAI) -> None:
    outcomes = zhipu.chat.completions.map(requests(40), concurrency=8)

    async def reader() -> list[int]:
        return [outcome.index async for outcome in outcomes]

    readers = [asyncio.create_task(reader()) for _ in range(4)]
    await asyncio.sleep(0)
    readers[0].cancel()
    shares = await asyncio.gather(*readers, return_exceptions=True)
    assert isinstance(shares[0], asyncio.CancelledError)
    got = [index for share in shares if isinstance(share, list) for index in share]
    assert sorted(got) == list(range(40))


class Bench:
    """Work whose items end when the test says so, and that a test interrupts as it likes."""

    def __init__(self, seed: int, *, ordered: bool) -> None:
        self.random = random.Random(seed)
        self.given: list[int] = []
        self._ends: list[asyncio.Future[None]] = []
        race: Race[int, int] = Race(Source(range(40)), self._enter, window=7, starting=5, ordered=ordered)
        self.outcomes = Outcomes(
            Delivery(race, clock=SystemClock(), handing=Handing(), on_progress=self._stumble)
        )

    def _enter(self, number: int, index: int) -> Entrant[int]:
        return Entrant(str(index), index, start=lambda: self._one(number))

    async def _one(self, number: int) -> Outcome[int]:
        self._ends.append(end := asyncio.get_running_loop().create_future())
        await end
        return Outcome(value=number)

    def _stumble(self, progress: Progress) -> None:
        if self.random.random() < 0.1:
            raise ZeroDivisionError

    def end_some(self) -> None:
        for end in self.random.sample(self._ends, k=len(self._ends) // 2 + 1 if self._ends else 0):
            self._ends.remove(end)
            end.set_result(None)

    async def ask(self) -> bool:
        """Wait for one outcome, for some passes of the loop; tell whether there may be more."""
        waiting = asyncio.ensure_future(self.outcomes.__anext__())
        for _ in range(self.random.randrange(6)):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        if waiting.cancelled() or isinstance(waiting.exception(), ZeroDivisionError):
            return True
        if waiting.exception() is None:
            self.given.append(waiting.result().index)
        return waiting.exception() is None

    def look(self) -> None:
        """Take some of what has ended."""
        with suppress(ZeroDivisionError):
            most = self.random.randrange(3)
            for outcome in itertools.islice(self.outcomes.finished(), most):
                self.given.append(outcome.index)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("ordered", [False, True])
async def test_however_it_is_interrupted_each_item_is_given_once(seed: int, ordered: bool) -> None:
    bench = Bench(seed, ordered=ordered)
    looks = seed % 2 == 0
    while await bench.ask():
        bench.end_some()
        if looks and bench.random.random() < 0.3:
            bench.look()
    assert sorted(bench.given) == list(range(40))
    assert bench.given == list(range(40)) or not ordered or looks
    assert await others() == set()


# ── what has ended ─────────────────────────────────────────────────────────────────────────────────


async def interrupted(
    outcomes: Outcomes[Any], zhipu: AsyncZhipuAI, sim: Simulator, *, answers: int
) -> tuple[list[Outcome[Any]], list[Outcome[Any]]]:
    """Read on until a Ctrl-C comes, after so many answers; return what was read, and what could be had at its end."""
    read: list[Outcome[Any]] = []
    rest: list[Outcome[Any]] = []

    async def reader() -> None:
        try:
            async for outcome in outcomes:
                read.append(outcome)
                await asyncio.Event().wait()  # a slow write, say
        finally:
            rest.extend(outcomes.finished())

    reading = asyncio.create_task(reader())
    await answered(zhipu, sim, answers)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    return read, rest


async def test_what_has_ended_is_had_after_an_interrupt(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    stall(setting, "number 7.")
    outcomes = zhipu.chat.completions.map(requests(8))
    read, rest = await interrupted(outcomes, zhipu, setting.sim, answers=7)
    assert (len(read), len(rest)) == (1, 6)
    assert sorted(indexes(read + rest)) == list(range(7))
    assert all(outcome.ok for outcome in rest)
    assert [(each.key, each.index, each.ref) for each in outcomes.unfinished()] == [("7", 7, None)]
    assert (outcomes.progress.done, outcomes.progress.under_way) == (7, 1)
    assert str(outcomes.progress) in repr(outcomes)
    assert list(outcomes.finished()) == []
    await outcomes.aclose()
    assert await others() == set()


async def test_the_order_holds_nothing_back_at_an_interrupt(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    stall(setting, "number 2.")
    outcomes = zhipu.chat.completions.map(requests(8), ordered=True)
    read, rest = await interrupted(outcomes, zhipu, setting.sim, answers=7)
    assert indexes(read + rest) == [0, 1, 3, 4, 5, 6, 7]
    assert [each.index for each in outcomes.unfinished()] == [2]


async def test_who_goes_on_after_looking_gets_each_item_once(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    stall(setting, "number 2.")
    outcomes = zhipu.chat.completions.map(requests(20), ordered=True, concurrency=8)
    got = indexes([await anext(outcomes)])
    await answered(zhipu, setting.sim, 7)
    got += indexes(list(outcomes.finished()))
    assert got == [0, 1, 3, 4, 5, 6, 7]
    setting.sim.release()
    got += [outcome.index async for outcome in outcomes]
    assert got == [0, 1, 3, 4, 5, 6, 7, 2, *range(8, 20)]


async def test_the_texts_of_a_pack_are_had_after_an_interrupt(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    stall(setting, "text 64 ")
    texts = [f"text {number} " for number in range(192)]
    outcomes = zhipu.embeddings.map(texts, model="embedding-3", dimensions=256)
    read, rest = await interrupted(outcomes, zhipu, setting.sim, answers=2)
    assert indexes(read + rest) == [*range(64), *range(128, 192)]
    assert [each.index for each in outcomes.unfinished()] == list(range(64, 128))


async def test_tasks_that_were_cut_off_are_found_again(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=NeverEnds(), match={"contains": "number 3."})
    outcomes = zhipu.chat.completions.map(requests(5), via="task")
    got = indexes([await anext(outcomes) for _ in range(4)])
    await outcomes.aclose()
    (cut_off,) = outcomes.unfinished()
    assert sorted([*got, cut_off.index]) == list(range(5))
    assert cut_off.ref is not None
    assert await zhipu.tasks.attach(cut_off.ref).status() == "PROCESSING"
    assert await others() == set()


async def test_tasks_among_as_completed_are_told_apart_too(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=NeverEnds(), match={"contains": "stuck"})
    tasks = [await submit(zhipu, words) for words in ("one", "stuck", "two")]
    outcomes = zhipu.tasks.as_completed(tasks)
    got = await until_it_is_so(outcomes, lambda: tasks[0].done and tasks[2].done)
    assert sorted(indexes([*got, *outcomes.finished()])) == [0, 2]
    assert [each.ref for each in outcomes.unfinished()] == [tasks[1].ref]
    assert (outcomes.progress.total, outcomes.progress.done) == (3, 2)


async def test_answers_of_a_batch_are_had_after_an_interrupt(zhipu: AsyncZhipuAI) -> None:
    outcomes = zhipu.chat.completions.map(requests(1200), via="batch")
    first = await anext(outcomes)
    await outcomes.aclose()
    assert await others() == set()
    rest = list(outcomes.finished())
    assert indexes([first, *rest]) == list(range(1200))
    assert all(f"number {outcome.index}." in outcome.result.text for outcome in rest)
    assert outcomes.unfinished() == []


async def test_who_goes_on_after_closing_gets_only_what_had_ended(
    zhipu: AsyncZhipuAI, setting: Setting
) -> None:
    outcomes = zhipu.chat.completions.map(requests(1200), via="batch")
    await anext(outcomes)
    await outcomes.aclose()
    asked = len(setting.sim.requests)
    assert [outcome.index async for outcome in outcomes] == list(range(1, 1200))
    assert len(setting.sim.requests) == asked


async def test_batches_that_were_cut_off_are_found_again(setting: Setting) -> None:
    zhipu = setting.client()
    zhipu.tasks.polling.scale = 1000.0
    waiting = asyncio.ensure_future(anext(outcomes := zhipu.chat.completions.map(requests(3), via="batch")))
    await setting.sim.until(lambda: paid(setting.sim) == 1)
    while outcomes.unfinished()[0].ref is None:
        await asyncio.sleep(0)
    waiting.cancel()
    await outcomes.aclose()
    cut_off = outcomes.unfinished()
    assert [each.key for each in cut_off] == ["0", "1", "2"]
    (ref,) = {str(each.ref) for each in cut_off}
    zhipu.tasks.polling.scale = 0.002
    assert (await setting.client().tasks.attach(ref)).raw["request_counts"] == {
        "total": 3,
        "completed": 3,
        "failed": 0,
    }


async def test_items_that_were_not_sent_yet_are_named_too(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    more = asyncio.Event()

    async def slow() -> AsyncIterator[ChatRequest]:
        yield asking(0)
        yield asking(1)
        await more.wait()

    outcomes = zhipu.chat.completions.map(slow(), via="batch")
    await until_it_is_so(outcomes, lambda: outcomes.progress.under_way == 2)
    await outcomes.aclose()
    assert [(each.index, each.ref) for each in outcomes.unfinished()] == [(0, None), (1, None)]
    assert setting.sim.requests == []


# ── ends that are no interrupts ────────────────────────────────────────────────────────────────────


async def test_the_others_are_had_when_the_first_failure_is_raised(
    zhipu: AsyncZhipuAI, setting: Setting
) -> None:
    setting.sim.script(code="1210", match={"contains": "number 0."})
    stall(setting, "number 3.")
    outcomes = zhipu.chat.completions.map(requests(6), on_error="raise", ordered=True)
    waiting = asyncio.ensure_future(anext(outcomes, None))
    await asyncio.sleep(0)
    waiting.cancel()
    await answered(zhipu, setting.sim, 4)
    with pytest.raises(BadRequestError):
        await anext(outcomes)
    assert indexes(list(outcomes.finished())) == [1, 2, 4, 5]
    assert [each.index for each in outcomes.unfinished()] == [3]
    assert await others() == set()


async def test_a_callback_that_fails_costs_no_outcome(zhipu: AsyncZhipuAI) -> None:
    def fail(progress: Progress) -> None:
        if progress.done == 3:
            raise ZeroDivisionError

    outcomes = zhipu.chat.completions.map(requests(10), on_progress=fail)
    got = [await anext(outcomes) for _ in range(2)]
    with pytest.raises(ZeroDivisionError):
        await anext(outcomes)
    got += [outcome async for outcome in outcomes]
    assert sorted(indexes(got)) == list(range(10))
    assert outcomes.progress.done == 10


@EVERY_WAY
async def test_stopping_lets_what_is_under_way_end(zhipu: AsyncZhipuAI, setting: Setting, via: Any) -> None:
    outcomes = zhipu.chat.completions.map(
        (asking(n) for n in itertools.islice(itertools.count(), 1000)), via=via
    )
    got = [await anext(outcomes)]
    outcomes.stop()
    got += [outcome async for outcome in outcomes]
    assert sorted(indexes(got)) == list(range(outcomes.progress.done))
    assert outcomes.unfinished() == []
    assert await others() == set()


async def test_stopping_does_not_wait_for_a_source_that_is_silent(zhipu: AsyncZhipuAI) -> None:
    async def silent() -> AsyncIterator[ChatRequest]:
        yield asking(0)
        await asyncio.Event().wait()

    outcomes = zhipu.chat.completions.map(silent())
    await anext(outcomes)
    last = asyncio.ensure_future(anext(outcomes, None))
    await asyncio.sleep(0)
    outcomes.stop()
    assert await last is None


async def test_leaving_the_block_ends_the_work(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=Stall(), times=None)
    async with zhipu.chat.completions.map(requests(10)) as outcomes:
        await until_it_is_so(outcomes, lambda: setting.sim.counts.in_flight == 8)
    assert await others() == set()
    assert [outcome async for outcome in outcomes] == []
    assert len(outcomes.unfinished()) == 10


async def test_dropping_it_in_another_thread_ends_the_work(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=Stall(), times=None)
    kept = [zhipu.chat.completions.map(requests(10))]
    await until_it_is_so(kept[0], lambda: setting.sim.counts.in_flight == 8)
    await asyncio.to_thread(kept.clear)
    await asyncio.to_thread(gc.collect)
    assert await others() == set()
    await setting.sim.until(lambda: setting.sim.counts.in_flight == 0)


def test_a_loop_that_has_ended_is_no_reason_to_lose_what_was_paid() -> None:
    async def begin() -> tuple[Outcomes[ChatCompletion], int]:
        async with Simulator() as sim:
            sim.script(fault=Stall(), match={"contains": "number 4."})
            zhipu = AsyncZhipuAI(sim.api_key, base_url=sim.base_url)
            outcomes = zhipu.chat.completions.map(requests(5))
            first = await anext(outcomes)
            await answered(zhipu, sim, 4)
            return outcomes, first.index

    async def go_on(outcomes: Outcomes[ChatCompletion]) -> None:
        async for outcome in outcomes:
            got.append(outcome.index)

    outcomes, first = asyncio.run(begin())
    got = [first]
    with pytest.raises(APIConnectionError, match="loop"):
        asyncio.run(go_on(outcomes))
    assert len({*got, *indexes(list(outcomes.finished()))} & {0, 1, 2, 3}) == 4


# ── the client is closed ───────────────────────────────────────────────────────────────────────────


@EVERY_WAY
async def test_closing_the_client_ends_bulk_work(zhipu: AsyncZhipuAI, setting: Setting, via: Any) -> None:
    def endless() -> Iterator[ChatRequest]:
        return (asking(number) for number in itertools.count())

    source = itertools.islice(endless(), 100_000) if via == "batch" else endless()
    setting.sim.script(fault=Stall() if via == "direct" else NeverEnds(), match={"contains": "number 5."})
    outcomes = zhipu.chat.completions.map(source, via=via, ordered=True)
    reading = asyncio.ensure_future(read_all(outcomes))
    await setting.sim.until(lambda: bool(setting.sim.requests))
    await zhipu.close()
    asked = len(setting.sim.requests)
    with pytest.raises(APIConnectionError, match="client was closed"):
        await reading
    assert await others() == set()
    with pytest.raises(APIConnectionError, match="client was closed"):
        await anext(outcomes)
    assert len(setting.sim.requests) == asked


async def read_all(outcomes: Outcomes[Any]) -> list[Outcome[Any]]:
    return [outcome async for outcome in outcomes]


async def test_closing_the_client_keeps_what_has_ended(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    stall(setting, "number 7.")
    outcomes = zhipu.chat.completions.map(requests(8))
    got = indexes([await anext(outcomes)])
    await answered(zhipu, setting.sim, 7)
    await zhipu.close()
    got += [(await anext(outcomes)).index for _ in range(6)]
    with pytest.raises(APIConnectionError, match="finished"):
        await anext(outcomes)
    assert sorted(got) == list(range(7))


async def test_closing_the_client_ends_as_completed_and_embeddings(
    zhipu: AsyncZhipuAI, setting: Setting
) -> None:
    setting.sim.script(fault=NeverEnds(), times=None, match={"path": "/async/chat/completions"})
    setting.sim.script(fault=Stall(), times=None)
    every = [
        zhipu.tasks.as_completed(submit(zhipu) for _ in itertools.count()),
        zhipu.embeddings.map(["a text"], model="embedding-3"),
    ]
    reading = [asyncio.ensure_future(read_all(outcomes)) for outcomes in every]
    await setting.sim.received(10)
    await zhipu.close()
    ends = await asyncio.gather(*reading, return_exceptions=True)
    assert all("client was closed" in str(end) for end in ends)
    assert await others() == set()


async def test_a_source_that_fails_while_it_is_closed_does_not_keep_the_client_open(
    zhipu: AsyncZhipuAI, setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    async def stubborn() -> AsyncIterator[ChatRequest]:
        try:
            yield asking(0)
            yield asking(1)
        finally:
            raise ZeroDivisionError

    setting.sim.script(fault=NeverEnds(), times=None)
    outcomes = zhipu.chat.completions.map(stubborn(), via="task", concurrency=1)
    reading = asyncio.ensure_future(read_all(outcomes))
    await setting.sim.received(1)
    other = asyncio.ensure_future((await submit(zhipu)).wait())
    await zhipu.close()
    ends = await asyncio.gather(reading, other, return_exceptions=True)
    assert [type(end) for end in ends] == [APIConnectionError] * 2
    assert "ZeroDivisionError" in caplog.text
    assert await others() == set()


async def test_work_that_never_began_is_ended_with_the_client(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    async with zhipu:
        outcomes = zhipu.chat.completions.map(requests(3))
    with pytest.raises(APIConnectionError, match="closed"):
        await anext(outcomes)
    assert setting.sim.requests == []
    assert len(await read_all(zhipu.chat.completions.map(requests(3)))) == 3


async def test_work_that_was_done_knows_nothing_of_a_closed_client(zhipu: AsyncZhipuAI) -> None:
    outcomes = zhipu.chat.completions.map(requests(3))
    assert len([await anext(outcomes) for _ in range(3)]) == 3
    await read_all(outcomes)
    await zhipu.close()
    assert await read_all(outcomes) == []


# ── Ctrl-C ─────────────────────────────────────────────────────────────────────────────────────────

PROGRAM = """
import asyncio, sys
from zhipu_async import AsyncZhipuAI

async def main():
    key, url, via, ordered = sys.argv[1:]
    async with AsyncZhipuAI(key, base_url=url) as zhipu:
        zhipu.tasks.polling.scale = 0.002
        requests = [{"model": "glm-4-plus", "messages": f"number {n}."} for n in range(30)]
        outcomes = zhipu.chat.completions.map(requests, via=via, ordered=ordered == "ordered")
        try:
            async for outcome in outcomes:
                while sum(each.in_flight for each in zhipu.limits.states()) > 1:
                    await asyncio.sleep(0)
                print("read", outcome.key, flush=True)
                await asyncio.sleep(3600)
        finally:
            for outcome in outcomes.finished():
                print("finished", outcome.key, flush=True)
            for item in outcomes.unfinished():
                print("unfinished", item.key, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("ordered", ["ordered", "as they end"])
@pytest.mark.parametrize("via", ["direct", "task"])
async def test_ctrl_c_hands_out_all_that_was_paid(via: str, ordered: str) -> None:
    async with Simulator() as sim:
        fault = Stall() if via == "direct" else NeverEnds()
        sim.script(fault=fault, times=None, match={"contains": "number 5."})
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, sim.api_key, sim.base_url, via, ordered),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        first = await child.stdout.readline()
        child.send_signal(signal.SIGINT)
        rest, complaints = await child.communicate()
    told = Counter(line.split()[0] for line in (first + rest).decode().splitlines())
    assert told == {"read": 1, "finished": 28, "unfinished": 1}
    assert complaints.decode().strip().endswith("KeyboardInterrupt")
    assert b"never" not in complaints
