"""The progress bar says what a glance wants to know."""

from __future__ import annotations

import io

from rich.console import Console

from zhipu_async import Outcome, Progress
from zhipu_async.cli.progress import ProgressBar, facts
from zhipu_async.errors import BadRequestError


def halfway() -> Progress:
    progress = Progress(total=4)
    progress.note(Outcome(value=None, tokens=1200), 1.0)
    progress.note(Outcome(error=BadRequestError("no")), 2.0)
    return progress


def test_the_bar_shows_counts_and_facts() -> None:
    screen = io.StringIO()
    with ProgressBar("stories", console=Console(file=screen, force_terminal=True, width=120)) as bar:
        bar(halfway())
    shown = screen.getvalue()
    assert "stories" in shown
    assert "2/4" in shown
    assert "1,200 tokens" in shown


def test_the_facts_leave_out_what_there_is_none_of() -> None:
    assert facts(halfway()) == "1 failed, 1.0/s, 2 s left, 1,200 tokens"
    assert facts(Progress()) == "0.0/s, 0 tokens"


def test_replayed_items_are_named_and_do_not_count_into_the_rate() -> None:
    progress = Progress(total=None)
    progress.note(Outcome(value=None, replayed=True), 2.0)
    assert facts(progress) == "1 known, 0.0/s, 0 tokens"
