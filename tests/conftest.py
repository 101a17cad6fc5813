"""What holds for every test."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

LONGEST_SECONDS = 60  # of one test, also on a machine that does much else: the slowest takes three


@pytest.fixture(autouse=True)
def _no_test_waits_for_ever() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """End a test that hangs, so that the suite says which one it was."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _give_up(number: int, frame: FrameType | None) -> None:
    pytest.fail(f"the test has not ended within {LONGEST_SECONDS} s")
