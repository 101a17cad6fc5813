"""Waiting for a place, in tasks, loops and threads."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
from collections.abc import Callable
from random import Random

import pytest

from tests.virtual import VirtualClock, settle
from zhipu_async.errors import InvalidArgument
from zhipu_async.flows import permits as module
from zhipu_async.flows.permits import Permit, Permits, Pool

MODEL = "glm-4.7"


def limited(cap: int, clock: VirtualClock | None = None) -> Permits:
    return Permits({"*": cap}, clock or VirtualClock())


async def take(permits: Permits, model: str = MODEL, pool: Pool = Pool.CALLS) -> Permit:
    """A permit that must be there at once."""
    permit = permits.try_acquire("key", model, pool)
    assert permit is not None
    return permit


def in_flight(permits: Permits) -> int:
    return sum(state.in_flight for state in permits.states())


def queued(permits: Permits) -> int:
    return sum(state.queued for state in permits.states())


async def test_places_are_given_in_the_order_of_asking() -> None:
    permits = limited(1)
    first = await take(permits)
    order: list[int] = []

    async def call(number: int) -> None:
        permit = await permits.acquire("key", MODEL)
        order.append(number)
        permit.release()

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(call(number))
        await settle()
        first.release()
    assert order == list(range(10))
    assert in_flight(permits) == queued(permits) == 0


async def test_nobody_overtakes_the_queue() -> None:
    permits = limited(1)
    first = await take(permits)
    waiter = asyncio.create_task(permits.acquire("key", MODEL))
    await settle()
    first.release()
    assert permits.try_acquire("key", MODEL) is None
    (await waiter).release()


async def test_keys_models_and_pools_do_not_count_together() -> None:
    permits = limited(1)
    held = [
        permits.try_acquire("key", "a"),
        permits.try_acquire("other key", "a"),
        permits.try_acquire("key", "b"),
        permits.try_acquire("key", "a", Pool.SUBMISSIONS),
    ]
    assert None not in held
    assert permits.try_acquire("key", "a") is None


async def test_releasing_twice_gives_one_place_back() -> None:
    permits = limited(2)
    first, second = await take(permits), await take(permits)
    first.release()
    first.release()
    assert in_flight(permits) == 1
    second.release()


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    permits = limited(1)
    first = await take(permits)
    waiter = asyncio.create_task(permits.acquire("key", MODEL))
    await settle()
    waiter.cancel()
    await settle()
    assert queued(permits) == 0
    first.release()
    assert in_flight(permits) == 0


async def test_a_waiter_cancelled_at_the_moment_of_its_turn_passes_it_on() -> None:
    permits = limited(1)
    first = await take(permits)
    unlucky = asyncio.create_task(permits.acquire("key", MODEL))
    next_one = asyncio.create_task(permits.acquire("key", MODEL))
    await settle()
    first.release()
    unlucky.cancel()
    (await next_one).release()
    assert unlucky.cancelled()
    assert in_flight(permits) == 0


async def test_thousands_of_cancelled_waiters_leave_nothing_behind() -> None:
    permits = limited(1)
    first = await take(permits)
    waiters = [asyncio.create_task(permits.acquire("key", MODEL)) for _ in range(5000)]
    await settle()
    assert queued(permits) == 5000
    for waiter in reversed(waiters):
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    first.release()
    assert in_flight(permits) == queued(permits) == 0


async def test_a_permit_that_is_dropped_comes_back() -> None:
    permits = limited(1)
    await take(permits)
    gc.collect()
    await settle()
    (await take(permits)).release()


async def test_a_refusal_holds_back_everyone_on_the_model() -> None:
    clock = VirtualClock()
    permits = limited(5, clock)
    first, second = await take(permits), await take(permits)
    first.release("1302")
    waiters = [asyncio.create_task(permits.acquire("key", MODEL)) for _ in range(3)]
    await settle()
    assert queued(permits) == 3
    assert (await take(permits, "another model")) is not None
    second.release(None)
    await clock.run_until_idle()
    # What was refused with one beside it leaves one place.
    assert [waiter.done() for waiter in waiters] == [True, False, False]
    for waiter in waiters:
        (await waiter).release(None)


@pytest.mark.parametrize("code", ["1113", "1301", "1308", "1305", None, ""])
async def test_other_refusals_hold_back_nobody(code: str | None) -> None:
    permits = limited(5)
    (await take(permits)).release(code)
    (await take(permits)).release()


async def test_the_head_that_is_cancelled_while_all_wait_is_replaced() -> None:
    clock = VirtualClock()
    permits = limited(5, clock)
    (await take(permits)).release("1302")
    head, second = (asyncio.create_task(permits.acquire("key", MODEL)) for _ in range(2))
    await settle()
    head.cancel()
    await settle()
    await clock.run_until_idle()
    (await second).release()


async def test_only_the_head_of_the_queue_looks_at_the_clock() -> None:
    clock = VirtualClock()
    permits = limited(5, clock)
    (await take(permits)).release("1302")
    waiters = [asyncio.create_task(permits.acquire("key", MODEL)) for _ in range(100)]
    await settle()
    assert clock.sleepers == 1
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)


async def test_a_pause_that_grows_is_slept_to_its_end() -> None:
    clock = VirtualClock()
    permits = limited(5, clock)
    refused, busy, busy_too = [await take(permits) for _ in range(3)]
    refused.release("1302")
    waiter = asyncio.create_task(permits.acquire("key", MODEL))
    await clock.advance(0.01)
    busy.release("1305")
    busy_too.release("1305")
    await clock.advance(1)
    assert not waiter.done()
    await clock.run_until_idle()
    (await waiter).release()


class HurriedClock(VirtualClock):
    """A millisecond passes with every look at it, as on a machine that does much else."""

    def now(self) -> float:
        self._now += 0.001
        return super().now()


@pytest.mark.parametrize("closed_for", [0.0005, 0.0015, 0.0025, 0.0035, 0.0045, 0.0055])
async def test_a_lane_that_opens_while_the_head_is_being_told_is_entered(closed_for: float) -> None:
    clock = HurriedClock()
    permits = limited(1, clock)
    (await take(permits)).release("1302")
    (line,) = permits._lines.values()  # pyright: ignore[reportPrivateUsage]
    line.lane.closed_until = clock.now() + closed_for
    waiting = asyncio.ensure_future(permits.acquire("key", MODEL))
    await settle()
    await clock.advance(1.0)
    await settle()
    assert waiting.done()
    (await waiting).release()


async def test_a_head_that_a_refusal_closes_out_for_a_moment_is_told() -> None:
    for closed_for in range(12):
        clock = HurriedClock()
        permits = limited(1, clock)
        held = await take(permits)
        waiting = asyncio.ensure_future(permits.acquire("key", MODEL))
        await settle()
        (line,) = permits._lines.values()  # pyright: ignore[reportPrivateUsage]
        line.lane.closed_until = clock.now() + 0.001 * closed_for + 0.0005
        held.release("1234")
        await settle()
        await clock.advance(1.0)
        await settle()
        assert waiting.done()
        (await waiting).release()


async def test_when_nobody_reads_the_streams_the_head_may_pass() -> None:
    permits = limited(2)
    streams = [await take(permits), await take(permits)]
    waiter = asyncio.create_task(permits.acquire("key", MODEL))
    await settle()
    streams[0].idle = True
    await settle()
    assert not waiter.done()
    streams[1].idle = True
    inner = await waiter
    assert streams[1].idle
    assert permits.try_acquire("key", MODEL) is None
    inner.release()
    streams[1].idle = False
    assert permits.try_acquire("key", MODEL) is None


async def test_idling_after_release_changes_nothing() -> None:
    permits = limited(1)
    permit = await take(permits)
    permit.release()
    permit.idle = True
    (await take(permits)).release()
    assert permits.try_acquire("key", MODEL) is not None


async def test_a_place_may_be_given_back_by_another_thread() -> None:
    permits = limited(1)
    first = await take(permits)
    waiter = asyncio.create_task(permits.acquire("key", MODEL))
    await settle()
    await asyncio.to_thread(first.release)
    (await waiter).release()


def test_loops_in_many_threads_share_one_limit() -> None:
    permits = Permits({"*": 3})
    running: set[object] = set()
    most: list[int] = []

    async def call() -> None:
        permit = await permits.acquire("key", MODEL)
        running.add(permit)
        most.append(len(running))
        await asyncio.sleep(0)
        running.discard(permit)
        permit.release()

    async def many() -> None:
        await asyncio.gather(*(call() for _ in range(100)))

    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(most) == 400
    assert max(most) <= 3
    assert in_flight(permits) == queued(permits) == 0


def leave_behind(prepare: Callable[[], object]) -> list[object]:
    """Run something in a loop that is then closed without a word."""
    loop = asyncio.new_event_loop()

    async def run() -> object:
        return prepare()

    kept = [loop.run_until_complete(run())]
    loop.close()
    return kept


async def test_what_a_closed_loop_held_is_free_again() -> None:
    permits = limited(1)
    kept = await asyncio.to_thread(leave_behind, lambda: permits.try_acquire("key", MODEL))
    assert permits.try_acquire("key", MODEL) is None
    (await permits.acquire("key", MODEL)).release()
    assert "released" in repr(kept[0])


async def test_who_waited_in_a_closed_loop_is_skipped() -> None:
    permits = limited(1)
    first = await take(permits)

    waiting = permits.acquire("key", MODEL)

    def wait_and_close() -> asyncio.Task[Permit]:
        loop = asyncio.new_event_loop()
        task = loop.create_task(waiting)
        loop.call_later(0, loop.stop)
        loop.run_forever()
        loop.close()
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # the point is that it never ends
        return task

    abandoned = await asyncio.to_thread(wait_and_close)
    waiter = asyncio.create_task(permits.acquire("key", MODEL))
    await settle()
    assert queued(permits) == 1
    first.release()
    (await waiter).release()
    waiting.close()
    assert not abandoned.done()
    assert in_flight(permits) == queued(permits) == 0


async def test_a_permit_of_a_closed_loop_may_be_dropped() -> None:
    permits = limited(1)
    kept = await asyncio.to_thread(leave_behind, lambda: permits.try_acquire("key", MODEL))
    kept.clear()
    (await permits.acquire("key", MODEL)).release()


async def test_lanes_without_work_are_forgotten_when_there_are_very_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_LANES", 3)
    permits = limited(1)
    kept = await take(permits, "kept")
    for number in range(10):
        (await take(permits, f"model-{number}")).release()
    assert len(permits.states()) <= 3
    assert permits.try_acquire("key", "kept") is None
    kept.release()


async def test_the_repr_answers_what_one_asks() -> None:
    clock = VirtualClock()
    permits = Permits({"embedding-3": 30}, clock)
    assert repr(permits) == "<limits nothing sent yet>"
    held = [await take(permits) for _ in range(3)]
    held[0].release("1302")
    waiter = asyncio.create_task(permits.acquire("key", MODEL))
    await settle()
    await clock.advance(0.05)
    configured = await take(permits, "embedding-3")
    task = await take(permits, "cogvideox-3", Pool.SUBMISSIONS)
    upload = await take(permits, "", Pool.SUBMISSIONS)
    await clock.advance(4)
    assert repr(permits) == (
        "<limits glm-4.7: 2 in flight (learned 2), 1 queued, 1302 4 s ago; "
        "embedding-3: 1 in flight (at most 30), 0 queued; "
        "cogvideox-3 submissions: 1 in flight (no cap), 0 queued; "
        "no model: 1 in flight (no cap), 0 queued>"
    )
    waiter.cancel()
    for permit in (configured, task, upload):
        permit.release()


async def test_a_permit_says_whether_it_is_held() -> None:
    permit = await take(limited(1))
    assert repr(permit) == "<Permit held>"
    permit.release()
    assert repr(permit) == "<Permit released>"


def test_wrong_limits_are_refused_when_they_are_given() -> None:
    with pytest.raises(InvalidArgument):
        Permits("V7")


async def test_a_state_pickles() -> None:
    permits = limited(1)
    held = await take(permits)
    (state,) = permits.states()
    assert pickle.loads(pickle.dumps(state)) == state
    held.release()


@pytest.mark.parametrize("seed", range(20))
async def test_any_mixture_of_calls_and_cancels_ends_with_everything_free(seed: int) -> None:
    random = Random(seed)
    clock = VirtualClock()
    permits = Permits(None, clock)

    async def call() -> None:
        permit = await permits.acquire("key", MODEL)
        try:
            permit.idle = random.random() < 0.2
            await clock.sleep(random.random())
        finally:
            permit.release(random.choice(["accepted", "accepted", "1302", "1305", None]))

    tasks: list[asyncio.Task[None]] = []
    for _ in range(60):
        tasks.append(asyncio.create_task(call()))
        if random.random() < 0.3:
            random.choice(tasks).cancel()
        if random.random() < 0.5:
            await clock.advance(random.random())
    await clock.run_until_idle()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.done() for task in tasks)
    assert in_flight(permits) == queued(permits) == 0
