"""The four clocks."""

from __future__ import annotations

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.timeouts import Timeout


def test_a_number_replaces_only_the_total() -> None:
    assert Timeout(first=5).override(2) == Timeout(first=5, total=2)
    assert Timeout(first=5).override(None) == Timeout(first=5, total=None)


def test_a_timeout_replaces_all_four() -> None:
    assert Timeout(first=5).override(Timeout(idle=1)) == Timeout(idle=1)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_clock_runs_forward(seconds: float) -> None:
    with pytest.raises(InvalidArgument, match="more than 0"):
        Timeout(idle=seconds)


@pytest.mark.parametrize("seconds", ["5", True, object()])
def test_a_clock_takes_seconds(seconds: object) -> None:
    with pytest.raises(InvalidType, match="seconds"):
        Timeout(total=seconds)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
