"""Statuses, intervals, budgets and due times, in numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from zhipu_async import errors
from zhipu_async.protocol import schedule
from zhipu_async.protocol.schedule import (
    Agenda,
    Pace,
    Phase,
    PollBudget,
    Rhythm,
    forgives,
    is_refusal,
    phase_of,
)

VIDEO = Pace(first=10.0, shortest=3.0, longest=20.0)
MIDDLE = 0.5  # the random number that means "no jitter"


@pytest.mark.parametrize(
    "status", ["FAIL", "FAILED", "fail", "Failed", "failed", "FAILURE", "expired", "cancelled"]
)
def test_every_spelling_of_failure_is_one(status: str) -> None:
    assert phase_of(status) is Phase.FAILED


@pytest.mark.parametrize("status", ["SUCCESS", "success", "Succeeded", "completed", " SUCCESS "])
def test_every_spelling_of_success_is_one(status: str) -> None:
    assert phase_of(status) is Phase.SUCCEEDED


@pytest.mark.parametrize(
    "status", ["PROCESSING", "pending", "in_progress", "In Progress", "in-progress", "validating"]
)
def test_every_spelling_of_running_is_one(status: str) -> None:
    assert phase_of(status) is Phase.RUNNING


def test_a_missing_status_beside_a_result_is_success() -> None:
    assert phase_of("", has_result=True) is Phase.SUCCEEDED


def test_a_missing_status_without_a_result_is_unknown() -> None:
    assert phase_of("") is Phase.UNKNOWN


def test_a_word_that_no_page_names_is_unknown_also_beside_a_result() -> None:
    assert phase_of("SIMMERING", has_result=True) is Phase.UNKNOWN


def test_the_first_look_comes_at_the_typical_time() -> None:
    assert Rhythm(VIDEO).next(0.0, MIDDLE) == pytest.approx(10.0)


def test_first_looks_of_one_moment_spread_both_ways() -> None:
    rhythm = Rhythm(VIDEO)
    assert rhythm.next(0.0, 0.0) == pytest.approx(6.0)
    assert rhythm.next(0.0, 0.999) == pytest.approx(14.0, rel=0.01)


def test_a_look_before_the_typical_time_is_followed_by_one_near_it() -> None:
    assert Rhythm(VIDEO).next(5.0, MIDDLE) == pytest.approx(5.0)


def test_intervals_grow_with_the_age_of_the_task_between_their_bounds() -> None:
    rhythm = Rhythm(VIDEO)
    assert [rhythm.next(age, MIDDLE) for age in (12.0, 50.0, 1000.0)] == pytest.approx([3.0, 10.0, 20.0])


def test_the_first_look_moves_to_where_tasks_become_ready() -> None:
    rhythm = Rhythm(VIDEO)
    for _ in range(200):
        rhythm.learn(100.0)
    assert rhythm.first == pytest.approx(80.0, rel=0.1)


def test_the_first_look_follows_tasks_that_became_quick() -> None:
    rhythm = Rhythm(VIDEO)
    for _ in range(200):
        rhythm.learn(1.0)
    assert rhythm.first == VIDEO.shortest


def test_one_task_that_took_an_hour_moves_the_first_look_only_a_little() -> None:
    rhythm = Rhythm(VIDEO)
    rhythm.learn(3600.0)
    assert rhythm.first < 11.0


def test_a_scale_shrinks_all_intervals_alike() -> None:
    rhythm = Rhythm(VIDEO, scale=0.01)
    assert rhythm.next(0.0, MIDDLE) == pytest.approx(0.1)
    assert rhythm.next(1000.0, MIDDLE) == pytest.approx(0.2)


@given(
    age=some.floats(0, 1e6),
    drawn=some.floats(0, 1, exclude_max=True),
    seen=some.lists(some.floats(0.001, 1e5), max_size=20),
)
def test_intervals_are_never_shorter_than_the_shortest_less_jitter(
    age: float, drawn: float, seen: list[float]
) -> None:
    rhythm = Rhythm(VIDEO)
    for seconds in seen:
        rhythm.learn(seconds)
    assert rhythm.next(age, drawn) >= VIDEO.shortest * (1 - schedule.JITTER) * 0.999


def taken_at(budget: PollBudget, now: float) -> int:
    polls = 0
    while budget.allows(now):
        budget.spend()
        polls += 1
    return polls


def test_the_budget_allows_its_rate_and_no_burst() -> None:
    budget = PollBudget(100.0)
    taken = [taken_at(budget, step / 10) for step in range(11)]
    assert taken[0] == 10
    assert sum(taken) == pytest.approx(110, abs=5)


def test_the_budget_says_when_the_next_poll_may_go() -> None:
    budget = PollBudget(2.0)
    assert budget.ready_in(0.0) == 0.0
    assert budget.allows(0.0)
    budget.spend()
    assert budget.ready_in(0.0) == pytest.approx(0.5)
    assert budget.ready_in(0.5) == 0.0


def test_a_large_budget_is_waited_for_until_a_handful_of_polls_may_go() -> None:
    budget = PollBudget(200.0)
    assert taken_at(budget, 0.0) == 20
    pause = budget.ready_in(0.0)
    assert pause == pytest.approx(0.025)
    assert taken_at(budget, pause) == 5


def test_a_burst_of_refusals_halves_the_budget_once() -> None:
    budget = PollBudget(100.0)
    for _ in range(64):
        budget.refused(1.0)
    assert budget.rate == 50.0


def test_refusals_do_not_stop_the_polls_for_good() -> None:
    budget = PollBudget(100.0)
    for second in range(100):
        budget.refused(float(second))
    assert budget.rate == schedule.SLOWEST_BUDGET


def test_a_budget_below_the_slowest_stays_as_it_was_set() -> None:
    budget = PollBudget(0.5)
    budget.refused(10.0)
    assert budget.rate == 0.5


def test_answers_give_the_budget_back_up_to_its_full_size() -> None:
    budget = PollBudget(100.0)
    budget.refused(5.0)
    for _ in range(10):
        budget.answered()
    assert budget.rate == pytest.approx(70.0)
    for _ in range(100):
        budget.answered()
    assert budget.rate == 100.0


def test_items_come_out_in_the_order_of_their_times() -> None:
    agenda: Agenda[str] = Agenda()
    for item, due in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        agenda.put(item, due)
    assert [agenda.pop_due(9.0) for _ in range(4)] == ["early", "middle", "late", None]


def test_nothing_comes_out_before_its_time() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("task", 5.0)
    assert agenda.pop_due(4.9) is None
    assert agenda.next_due() == 5.0
    assert agenda.pop_due(5.0) == "task"
    assert agenda.next_due() is None


def test_an_item_put_again_stands_at_its_new_time_only() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("task", 1.0)
    agenda.put("task", 5.0)
    assert len(agenda) == 1
    assert agenda.next_due() == 5.0
    assert agenda.pop_due(2.0) is None
    assert agenda.pop_due(5.0) == "task"
    assert "task" not in agenda


def test_nothing_is_due_after_the_only_item_was_dropped() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("task", 1.0)
    agenda.drop("task")
    assert agenda.next_due() is None


def test_a_dropped_item_never_comes_out() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("task", 1.0)
    agenda.drop("task")
    agenda.drop("never there")
    assert agenda.pop_due(9.0) is None


def test_a_long_life_of_dropped_items_does_not_grow_the_heap() -> None:
    agenda: Agenda[int] = Agenda()
    agenda.put(-1, 0.0)
    for item in range(10_000):
        agenda.put(item, 1e9)
        agenda.drop(item)
    assert len(agenda) == 1
    assert len(vars(agenda)["_heap"]) < 200
    assert agenda.pop_due(0.0) == -1


@given(some.lists(some.tuples(some.integers(0, 20), some.one_of(some.none(), some.floats(0, 100)))))
def test_the_agenda_agrees_with_a_dictionary(steps: list[tuple[int, float | None]]) -> None:
    agenda: Agenda[int] = Agenda()
    model: dict[int, float] = {}
    for item, due in steps:
        if due is None:
            agenda.drop(item)
            model.pop(item, None)
        else:
            agenda.put(item, due)
            model[item] = due
    out: list[int] = []
    while (popped := agenda.pop_due(100.0)) is not None:
        out.append(popped)
    assert sorted(out) == sorted(model)
    assert [model[item] for item in out] == sorted(model.values())


@pytest.mark.parametrize(
    "error",
    [
        errors.APIConnectionError("reset"),
        errors.APITimeoutError(clock="first", seconds=1),
        errors.APIResponseError("html"),
        errors.InternalServerError(status=502),
        errors.ConcurrencyLimit(code="1302", status=429),
        errors.OverloadedError(code="1305", status=429),
    ],
)
def test_trouble_on_the_way_is_waited_out_but_not_for_ever(error: errors.APIError) -> None:
    assert forgives(error, failing_for=60.0)
    assert not forgives(error, failing_for=schedule.FORGIVEN_SECONDS)


@pytest.mark.parametrize(
    "error", [errors.NotFoundError(status=404), errors.BadRequestError(code="1214", status=400)]
)
def test_a_task_may_be_unknown_for_a_while(error: errors.APIError) -> None:
    assert forgives(error, failing_for=0.0)
    assert forgives(error, failing_for=60.0, unseen=2)
    assert not forgives(error, failing_for=60.0, unseen=3)


@pytest.mark.parametrize(
    "error", [errors.AuthenticationError(status=401), errors.AccountError(code="1113"), OSError()]
)
def test_what_only_a_human_can_cure_ends_the_wait(error: Exception) -> None:
    assert not forgives(error, failing_for=0.0)


def test_only_limits_ask_for_fewer_polls() -> None:
    assert is_refusal(errors.ConcurrencyLimit(code="1302"))
    assert is_refusal(errors.OverloadedError(code="1305"))
    assert not is_refusal(errors.QuotaExhausted(code="1308"))
    assert not is_refusal(errors.InternalServerError(status=500))
