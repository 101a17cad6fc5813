"""The progress bar says what a glance wants to know."""

from __future__ import annotations

import io

from rich.console import Console

from zhipu_async import Outcome, Progress
from zhipu_async.cli.bar import ProgressBar
from zhipu_async.errors import BadRequestError


def test_the_bar_shows_counts_and_facts() -> None:
    progress = Progress(total=4)
    progress.note(Outcome(value=None, tokens=1200), 1.0)
    progress.note(Outcome(error=BadRequestError("no")), 2.0)
    screen = io.StringIO()
    with ProgressBar("stories", console=Console(file=screen, force_terminal=True, width=120)) as bar:
        bar(progress)
    shown = screen.getvalue()
    assert all(fact in shown for fact in ("stories", "2/4", "1.0/s", "1,200 tokens", "1 failed"))
