"""The learned cap against platforms whose cap nobody tells."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from zhipu_async.protocol.limits import LEARNED_START

from .lane_simulation import Result, Run

Duration = Callable[[Random], float]

DURATIONS: dict[str, Duration] = {
    "equal": lambda _: 1.0,
    "uniform": lambda random: random.uniform(0.5, 1.5),
    "exponential": lambda random: random.expovariate(1.0),
    "log-normal": lambda random: random.lognormvariate(-0.32, 0.8),
    "short": lambda _: 0.02,
    "long": lambda random: random.uniform(5.0, 40.0),
}
MEAN = {"short": 0.02, "long": 22.5}
SEEDS = range(25)


def falls_and_rises_with_progress(succeeded: int, now: float) -> int:
    return (3, 1, 5)[min(2, succeeded * 3 // 500)]


def falls_and_rises_with_time(third: float) -> Callable[[int, float], int]:
    return lambda _, now: (3, 1, 5)[min(2, int(now / third))]


def runs(name: str, hidden_cap: Callable[[int, float], int], refusal: float) -> list[Result]:
    return [
        Run(
            calls=500,
            hidden_cap=hidden_cap,
            duration=DURATIONS[name],
            refusal=refusal * MEAN.get(name, 1.0),
            seed=seed,
        ).run()
        for seed in SEEDS
    ]


def check(results: list[Result]) -> None:
    assert all(result.succeeded == 500 and not result.failed for result in results)
    assert max(result.refused_share for result in results) <= 0.05
    # A run whose cap rises just after a probe waits for the next one, twenty rounds at most.
    assert min(result.throughput_share for result in results) >= 0.75
    assert sum(result.throughput_share for result in results) / len(results) >= 0.8


@pytest.mark.parametrize("refusal", [0.05, 0.2], ids=["fast refusals", "slow refusals"])
@pytest.mark.parametrize("name", DURATIONS)
def test_a_cap_that_moves_with_progress_is_followed(name: str, refusal: float) -> None:
    check(runs(name, falls_and_rises_with_progress, refusal))


@pytest.mark.parametrize("refusal", [0.05, 0.2], ids=["fast refusals", "slow refusals"])
@pytest.mark.parametrize("name", DURATIONS)
def test_a_cap_that_moves_with_time_is_followed(name: str, refusal: float) -> None:
    check(runs(name, falls_and_rises_with_time(55 * MEAN.get(name, 1.0)), refusal))


@pytest.mark.parametrize("cap", [1, 2, 5, 20, 64])
def test_a_cap_that_stands_is_found_and_kept(cap: int) -> None:
    run = Run(
        calls=cap * 200, hidden_cap=lambda _succeeded, _now: cap, duration=DURATIONS["uniform"], refusal=0.1
    )
    result = run.run()
    first_burst = max(0, LEARNED_START - cap)
    assert not result.failed
    assert (result.refused - first_burst) / result.sent <= 0.05
    assert result.throughput_share >= 0.9
    later = run.caps_seen[len(run.caps_seen) // 2 :]
    assert sum(later) / len(later) == pytest.approx(cap, rel=0.15)


def test_who_never_meets_a_limit_is_hardly_slowed() -> None:
    run = Run(
        calls=2000, hidden_cap=lambda _succeeded, _now: 10_000, duration=DURATIONS["equal"], refusal=0.1
    )
    result = run.run()
    assert result.refused == 0
    # 8, 16, 32 ... 1024: eight rounds, where a lane without a cap would need one.
    assert run.now < 9


def test_a_cap_that_rises_from_one_to_fifty_is_reached() -> None:
    def rises(succeeded: int, now: float) -> int:
        return 1 if succeeded < 50 else 50

    run = Run(calls=2000, hidden_cap=rises, duration=DURATIONS["uniform"], refusal=0.1)
    result = run.run()
    assert not result.failed
    assert result.refused_share <= 0.05
    assert max(run.caps_seen[-500:]) >= 45


def test_a_cap_that_falls_from_fifty_to_five_is_found_with_few_refusals() -> None:
    def falls(succeeded: int, now: float) -> int:
        return 50 if succeeded < 1000 else 5

    run = Run(calls=1500, hidden_cap=falls, duration=DURATIONS["uniform"], refusal=0.1)
    result = run.run()
    assert not result.failed
    assert result.refused <= 60
    assert run.caps_seen[-1] in {4, 5, 6}


@pytest.mark.parametrize("cap", [20, 50, 200])
def test_a_cap_that_rises_far_is_not_overtaken(cap: int) -> None:
    for seed in range(10):
        run = Run(
            calls=cap * 10 + 60,
            hidden_cap=lambda succeeded, _: 1 if succeeded < 60 else cap,
            duration=DURATIONS["exponential"],
            refusal=0.2,
            seed=seed,
        )
        assert run.run().refused_share <= 0.1
        assert max(run.caps_seen) <= 1.5 * cap


def test_a_cap_that_stands_for_long_is_hardly_probed() -> None:
    for seed in range(5):
        run = Run(
            calls=3000, hidden_cap=lambda _, now: 1, duration=DURATIONS["uniform"], refusal=0.1, seed=seed
        )
        result = run.run()
        assert result.refused_share <= 0.03
        assert result.throughput_share >= 0.95


def test_a_cap_that_rises_after_a_long_time_is_still_found() -> None:
    run = Run(
        calls=1200,
        hidden_cap=lambda succeeded, now: 1 if succeeded < 600 else 5,
        duration=DURATIONS["uniform"],
        refusal=0.1,
    )
    result = run.run()
    assert not result.failed
    assert 5 in run.caps_seen[600 + 60 : 600 + 120]
