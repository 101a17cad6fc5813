"""One lane: who may enter, and what its answers teach."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from zhipu_async.protocol.limits import (
    ACCEPTED,
    ALONE_PAUSE_SECONDS,
    FIRST_PAUSE_SECONDS,
    LEARNED_START,
    LONGEST_PAUSE_SECONDS,
    OVERLOAD_PAUSE_SECONDS,
    PROBE_ROUNDS,
    UNLIMITED,
    Lane,
    Ticket,
)


def fill(lane: Lane, now: float = 0.0) -> list[Ticket]:
    tickets: list[Ticket] = []
    while ticket := lane.enter(now):
        tickets.append(ticket)
    return tickets


def succeed(lane: Lane, count: int, now: float = 100.0) -> None:
    """`count` requests one after another, while others wait."""
    for _ in range(count):
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, ACCEPTED, now, waiting=True)


def refused_lane(cap: int = 3) -> Lane:
    """A lane that has just learned its cap from a burst, and is open again at 100."""
    lane = Lane()
    tickets = fill(lane)
    for ticket in tickets[cap:]:
        lane.leave(ticket, "1302", 0.1, waiting=True)
    for ticket in tickets[:cap]:
        lane.leave(ticket, ACCEPTED, 1.0, waiting=True)
    return lane


def test_a_new_lane_lets_eight_in() -> None:
    assert len(fill(Lane())) == LEARNED_START == 8


def test_a_place_given_back_is_free_again() -> None:
    lane = Lane(start=1, ceiling=1)
    ticket = lane.enter(0)
    assert ticket is not None
    assert lane.enter(0) is None
    lane.leave(ticket, ACCEPTED, 1, waiting=False)
    assert lane.enter(1) is not None


def test_a_full_lane_grows_by_one_with_each_success() -> None:
    lane = Lane()
    for ticket in fill(lane):
        lane.leave(ticket, ACCEPTED, 1, waiting=True)
    assert lane.cap == 16


def test_a_lane_that_is_never_full_proves_nothing() -> None:
    lane = Lane()
    for now in range(100):
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, ACCEPTED, now + 0.5, waiting=False)
    assert lane.cap == LEARNED_START


def test_a_configured_cap_is_never_exceeded() -> None:
    lane = Lane(start=5, ceiling=5)
    succeed(lane, 100)
    assert lane.cap == 5


def test_a_burst_finds_the_cap_from_what_was_accepted() -> None:
    assert refused_lane(3).cap == 3
    assert refused_lane(1).cap == 1


def test_a_burst_finds_the_cap_when_the_accepted_ones_end_first() -> None:
    lane = Lane()
    tickets = fill(lane)
    for ticket in tickets[:3]:
        lane.leave(ticket, ACCEPTED, 0.1, waiting=False)
    for ticket in tickets[3:]:
        lane.leave(ticket, "1302", 0.2, waiting=False)
    assert lane.cap == 3


def test_a_lane_far_below_its_cap_falls_to_what_was_in_flight() -> None:
    lane = Lane(start=50, ceiling=50)
    tickets = [lane.enter(0) for _ in range(5)]
    assert tickets[-1] is not None
    lane.leave(tickets[-1], "1302", 0.1, waiting=False)
    assert lane.cap == 4


def test_the_cap_never_falls_below_one() -> None:
    lane = Lane()
    for now in range(0, 1000, 100):
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, "1303", now, waiting=True)
    assert lane.cap == 1


def test_refusals_that_follow_a_cut_lower_the_cap_ever_faster() -> None:
    lane = Lane(start=50, ceiling=50)
    tickets = fill(lane)
    caps: list[int] = []
    now = 0.0
    while lane.cap > 6:
        now += 100
        while lane.in_flight >= lane.cap:
            lane.leave(tickets.pop(), "", now, waiting=True)
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, "1302", now, waiting=True)
        caps.append(lane.cap)
    assert caps == [49, 47, 43, 35, 19, 10, 5]


def test_a_refusal_closes_the_lane_for_everybody() -> None:
    lane = Lane()
    first, second = lane.enter(0), lane.enter(0)
    assert first is not None
    lane.leave(first, "1302", 1, waiting=True)
    assert second is not None
    assert lane.closed_until == 1 + FIRST_PAUSE_SECONDS
    assert lane.enter(1.04) is None
    lane.leave(second, ACCEPTED, 1.06, waiting=True)
    assert lane.enter(1.11) is not None


def test_a_lane_refused_with_nothing_else_in_flight_closes_for_longer_each_time() -> None:
    lane = Lane()
    pauses: list[float] = []
    now = 0.0
    for _ in range(8):
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, "1302", now, waiting=True)
        pauses.append(lane.closed_until - now)
        now = lane.closed_until
    assert pauses == [ALONE_PAUSE_SECONDS * 2**n for n in range(4)] + [LONGEST_PAUSE_SECONDS] * 4


def test_the_pause_after_a_refusal_fits_the_length_of_the_requests() -> None:
    def pause(seconds: float) -> float:
        lane = Lane(start=2)
        first = lane.enter(0)
        assert first is not None
        lane.leave(first, ACCEPTED, seconds, waiting=False)
        lane.enter(1000)
        refused = lane.enter(1000)
        assert refused is not None
        lane.leave(refused, "1302", 1000, waiting=False)
        return lane.closed_until - 1000

    assert [pause(0.001), pause(0.4), pause(600)] == pytest.approx([0.005, 0.1, 1.0])


def test_at_a_known_limit_one_more_is_tried_after_some_rounds() -> None:
    lane = refused_lane(3)
    needed = 3 * PROBE_ROUNDS
    succeed(lane, needed - 1)
    assert lane.cap == 3
    succeed(lane, 1)
    assert lane.cap == 4


def probe_and_be_refused(lane: Lane, now: float) -> int:
    """How many successes it took until the lane tried one more."""
    before, count = lane.cap, 0
    while lane.cap == before:
        succeed(lane, 1, now)
        count += 1
    *accepted, refused = fill(lane, now)
    lane.leave(refused, "1302", now, waiting=True)
    for ticket in accepted:
        lane.leave(ticket, "", now, waiting=True)
    return count


def test_a_limit_that_stays_is_tried_less_and_less_often() -> None:
    lane = refused_lane(1)
    found = [probe_and_be_refused(lane, now) for now in (100, 200, 300, 400)]
    assert found == [10, 20, 20, 20]


def test_a_limit_that_has_gone_is_left_behind_quickly() -> None:
    lane = refused_lane(1)
    succeed(lane, 10)
    caps: list[int] = []
    for _ in range(100):
        succeed(lane, 1)
        caps.append(lane.cap)
    assert caps[1] == 3
    assert caps[-1] >= 50


def test_growth_stops_at_the_ceiling() -> None:
    lane = Lane(start=6, ceiling=6)
    tickets = fill(lane)
    lane.leave(tickets.pop(), "1302", 0, waiting=True)
    for ticket in tickets:
        lane.leave(ticket, ACCEPTED, 1, waiting=True)
    succeed(lane, 1000)
    assert lane.cap == 6


def test_what_began_before_a_cut_proves_nothing_about_the_new_cap() -> None:
    lane = Lane()
    tickets = fill(lane)
    lane.leave(tickets.pop(), "1302", 0, waiting=True)
    for ticket in tickets:
        lane.leave(ticket, ACCEPTED, 1, waiting=True)
    assert lane.cap == 7


@pytest.mark.parametrize(
    "code", ["1113", "1301", "1308", "1214", "1304", "1701", "500", "429", "", "unheard"]
)
def test_no_other_refusal_teaches_the_lane_anything(code: str) -> None:
    lane = Lane()
    for ticket in fill(lane):
        lane.leave(ticket, code, 0, waiting=True)
    assert lane.cap == LEARNED_START
    assert len(fill(lane)) == LEARNED_START


def test_one_overload_holds_back_nobody() -> None:
    lane = Lane()
    ticket = lane.enter(0)
    assert ticket is not None
    lane.leave(ticket, "1305", 0, waiting=True)
    assert lane.enter(0) is not None
    assert lane.cap == LEARNED_START


@pytest.mark.parametrize(("gap", "held"), [(9.0, True), (11.0, False)])
def test_two_overloads_within_ten_seconds_hold_back_the_others(gap: float, held: bool) -> None:
    lane = Lane()
    first, second = lane.enter(0), lane.enter(0)
    assert first is not None
    assert second is not None
    lane.leave(first, "1305", 0, waiting=True)
    lane.leave(second, "1312", gap, waiting=True)
    assert (lane.enter(gap) is None) is held
    assert lane.enter(gap + OVERLOAD_PAUSE_SECONDS) is not None
    assert lane.cap == LEARNED_START


def test_overloads_hold_back_nobody_where_no_model_is_meant() -> None:
    lane = Lane(start=UNLIMITED, ceiling=UNLIMITED, of_one_model=False)
    for now in range(5):
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, "1305", now, waiting=True)
    assert lane.enter(5) is not None


def test_pauses_do_not_grow_where_no_model_is_meant() -> None:
    lane = Lane(start=UNLIMITED, ceiling=UNLIMITED, of_one_model=False)
    now = 0.0
    for _ in range(10):
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, "1302", now, waiting=True)
        assert lane.closed_until == now + ALONE_PAUSE_SECONDS
        now = lane.closed_until


def test_submissions_are_unlimited_until_one_is_refused() -> None:
    lane = Lane(start=UNLIMITED, ceiling=UNLIMITED)
    tickets = [lane.enter(0) for _ in range(1000)]
    last = tickets.pop()
    assert last is not None
    lane.leave(last, "1302", 0, waiting=False)
    assert lane.cap == 999


def test_when_all_places_are_idle_one_may_pass() -> None:
    lane = Lane(start=2, ceiling=2)
    tickets = fill(lane)
    lane.mark_idle(tickets[0], True)
    assert lane.enter(0) is None
    lane.mark_idle(tickets[1], True)
    assert lane.enter(0) is not None
    assert lane.enter(0) is None


def test_one_after_the_other_passes_while_all_are_idle() -> None:
    lane = Lane(start=1, ceiling=1)
    (stream,) = fill(lane)
    lane.mark_idle(stream, True)
    for now in range(3):
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, ACCEPTED, now, waiting=True)
    assert lane.in_flight == 1


def test_a_stream_inside_a_stream_inside_a_stream_does_not_wait_for_ever() -> None:
    lane = Lane(start=1, ceiling=1)
    for _ in range(3):
        stream = lane.enter(0)
        assert stream is not None
        lane.mark_idle(stream, True)


def test_a_stream_that_is_read_again_is_not_idle() -> None:
    lane = Lane(start=1, ceiling=1)
    (stream,) = fill(lane)
    lane.mark_idle(stream, True)
    lane.mark_idle(stream, True)
    lane.mark_idle(stream, False)
    assert lane.enter(0) is None


def test_an_idle_stream_that_ends_is_forgotten() -> None:
    lane = Lane(start=1, ceiling=1)
    (stream,) = fill(lane)
    lane.mark_idle(stream, True)
    lane.leave(stream, ACCEPTED, 1, waiting=False)
    assert len(fill(lane, 1)) == 1


def test_a_refusal_beyond_the_cap_does_not_lower_it() -> None:
    lane = Lane(start=2, ceiling=2)
    for ticket in fill(lane):
        lane.mark_idle(ticket, True)
    beyond = lane.enter(0)
    assert beyond is not None
    lane.leave(beyond, "1302", 0, waiting=True)
    assert lane.cap == 2


class LaneMachine(RuleBasedStateMachine):
    """Any order of entering, leaving, idling and waiting keeps a lane sane."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane(ceiling=64)
        self.tickets: list[Ticket] = []
        self.now = 0.0

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def enter(self) -> None:
        idle = sum(ticket.idle for ticket in self.tickets)
        ticket = self.lane.enter(self.now)
        if ticket is not None:
            assert self.now >= self.lane.closed_until
            assert len(self.tickets) < self.lane.cap or idle == len(self.tickets)
            self.tickets.append(ticket)

    @precondition(lambda self: bool(self.tickets))
    @rule(
        which=st.integers(0, 1000),
        answer=st.sampled_from([ACCEPTED, ACCEPTED, "1302", "1303", "1305", "1113", ""]),
        waiting=st.booleans(),
    )
    def leave(self, which: int, answer: str, waiting: bool) -> None:
        ticket = self.tickets.pop(which % len(self.tickets))
        self.lane.leave(ticket, answer, self.now, waiting=waiting)

    @precondition(lambda self: bool(self.tickets))
    @rule(which=st.integers(0, 1000), idle=st.booleans())
    def mark(self, which: int, idle: bool) -> None:
        self.lane.mark_idle(self.tickets[which % len(self.tickets)], idle)

    @invariant()
    def counts_are_right(self) -> None:
        assert self.lane.in_flight == len(self.tickets)
        assert 1 <= self.lane.cap <= 64
        assert self.lane.closed_until <= self.now + LONGEST_PAUSE_SECONDS


TestAnyOrder = LaneMachine.TestCase


@given(answers=st.lists(st.sampled_from(["1302", ACCEPTED, "1305"]), max_size=60))
def test_a_lane_always_opens_again(answers: list[str]) -> None:
    lane = Lane()
    now = 0.0
    for answer in answers:
        now = max(now, lane.closed_until)
        ticket = lane.enter(now)
        assert ticket is not None
        lane.leave(ticket, answer, now, waiting=True)
