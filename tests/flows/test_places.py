"""Places of submitted tasks, in virtual time: who waits for whom, and who notices that a task has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.virtual import VirtualClock, settle
from zhipu_async.flows.places import HELD_UP_SECONDS, Holder, Places


class Task:
    """A task that ends when somebody watches it for long enough."""

    def __init__(self, room: Room, seconds: float) -> None:
        self._room = room
        self._ends = room.clock.now() + seconds
        self.watched = 0

    def watch(self) -> asyncio.Future[object]:
        self.watched += 1
        return asyncio.ensure_future(self._end())

    async def _end(self) -> object:
        await self._room.clock.sleep(self._ends - self._room.clock.now())
        self._room.end(self)
        return self


class Room:
    """A model that takes so many tasks."""

    def __init__(self) -> None:
        self.clock = VirtualClock(0.0)
        self.cap: int | None = None
        self.tasks: list[Task] = []
        self.entered: list[int] = []
        self.places = Places(self._holders, lambda _: self.cap, self.clock)

    def _holders(self, model: str) -> list[Holder]:
        assert model == "m"
        return list(self.tasks)

    def end(self, task: Task) -> None:
        self.tasks.remove(task)
        self.places.freed("m")

    async def submit(self, number: int, *, call: float = 0.1, runs: float = 100.0) -> None:
        async with self.places.place("m"):
            self.entered.append(number)
            if call:
                await self.clock.sleep(call)
            self.tasks.append(Task(self, runs))

    def go(self, count: int) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.submit(number)) for number in range(count)]


@pytest_asyncio.fixture
async def room() -> AsyncGenerator[Room]:
    room = Room()
    yield room
    await settle()
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert "zhipu_async places" not in names


async def test_without_a_cap_nobody_waits(room: Room) -> None:
    submissions = room.go(100)
    await room.clock.advance(0.2)
    assert all(submission.done() for submission in submissions)


async def test_a_cap_lets_in_as_many_as_there_is_room_for_in_their_order(room: Room) -> None:
    room.cap = 3
    submissions = room.go(7)
    await room.clock.advance(50.0)
    assert room.entered == [0, 1, 2]
    await room.clock.advance(60.0)
    assert room.entered == [0, 1, 2, 3, 4, 5]
    await room.clock.advance(110.0)
    assert all(submission.done() for submission in submissions)
    assert room.entered == list(range(7))


async def test_tasks_in_the_way_are_watched_only_while_a_submission_is_held_up(room: Room) -> None:
    await room.submit(0, call=0.0)
    (task,) = room.tasks
    assert task.watched == 0
    room.cap = 1
    submission = asyncio.create_task(room.submit(1))
    await room.clock.advance(HELD_UP_SECONDS * 3.5)
    assert task.watched == 1
    submission.cancel()
    await settle()
    assert room.clock.sleepers == 0


async def test_a_cap_that_grows_is_noticed(room: Room) -> None:
    room.cap = 1
    submissions = room.go(3)
    await room.clock.advance(5.0)
    room.cap = 3
    await room.clock.advance(HELD_UP_SECONDS * 2)
    assert all(submission.done() for submission in submissions)


async def test_whoever_is_cancelled_leaves_the_queue(room: Room) -> None:
    room.cap = 1
    submissions = room.go(3)
    await room.clock.advance(1.0)
    submissions[1].cancel()
    await room.clock.advance(110.0)
    assert room.entered == [0, 2]
    assert submissions[2].done()


async def test_a_place_granted_in_the_moment_of_a_cancellation_goes_to_the_next(room: Room) -> None:
    room.cap = 1
    submissions = room.go(3)
    await room.clock.advance(1.0)
    (task,) = room.tasks
    room.end(task)  # grants the place to the second
    submissions[1].cancel()
    await room.clock.advance(1.0)
    assert room.entered == [0, 2]


async def test_a_submission_that_fails_gives_its_place_back(room: Room) -> None:
    room.cap = 1
    with pytest.raises(RuntimeError):
        async with room.places.place("m"):
            raise RuntimeError
    await room.submit(1, call=0.0)
    assert room.entered == [1]
