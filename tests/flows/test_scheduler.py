"""The polling loop in virtual time: who is asked when, who is forgiven, and what is left behind."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from tests.virtual import VirtualClock, settle
from zhipu_async import errors
from zhipu_async.flows.scheduler import Polling, Scheduler
from zhipu_async.protocol.kinds import BATCHES, CHAT, VIDEOS, Kind
from zhipu_async.types.base import Reply
from zhipu_async.types.tasks import TaskRef
from zhipu_async.types.videos import VideoResult


class Platform:
    """Finishes each task at its time; fails, dawdles and lies as told."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.ends: dict[str, float] = {}
        self.words: dict[str, str] = {}
        self.faults: dict[str, list[Exception]] = {}
        self.polls: list[tuple[float, str]] = []
        self.poll_seconds = 0.0
        self.under_way = 0
        self.peak = 0
        self.pollers: set[asyncio.Task[Any] | None] = set()

    async def ask(self, kind: Kind[Any], ref: TaskRef[Any]) -> Reply:
        self.polls.append((self.clock.now(), ref.id))
        self.pollers.add(asyncio.current_task())
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            if self.poll_seconds:
                await self.clock.sleep(self.poll_seconds)
            return self.answer(kind, ref.id)
        finally:
            self.under_way -= 1

    def answer(self, kind: Kind[Any], task_id: str) -> Reply:
        if faults := self.faults.get(task_id):
            raise faults.pop(0)
        over = self.clock.now() >= self.ends.get(task_id, 0.0)
        word = self.words.get(task_id, "SUCCESS") if over else "PROCESSING"
        reply: Reply = kind.poll.reply(id=task_id, task_status=word)
        return reply

    def times(self, task_id: str) -> list[float]:
        return [moment for moment, polled in self.polls if polled == task_id]


class Scene:
    """A platform, a scheduler, and a clock between them."""

    def __init__(self, polling: Polling | None = None) -> None:
        self.clock = VirtualClock(0.0)
        self.platform = Platform(self.clock)
        self.scheduler = Scheduler(
            self.platform.ask,
            clock=self.clock,
            random=random.Random(7).random,
            polling=polling or Polling(),
            rhythms={},
        )

    def watch(
        self, task_id: str, *, ends: float = 0.0, age: float | None = 0.0, timeout: float | None = None
    ) -> asyncio.Future[VideoResult]:
        self.platform.ends[task_id] = ends
        return self.scheduler.watch(VIDEOS, TaskRef("videos", task_id), age=age, timeout=timeout)

    def left_behind(self) -> list[asyncio.Task[Any]]:
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


@pytest_asyncio.fixture
async def scene() -> AsyncGenerator[Scene]:
    scene = Scene()
    yield scene
    await settle()
    assert scene.left_behind() == []


async def test_a_task_is_asked_about_until_it_is_done(scene: Scene) -> None:
    future = scene.watch("1", ends=100.0)
    await scene.clock.advance(130.0)
    assert (await future).id == "1"
    assert 100.0 <= scene.platform.times("1")[-1] <= 125.0
    assert len(scene.platform.times("1")) <= 15


async def test_a_task_of_unknown_age_is_asked_about_at_once(scene: Scene) -> None:
    future = scene.watch("1", age=None)
    await settle()
    assert future.done()
    assert scene.platform.times("1") == [0.0]


async def test_two_who_wait_for_one_task_share_its_polls(scene: Scene) -> None:
    first, second = scene.watch("1", ends=50.0), scene.watch("1", ends=50.0)
    await scene.clock.advance(70.0)
    assert (await first) is (await second)
    assert len(set(scene.platform.times("1"))) == len(scene.platform.times("1"))


async def test_one_of_two_may_leave(scene: Scene) -> None:
    first, second = scene.watch("1", ends=50.0), scene.watch("1", ends=50.0)
    first.cancel()
    await scene.clock.advance(70.0)
    assert (await second).id == "1"


async def test_nobody_asks_when_nobody_waits(scene: Scene) -> None:
    scene.watch("1", ends=50.0).cancel()
    await scene.clock.advance(100.0)
    assert scene.platform.polls == []
    assert repr(scene.scheduler) == "<Scheduler 0 tasks, 0 polls under way>"


async def test_a_poll_under_way_ends_with_the_last_wait(scene: Scene) -> None:
    scene.platform.poll_seconds = 10.0
    future = scene.watch("1", age=None)
    await settle()
    assert scene.platform.under_way == 1
    future.cancel()
    await settle()
    assert scene.platform.under_way == 0


@pytest.mark.parametrize("word", ["FAIL", "FAILED", "failed"])
async def test_a_failed_task_raises_with_the_platforms_answer(scene: Scene, word: str) -> None:
    scene.platform.words["1"] = word
    future = scene.watch("1")
    await scene.clock.advance(60.0)
    with pytest.raises(errors.TaskFailed) as caught:
        await future
    assert (caught.value.task_id, caught.value.status) == ("1", word)
    assert word in caught.value.body


async def test_a_timeout_leaves_the_task_alive_and_says_its_id(scene: Scene) -> None:
    future = scene.watch("1", ends=1000.0, timeout=90.0)
    await scene.clock.advance(89.9)
    assert not future.done()
    await scene.clock.advance(0.2)
    with pytest.raises(errors.TaskTimeout, match=r"attach\('videos:1'\)") as caught:
        await future
    assert (caught.value.task_id, caught.value.ref, caught.value.seconds) == ("1", "videos:1", 90.0)


async def test_flaky_polls_are_forgiven(scene: Scene) -> None:
    scene.platform.faults["1"] = [
        errors.APIConnectionError("reset"),
        errors.InternalServerError(status=502),
        errors.APIResponseError("html"),
        errors.NotFoundError(status=404),
        errors.OverloadedError(code="1305"),
    ]
    future = scene.watch("1")
    await scene.clock.advance(120.0)
    assert (await future).id == "1"


async def test_an_outage_that_does_not_end_is_told(scene: Scene) -> None:
    scene.platform.faults["1"] = [errors.APIConnectionError("reset") for _ in range(1000)]
    future = scene.watch("1")
    await scene.clock.advance(2000.0)
    with pytest.raises(errors.APIConnectionError):
        await future


async def test_a_timeout_during_an_outage_names_it(scene: Scene) -> None:
    scene.platform.faults["1"] = [errors.APIConnectionError("reset") for _ in range(1000)]
    future = scene.watch("1", timeout=60.0)
    await scene.clock.advance(61.0)
    with pytest.raises(errors.TaskTimeout, match="APIConnectionError") as caught:
        await future
    assert isinstance(caught.value.__cause__, errors.APIConnectionError)


async def test_an_old_task_that_one_machine_has_forgotten_is_asked_about_again(scene: Scene) -> None:
    scene.platform.faults["1"] = [errors.NotFoundError(status=404)]
    future = scene.watch("1", age=300.0)
    await scene.clock.advance(120.0)
    assert (await future).id == "1"


async def test_an_outage_that_ends_in_forgetting_for_a_moment_is_outlasted(scene: Scene) -> None:
    outage = [errors.APIConnectionError("reset") for _ in range(20)]
    scene.platform.faults["1"] = [*outage, *(errors.NotFoundError(status=404) for _ in range(2))]
    future = scene.watch("1", age=300.0)
    await scene.clock.advance(800.0)
    assert (await future).id == "1"


async def test_a_forgotten_task_is_told_once_it_is_old_enough(scene: Scene) -> None:
    scene.platform.faults["1"] = [errors.BadRequestError(code="1214", status=400) for _ in range(1000)]
    future = scene.watch("1")
    await scene.clock.advance(100.0)
    with pytest.raises(errors.BadRequestError):
        await future


async def test_a_refused_key_ends_the_wait_at_once(scene: Scene) -> None:
    scene.platform.faults["1"] = [errors.AuthenticationError(status=401)]
    future = scene.watch("1", age=None)
    await settle()
    with pytest.raises(errors.AuthenticationError):
        await future


async def test_a_bug_in_reading_reaches_those_who_wait(scene: Scene) -> None:
    scene.platform.faults["1"] = [RuntimeError("bug")]
    future = scene.watch("1", age=None)
    await settle()
    with pytest.raises(RuntimeError):
        await future


async def test_an_unknown_status_is_waited_for_and_warned_of_once(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.platform.words.update({"1": "STEAMING", "2": "STEAMING"})
    futures = [scene.watch("1", timeout=200.0), scene.watch("2", timeout=200.0)]
    with caplog.at_level(logging.WARNING, "zhipu_async.tasks"):
        await scene.clock.advance(201.0)
    assert [type(future.exception()) for future in futures] == [errors.TaskTimeout] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "a videos task has the unknown status 'STEAMING'; it is waited for"
    ]


async def test_closing_ends_every_wait_with_an_error(scene: Scene) -> None:
    scene.platform.poll_seconds = 5.0
    futures = [scene.watch(str(number), ends=1000.0, age=None) for number in range(3)]
    await settle()
    scene.scheduler.close("the client was closed")
    for future in futures:
        with pytest.raises(errors.APIConnectionError, match="closed"):
            await future


async def test_polls_under_way_stay_below_their_limit() -> None:
    scene = Scene(Polling(under_way=64, per_second=1e6))
    scene.platform.poll_seconds = 0.5
    futures = [scene.watch(str(number), age=None) for number in range(1000)]
    await scene.clock.advance(60.0)
    assert all(future.done() for future in futures)
    assert scene.platform.peak == 64


async def test_polls_that_wait_for_each_other_share_an_asyncio_task() -> None:
    scene = Scene(Polling(under_way=2, per_second=1e6))
    scene.platform.poll_seconds = 0.5
    futures = [scene.watch(str(number), age=None) for number in range(100)]
    await scene.clock.advance(60.0)
    assert all(future.done() for future in futures)
    assert len(scene.platform.pollers) == 2


async def test_a_wait_that_ends_during_its_poll_takes_nothing_from_the_next() -> None:
    scene = Scene(Polling(under_way=1, per_second=1e6))
    scene.platform.poll_seconds = 0.5
    first, second, third = (scene.watch(name, age=None) for name in ("first", "second", "third"))
    await scene.clock.advance(0.2)
    first.cancel()
    await scene.clock.advance(5.0)
    assert second.done()
    assert third.done()
    assert scene.left_behind() == []


async def test_polls_a_second_stay_below_the_budget() -> None:
    scene = Scene(Polling(per_second=50.0))
    futures = [scene.watch(str(number), age=None) for number in range(500)]
    await scene.clock.advance(30.0)
    assert all(future.done() for future in futures)
    for second in range(10):
        in_second = [moment for moment, _ in scene.platform.polls if second <= moment < second + 1]
        assert len(in_second) <= 56


async def test_a_thousand_tasks_submitted_together_are_not_polled_together() -> None:
    scene = Scene(Polling(per_second=1e6, under_way=1000))
    futures = [scene.watch(str(number), ends=1.0) for number in range(1000)]
    await scene.clock.advance(60.0)
    assert all(future.done() for future in futures)
    by_tenth: dict[int, int] = {}
    for moment, _ in scene.platform.polls:
        by_tenth[int(moment * 10)] = by_tenth.get(int(moment * 10), 0) + 1
    assert max(by_tenth.values()) < 50


async def test_refused_polls_slow_the_polling_down() -> None:
    scene = Scene(Polling(per_second=100.0))
    futures = [scene.watch(str(number), age=None) for number in range(200)]
    for number in range(200):
        scene.platform.faults[str(number)] = [errors.ConcurrencyLimit(code="1302", status=429)]
    await scene.clock.advance(1.0)
    first_second = len(scene.platform.polls)
    assert first_second < 80
    await scene.clock.advance(300.0)
    assert all(future.done() for future in futures)


async def test_one_stuck_task_delays_nobody() -> None:
    scene = Scene(Polling(under_way=4))
    stuck = scene.watch("stuck", ends=1e9)
    others = [scene.watch(str(number), ends=20.0) for number in range(50)]
    await scene.clock.advance(60.0)
    assert all(future.done() for future in others)
    assert not stuck.done()
    stuck.cancel()
    await settle()
    assert scene.left_behind() == []


async def test_five_thousand_tasks_end_in_their_order_with_few_asyncio_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.virtual.TICKS_BETWEEN_STEPS", 8)  # what a poll needs here; there are many
    scene = Scene()
    order: list[str] = []
    most_tasks = 0
    for number in range(5000):
        future = scene.watch(str(number), ends=30.0 + number / 50)
        future.add_done_callback(lambda done: order.append(done.result().id))
    for _ in range(20):
        await scene.clock.advance(10.0)
        most_tasks = max(most_tasks, len(asyncio.all_tasks()))
    assert len(order) == 5000
    assert most_tasks < 70
    # Fifty end each second, and the longest interval is 25 s: that far one may overtake another.
    displaced = [abs(position - int(task_id)) for position, task_id in enumerate(order)]
    assert max(displaced) < 50 * 30
    assert scene.left_behind() == []


async def test_intervals_follow_what_tasks_take(scene: Scene) -> None:
    for number in range(60):
        future = scene.watch(str(number), ends=scene.clock.now() + 100.0)
        await scene.clock.advance(160.0)
        assert future.done()
    polls_early, polls_late = len(scene.platform.times("0")), len(scene.platform.times("59"))
    assert polls_late < polls_early / 2


async def test_kinds_have_a_pace_of_their_own(scene: Scene) -> None:
    chat = scene.scheduler.watch(CHAT, TaskRef("chat", "c"), age=0.0, timeout=None)
    batch = scene.scheduler.watch(BATCHES, TaskRef("batches", "b"), age=0.0, timeout=None)
    scene.platform.ends.update({"c": 1e9, "b": 1e9})
    scene.platform.answer = _running  # type: ignore[method-assign]
    await scene.clock.advance(60.0)
    assert len(scene.platform.times("c")) > 3 * len(scene.platform.times("b"))
    assert scene.platform.times("b")
    chat.cancel()
    batch.cancel()


def _running(kind: Kind[Any], task_id: str) -> Reply:
    answer: Reply = kind.poll.reply()
    for name in ("task_status", "status"):
        if hasattr(answer, name):
            setattr(answer, name, "processing")
    assert task_id
    return answer


async def test_a_scheduler_that_is_torn_down_leaves_nobody_waiting(scene: Scene) -> None:
    future = scene.watch("1", ends=100.0)
    await settle()
    for task in scene.left_behind():
        task.cancel()
    await settle()
    with pytest.raises(errors.APIConnectionError):
        await future
