"""The clocks of a stream, in time that the test moves."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from zhipu_async import Timeout
from zhipu_async.flows.watch import Watch


class Loop(asyncio.BaseEventLoop):
    """A loop whose time stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.close()  # it runs nothing
        self.now = 1000.0
        self.timers: list[tuple[float, asyncio.TimerHandle]] = []

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: object = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self)
        self.timers.append((when, timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self.timers = [(due, timer) for due, timer in self.timers if timer is not handle]

    def move(self, seconds: float) -> None:
        """Let time pass, and timers fire when they are due."""
        end = self.now + seconds
        while self.timers and min(due for due, _ in self.timers) <= end:
            due, timer = min(self.timers, key=lambda each: each[0])
            self.timers.remove((due, timer))
            self.now = max(self.now, due)
            timer._run()
        self.now = end


class Response:
    """A response that only counts how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0
        self.gone = False

    def close(self) -> None:
        self.closed += 1

    def lost(self) -> bool:
        return self.gone


class Stream:
    """An open stream and its watch."""

    def __init__(
        self,
        timeout: Timeout,
        *,
        first: float | None = None,
        clock: str = "first",
        loop: Loop | None = None,
    ) -> None:
        self.loop = loop or Loop()
        self.response = Response()
        self.permit = SimpleNamespace(idle=False)
        deadline = None if first is None else self.loop.now + first
        opened = SimpleNamespace(
            response=self.response,
            permit=self.permit,
            timeout=timeout,
            first_deadline=deadline,
            first_clock=clock,
        )
        self.watch = Watch(opened, self.loop)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def wait(self) -> None:
        """The reader waits for the network."""
        if self.watch.idle:
            self.watch.busy()
        self.watch.turn += 1

    def items(self) -> None:
        """Items have come."""
        self.watch.turn += 1


def test_the_first_clock_runs_until_the_first_item() -> None:
    stream = Stream(Timeout(first=30), first=30)
    stream.wait()
    stream.loop.move(29)
    assert stream.watch.expired is None
    stream.loop.move(1)
    expired = stream.watch.expired
    assert expired is not None
    assert (expired.clock, expired.seconds, stream.response.closed) == ("first", 30, 1)


def test_the_total_clock_is_named_when_it_is_the_nearer_one() -> None:
    stream = Stream(Timeout(total=3), first=3, clock="total")
    stream.wait()
    stream.loop.move(3)
    assert stream.watch.expired is not None
    assert stream.watch.expired.clock == "total"


def test_after_the_first_item_only_the_idle_clock_runs() -> None:
    stream = Stream(Timeout(first=5, idle=20), first=5)
    stream.wait()
    stream.loop.move(4)
    stream.items()
    stream.wait()
    stream.loop.move(19)
    assert stream.watch.expired is None
    stream.loop.move(2)
    assert stream.watch.expired is not None
    assert stream.watch.expired.clock == "idle"


def test_items_wind_the_idle_clock_and_keep_alives_do_not() -> None:
    stream = Stream(Timeout(idle=10))
    for _ in range(20):
        stream.wait()
        stream.loop.move(8)
        stream.items()
    assert stream.watch.expired is None
    stream.wait()
    stream.loop.move(12)  # keep-alives may come: the reader goes on waiting
    assert stream.watch.expired is not None


def test_a_slow_program_does_not_trip_the_idle_clock() -> None:
    stream = Stream(Timeout(idle=10))
    stream.wait()
    stream.items()
    stream.loop.move(3600)
    stream.wait()
    stream.loop.move(9)
    assert stream.watch.expired is None
    stream.items()
    stream.loop.move(3600)
    assert stream.response.closed == 0


def test_a_first_deadline_that_passed_unread_gives_a_moment_to_read() -> None:
    stream = Stream(Timeout(first=5), first=5)
    stream.loop.move(60)
    assert stream.response.closed == 0
    stream.wait()
    stream.items()
    stream.loop.move(60)
    assert stream.response.closed == 0


def test_without_limits_nothing_runs_out() -> None:
    stream = Stream(Timeout(connect=None, first=None, idle=None, total=None))
    stream.wait()
    stream.loop.move(1e5)
    stream.items()
    stream.wait()
    stream.loop.move(1e5)
    assert stream.watch.expired is None


@pytest.mark.parametrize("idle", [0.05, 1.0, 3.0, 300.0])
def test_an_overrun_is_short(idle: float) -> None:
    stream = Stream(Timeout(idle=idle))
    stream.loop.move(0.7 * idle)
    stream.wait()
    stream.items()
    stream.wait()
    stream.loop.move(idle + min(1.0, idle / 4) + 1e-6)
    assert stream.watch.expired is not None


def test_a_stream_that_nobody_reads_lends_its_place_after_a_second() -> None:
    stream = Stream(Timeout())
    stream.wait()
    stream.items()
    stream.loop.move(0.9)
    assert stream.permit.idle is False
    stream.loop.move(1.2)
    assert stream.permit.idle is True
    stream.wait()
    assert stream.permit.idle is False
    stream.loop.move(100)
    assert stream.permit.idle is False, "waiting for the network is not being idle"


def test_a_connection_that_broke_quietly_is_noticed() -> None:
    stream = Stream(Timeout())
    stream.wait()
    stream.loop.move(10)
    stream.response.gone = True
    stream.loop.move(1)
    assert stream.response.closed == 0, "it may be how the body ends"
    stream.loop.move(0.1)
    assert stream.response.closed == 1
    assert stream.watch.expired is None


def test_a_body_that_ends_with_its_connection_is_not_taken_for_a_broken_one() -> None:
    stream = Stream(Timeout())
    stream.wait()
    stream.items()
    stream.wait()
    stream.response.gone = True  # for one turn of the loop, just when the look falls
    stream.loop.move(1)
    stream.response.gone = False
    stream.loop.move(5)
    assert stream.response.closed == 0
    stream.response.gone = True  # an earlier suspicion is forgotten
    stream.loop.move(1)
    stream.response.gone = False
    stream.loop.move(5)
    assert stream.response.closed == 0


def test_the_timer_ends_with_the_last_stream() -> None:
    stream = Stream(Timeout())
    other = Stream(Timeout(), loop=stream.loop)
    stream.loop.move(5)
    stream.watch.stop()
    stream.loop.move(5)
    assert len(stream.loop.timers) == 1
    other.watch.stop()
    stream.loop.move(1)
    assert stream.loop.timers == []


def test_a_thousand_streams_share_one_timer_whenever_they_were_opened() -> None:
    loop = Loop()
    looks = 0
    streams: list[Stream] = []
    for _ in range(1000):
        streams.append(Stream(Timeout(first=5), first=5, loop=loop))
        loop.move(0.001)
    for stream in streams:
        stream.wait()
        stream.items()
        stream.wait()
    while loop.now < 1011:
        looks += 1
        loop.move(max(0.0, loop.timers[0][0] - loop.now))
        assert len(loop.timers) == 1
    assert looks <= 12, "one a second"
    assert not any(stream.response.closed for stream in streams)


def test_each_stream_of_a_loop_has_its_own_clocks() -> None:
    loop = Loop()
    quick = Stream(Timeout(first=0.3), first=0.3, loop=loop)
    loop.move(0.1)
    slow = Stream(Timeout(first=0.5), first=0.5, loop=loop)
    for stream in (quick, slow):
        stream.wait()
    loop.move(0.25)
    assert (quick.response.closed, slow.response.closed) == (1, 0)
    loop.move(0.3)
    assert (quick.response.closed, slow.response.closed) == (1, 1)
    assert loop.timers == []


def test_a_loop_that_is_gone_is_forgotten() -> None:
    loop = weakref.ref(Stream(Timeout()).loop)
    Stream(Timeout())
    gc.collect()
    assert loop() is None


def test_it_costs_one_timer_a_second() -> None:
    stream = Stream(Timeout())
    stream.wait()
    stream.loop.move(1000)
    assert len(stream.loop.timers) == 1
