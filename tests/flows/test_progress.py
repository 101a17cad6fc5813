"""Counts, rates and what is left, in numbers."""

from __future__ import annotations

from zhipu_async.errors import BadRequestError
from zhipu_async.flows.progress import Progress
from zhipu_async.types.chat import ChatCompletion, Usage
from zhipu_async.types.tasks import Outcome


def test_a_fresh_progress_claims_nothing() -> None:
    progress = Progress(total=10)
    assert (progress.done, progress.rate, progress.seconds_left, progress.tokens) == (0, 0.0, None, 0)
    assert str(progress) == "0/10, 0.0/s, 0 tokens"


def test_items_are_counted_by_how_they_ended() -> None:
    progress = Progress(total=4)
    progress.note(Outcome(value=ChatCompletion(usage=Usage(total_tokens=7))), 1.0)
    progress.note(Outcome(error=BadRequestError("no")), 2.0)
    assert (progress.succeeded, progress.failed, progress.done, progress.tokens) == (1, 1, 2, 7)
    assert (progress.rate, progress.seconds_left) == (1.0, 2.0)
    assert str(progress) == "2/4, 1 failed, 1.0/s, 2 s left, 7 tokens"


def test_without_a_total_nobody_can_tell_what_is_left() -> None:
    progress = Progress()
    progress.note(Outcome(value=None, tokens=5), 0.5)
    assert progress.seconds_left is None
    assert str(progress) == "1, 2.0/s, 5 tokens"


def test_replayed_items_say_nothing_about_the_rate() -> None:
    progress = Progress(total=2)
    progress.note(Outcome(value=None, replayed=True), 1.0)
    assert (progress.rate, progress.seconds_left, progress.replayed) == (0.0, None, 1)
