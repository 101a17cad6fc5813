"""The four clocks."""

from __future__ import annotations

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.timeouts import Timeout, check_wait

NAN = float("nan")


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


@pytest.mark.parametrize("seconds", [None, 0, 0.0, 5, 2.5])
def test_a_task_may_be_waited_for_so_long(seconds: object) -> None:
    check_wait(seconds)


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [
        ("5", InvalidType),
        (True, InvalidType),
        (False, InvalidType),
        (-1, InvalidArgument),
        (NAN, InvalidArgument),
    ],
)
def test_a_wait_is_a_number_of_seconds(seconds: object, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^timeout "):
        check_wait(seconds)
