"""Retries: what happens after each kind of failure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhipu_async.protocol import retry
from zhipu_async.protocol.codes import FINAGENT, PLATFORM, STATUSES, look_up
from zhipu_async.protocol.endpoint import Replay
from zhipu_async.protocol.retry import (
    Again,
    Failure,
    GiveUp,
    PerhapsDone,
    Policy,
    Retries,
    Stage,
    Verdict,
    retry_after_seconds,
    should_retry,
)

WALL = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
NOT_SENT = Failure(Stage.NOT_SENT)
LOST = Failure(Stage.LOST)
UNREADABLE = Failure(Stage.UNREADABLE)


def refused(code: str = "", status: int = 429, retry_after: float | None = None) -> Failure:
    return Failure(Stage.REFUSED, look_up(status, code), retry_after)


def story(
    replay: Replay = Replay.COSTLY,
    *,
    max_retries: int = 3,
    patience: float = 0.0,
    can_renew: bool = False,
    luck: float = 0.5,
) -> Retries:
    return Retries(Policy(max_retries, patience), replay, lambda: luck, can_renew=can_renew)


def verdicts(retries: Retries, failure: Failure, count: int) -> list[Verdict]:
    return [retries.after(failure, None) for _ in range(count)]


def attempts(retries: Retries, failure: Failure) -> int:
    """How often the platform sees a request that fails like this each time."""
    sent = 1
    while isinstance(retries.after(failure, None), Again):
        sent += 1
    return sent


@pytest.mark.parametrize("replay", Replay)
def test_a_connection_that_never_opened_is_tried_again_for_everything(replay: Replay) -> None:
    assert attempts(story(replay), NOT_SENT) == 4


def test_no_retries_means_none() -> None:
    assert attempts(story(Replay.SAFE, max_retries=0), NOT_SENT) == 1


def test_a_read_may_be_repeated_after_any_loss() -> None:
    assert attempts(story(Replay.SAFE), LOST) == 4
    assert attempts(story(Replay.SAFE), UNREADABLE) == 4


def test_what_costs_money_is_resent_once_after_a_lost_answer() -> None:
    retries = story(Replay.COSTLY)
    first, second = verdicts(retries, LOST, 2)
    assert isinstance(first, Again)
    assert isinstance(second, GiveUp)
    assert "billed" in second.why


@pytest.mark.parametrize("failure", [LOST, refused("", 500), refused("", 503), refused("", 504)])
def test_long_billed_work_is_not_sent_again_when_nobody_says_how_it_went(failure: Failure) -> None:
    verdict = story(Replay.BILLED).after(failure, None)
    assert isinstance(verdict, GiveUp)
    assert "billed" in verdict.why


def test_long_billed_work_is_sent_again_when_the_service_says_that_it_failed() -> None:
    failed = Failure(Stage.REFUSED, look_up(200, "1006", table=FINAGENT))
    assert attempts(story(Replay.BILLED), failed) == 4
    assert attempts(story(Replay.BILLED), refused("1302")) == 4


def test_what_costs_money_is_not_paid_again_for_an_answer_that_cannot_be_read() -> None:
    assert story(Replay.COSTLY).after(UNREADABLE, None) == GiveUp()


@pytest.mark.parametrize("failure", [LOST, UNREADABLE], ids=["lost", "unreadable"])
def test_a_submission_whose_answer_is_gone_may_have_been_accepted(failure: Failure) -> None:
    assert story(Replay.ONCE).after(failure, None) == PerhapsDone()


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, ""), (502, ""), (504, ""), (599, ""), (408, ""), (500, "1230"), (500, "1234"), (200, "1200")],
)
def test_a_submission_met_by_a_failing_platform_may_have_been_accepted(status: int, code: str) -> None:
    assert story(Replay.ONCE).after(refused(code, status), None) == PerhapsDone()


@pytest.mark.parametrize("code", ["1302", "1303"])
def test_a_submission_refused_for_our_own_load_is_sent_again(code: str) -> None:
    assert attempts(story(Replay.ONCE), refused(code)) == 4


@pytest.mark.parametrize("code", ["1305", "1312"])
def test_a_submission_refused_for_overload_is_sent_again_on_request(code: str) -> None:
    assert attempts(story(Replay.ONCE), refused(code)) == 1
    assert attempts(story(Replay.ONCE, patience=60), refused(code)) > 1


@pytest.mark.parametrize(("status", "code"), [(429, ""), (409, ""), (429, "1120"), (200, "1701")])
def test_a_submission_is_not_sent_again_after_any_other_passing_refusal(status: int, code: str) -> None:
    assert story(Replay.ONCE).after(refused(code, status), None) == GiveUp()
    assert isinstance(story(Replay.COSTLY).after(refused(code, status), None), Again)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_failing_platform_is_asked_again(status: int) -> None:
    assert attempts(story(), refused("", status)) == 4


@pytest.mark.parametrize("code", ["1113", "1214", "1301", "1308", "1000", "1309"])
def test_a_final_refusal_is_final(code: str) -> None:
    assert story(Replay.SAFE).after(refused(code), None) == GiveUp()


def test_pauses_grow_and_are_random_from_zero_up() -> None:
    def delays(luck: float) -> list[float]:
        found = verdicts(story(max_retries=6, luck=luck), NOT_SENT, 6)
        return [verdict.delay for verdict in found if isinstance(verdict, Again)]

    assert delays(1.0) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert delays(0.0) == [0.0] * 6


def test_a_thousand_retries_do_not_overflow() -> None:
    assert attempts(story(Replay.SAFE, max_retries=2000), NOT_SENT) == 2001


def test_the_platforms_own_wish_for_a_pause_is_the_least_we_wait() -> None:
    verdict = story(luck=0.5).after(refused("1302", retry_after=7.0), None)
    assert verdict == Again(7.05)


def test_a_pause_that_outlasts_the_total_is_not_begun() -> None:
    verdict = story().after(refused("1302", retry_after=7.0), 6.0)
    assert isinstance(verdict, GiveUp)
    assert "'total'" in verdict.why


def test_a_pause_that_fits_into_the_total_is_made() -> None:
    assert story().after(refused("1302", retry_after=5.0), 6.0) == Again(5.05)


def test_a_pause_of_hours_is_not_made_even_without_a_total() -> None:
    verdict = story().after(refused("1302", retry_after=86_400.0), None)
    assert isinstance(verdict, GiveUp)
    assert "86400 s" in verdict.why


def test_a_spent_total_ends_it() -> None:
    assert isinstance(story(luck=0.0).after(NOT_SENT, 0.0), GiveUp)


def test_a_submission_says_what_it_is_also_when_the_total_is_spent() -> None:
    assert story(Replay.ONCE).after(LOST, 0.0) == PerhapsDone()


def test_overload_fails_fast_unless_patience_was_asked_for() -> None:
    assert story().after(refused("1305"), None) == GiveUp()


def test_patience_waits_in_long_steps_and_ends_when_it_is_used_up() -> None:
    found = verdicts(story(patience=200, luck=1.0), refused("1305"), 5)
    assert found == [Again(30.0), Again(60.0), Again(90.0), Again(20.0), GiveUp()]


def test_steps_of_patience_never_grow_beyond_two_minutes() -> None:
    found = verdicts(story(patience=10_000, luck=1.0), refused("1312"), 6)
    assert found[-1] == Again(120.0)


def test_patience_leaves_the_ordinary_retries_alone() -> None:
    retries = story(max_retries=1, patience=100)
    verdicts(retries, refused("1305"), 2)
    assert isinstance(retries.after(NOT_SENT, None), Again)


def test_patience_does_not_come_back_before_the_platform_said() -> None:
    assert story(patience=100).after(refused("1305", retry_after=80.0), None) == Again(80.0)
    assert story(patience=50).after(refused("1305", retry_after=80.0), None) == GiveUp()


@pytest.mark.parametrize("replay", Replay)
@pytest.mark.parametrize("code", ["1003", "1004"])
def test_an_expired_token_is_renewed_once(code: str, replay: Replay) -> None:
    retries = story(replay, can_renew=True, max_retries=0)
    assert verdicts(retries, refused(code, 401), 2) == [Again(0.0, renew_token=True), GiveUp()]


def test_a_key_cannot_be_renewed() -> None:
    assert story().after(refused("1003", 401), None) == GiveUp()


def test_a_known_request_id_is_the_callers_mistake_on_the_first_attempt() -> None:
    retries = story()
    assert isinstance(retries.after(NOT_SENT, None), Again)
    assert retries.after(refused("1231", 400), None) == GiveUp()


@pytest.mark.parametrize("replay", Replay)
def test_a_known_request_id_after_a_resend_says_that_the_first_one_arrived(replay: Replay) -> None:
    retries = story(replay)
    retries.after(refused("1302") if replay is Replay.ONCE else LOST, None)
    assert retries.after(refused("1231", 400), None) == PerhapsDone()


def test_the_platform_may_forbid_a_retry() -> None:
    verdict = story().after(Failure(Stage.REFUSED, STATUSES[503], should_retry=False), None)
    assert isinstance(verdict, GiveUp)
    assert "asks" in verdict.why


def test_the_platform_may_ask_for_a_retry_where_no_business_code_says_better() -> None:
    asked = Failure(Stage.REFUSED, STATUSES[400], should_retry=True)
    arrears = Failure(Stage.REFUSED, PLATFORM["1113"], should_retry=True)
    assert isinstance(story().after(asked, None), Again)
    assert story().after(arrears, None) == GiveUp()
    assert story(Replay.ONCE).after(asked, None) == GiveUp()


def test_a_refusal_without_a_rule_is_final() -> None:
    assert story().after(Failure(Stage.REFUSED), None) == GiveUp()
    assert story(Replay.ONCE).after(Failure(Stage.REFUSED), None) == GiveUp()


def test_the_repr_says_what_was_spent() -> None:
    retries = story()
    retries.after(LOST, None)
    assert repr(retries) == "<Retries 1 of 3, 1 answers lost>"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:14:20 -0000", 60.0),
        ("Tue, 14 Nov 2023 22:12:20 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float) -> None:
    assert retry_after_seconds(value, WALL) == seconds


@pytest.mark.parametrize(
    "value", [None, "", "-1", "nan", "inf", "1e9", "soon", "9" * 40, "٣", "Tue, 99 Nov 2023 22:14:20 GMT"]
)
def test_a_retry_after_that_says_nothing_is_passed_over(value: str | None) -> None:
    assert retry_after_seconds(value, WALL) is None


@given(st.text())
def test_no_header_breaks_the_reading_of_it(value: str) -> None:
    seconds = retry_after_seconds(value, WALL)
    assert seconds is None or seconds >= 0
    assert should_retry(value) in {None, True, False}


def test_should_retry_knows_two_words() -> None:
    assert [should_retry(value) for value in ("true", " False", "1", None)] == [True, False, None, None]


rules = st.sampled_from([*PLATFORM.values(), *STATUSES.values()])
failures = st.one_of(
    st.sampled_from([NOT_SENT, LOST, UNREADABLE]),
    st.builds(
        Failure,
        st.just(Stage.REFUSED),
        rules,
        st.none() | st.floats(0, 1e9),
        st.none() | st.booleans(),
    ),
)


@given(
    replay=st.sampled_from(Replay),
    policy=st.builds(Policy, st.integers(0, 5), st.floats(0, 600)),
    happened=st.lists(failures, max_size=40),
    remaining=st.none() | st.floats(0, 1000),
    luck=st.floats(0, 1, exclude_max=True),
)
def test_whatever_happens_a_request_ends(
    replay: Replay, policy: Policy, happened: list[Failure], remaining: float | None, luck: float
) -> None:
    retries = Retries(policy, replay, lambda: luck, can_renew=True)
    found = [retries.after(failure, remaining) for failure in happened]
    again = [verdict for verdict in found if isinstance(verdict, Again)]
    assert all(0 <= verdict.delay <= retry.LONGEST_RETRY_AFTER_SECONDS for verdict in again)
    # Half a step of 30 s is the shortest pause of patience.
    assert len(again) <= policy.max_retries + 1 + policy.overload_patience / 15 + 1


@given(happened=st.lists(failures, max_size=20))
def test_a_submission_is_never_sent_again_after_it_may_have_arrived(happened: list[Failure]) -> None:
    retries = story(Replay.ONCE, patience=1000, can_renew=True)
    for failure in happened:
        verdict = retries.after(failure, None)
        if failure.stage in {Stage.LOST, Stage.UNREADABLE}:
            assert verdict == PerhapsDone()
        if failure.rule is not None and failure.rule.status >= 500:
            assert verdict == PerhapsDone()
