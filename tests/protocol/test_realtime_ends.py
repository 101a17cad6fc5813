"""How connections end, which ends are worth another try, and how long between tries."""

from __future__ import annotations

import pytest

from zhipu_async.errors import InvalidArgument, RealtimeClosed, RealtimeError, RealtimeRefused, TurnStalled
from zhipu_async.protocol.realtime_ends import Outages, Reconnect, as_closed, closed, worth_retrying
from zhipu_async.protocol.realtime_timing import Patience, Timer, Timers

CUT = closed(1006, "", "network")


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 1012, 1013])
def test_ends_that_nobody_meant_are_worth_another_try(code: int) -> None:
    assert worth_retrying(closed(code, "", "platform"))


@pytest.mark.parametrize("code", [1000, 1002, 1003, 1007, 1008, 1009, 1010, 4000])
def test_ends_that_were_meant_or_are_our_fault_are_final(code: int) -> None:
    assert not worth_retrying(closed(code, "", "platform"))


def test_our_own_end_is_final() -> None:
    assert not worth_retrying(closed(1011, "", "ours"))


@pytest.mark.parametrize(
    ("status", "again"), [(401, False), (403, False), (404, False), (429, True), (503, True)]
)
def test_a_refused_key_is_final_and_a_busy_platform_is_not(status: int, again: bool) -> None:
    assert worth_retrying(RealtimeRefused(status=status)) is again


def test_a_platform_that_hung_while_setting_up_is_worth_another_try() -> None:
    assert worth_retrying(TurnStalled())
    assert not worth_retrying(RealtimeError("something else"))


def test_an_end_says_what_its_code_means() -> None:
    assert str(closed(1011, "boom", "platform")) == (
        "The realtime connection has ended with 1011, an internal error of the platform: boom."
    )
    assert "smaller" in closed(1009, "", "platform").hint
    assert "an unknown code" in str(closed(4000, "", "platform"))


def test_whatever_killed_a_session_its_calls_raise_that_it_is_closed() -> None:
    assert as_closed(CUT) is CUT
    assert isinstance(as_closed(TurnStalled("hung")), RealtimeClosed)


def full() -> float:
    return 1.0


def test_delays_grow_and_are_given_up() -> None:
    outages = Outages(Reconnect())
    delays = [outages.failed(CUT, 0.0, full) for _ in range(7)]
    assert delays == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, None]


def test_delays_are_drawn_at_random() -> None:
    assert Outages(Reconnect()).failed(CUT, 0.0, lambda: 0.5) == 0.125


def test_after_long_enough_it_is_given_up() -> None:
    outages = Outages(Reconnect())
    assert outages.failed(CUT, 100.0, full) == 0.25
    assert outages.failed(CUT, 129.0, full) == 0.5
    assert outages.failed(CUT, 130.0, full) is None


def test_without_a_policy_or_a_hope_nothing_is_tried() -> None:
    assert Outages(None).failed(CUT, 0.0, full) is None
    assert Outages(Reconnect()).failed(RealtimeRefused(status=401), 0.0, full) is None


def test_only_a_connection_that_held_starts_the_count_anew() -> None:
    outages = Outages(Reconnect())
    outages.failed(CUT, 0.0, full)
    outages.ready(1.0)
    assert outages.failed(CUT, 5.0, full) == 0.5
    outages.ready(6.0)
    assert outages.failed(CUT, 16.0, full) == 0.25


def test_a_planned_change_dials_at_once_and_says_so() -> None:
    outages = Outages(Reconnect())
    outages.plan(10.0)
    assert outages.failed(closed(1000, "", "ours"), 10.0, full) == 0.0
    outages.ready(10.5)
    outages.lost_response = "r"
    report = outages.report(10.5, restored_items=1, lost_items=2, lost_audio_ms=3)
    assert (report.attempt, report.downtime, report.planned, report.lost_response) == (1, 0.5, True, "r")
    assert not report.same_history
    again = outages.report(10.5, restored_items=0, lost_items=0, lost_audio_ms=0)
    assert (again.planned, again.lost_response) == (False, "")


def test_a_policy_needs_delays() -> None:
    for delays in ((), (-1.0,)):
        with pytest.raises(InvalidArgument):
            Reconnect(delays=delays)


def test_waits_expire_in_order_and_can_be_stopped() -> None:
    timers = Timers(Patience(answer=5.0, cancel=1.0))
    assert timers.next() is None
    timers.start(Timer.ANSWER, 0.0)
    timers.start(Timer.CANCEL, 0.0)
    timers.start(Timer.PONG, 0.0)
    timers.stop(Timer.PONG, Timer.SETUP)
    assert timers.next() == 1.0
    assert timers.expired(5.0) == [Timer.CANCEL, Timer.ANSWER]
    timers.start(Timer.ANSWER, 0.0)
    timers.clear()
    assert timers.expired(99.0) == []


@pytest.mark.parametrize("timer", list(Timer))
def test_every_wait_has_its_patience(timer: Timer) -> None:
    assert Patience().seconds(timer) > 0
