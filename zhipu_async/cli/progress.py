"""How far a long job is, on stderr: a bar in a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from zhipu_async.cli.screen import Screen

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

LOG_SECONDS = 10.0  # often enough to see that it lives, rare enough for a log
LINE_SECONDS = 0.1  # a terminal needs no more than ten a second
CLEAR_LINE = "\r\x1b[2K"


class Standing(Protocol):
    """How a job stands, as bulk work tells it."""

    @property
    def done(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def seconds_left(self) -> float | None: ...
    @property
    def total(self) -> int | None: ...
    @property
    def failed(self) -> int: ...
    @property
    def tokens(self) -> int: ...


class Display(Protocol):
    """Shows how a job stands."""

    def show(self, standing: Standing, *, before: int = 0) -> None:
        """Show it; `before` were done by an earlier run."""
        ...


@contextmanager
def progress(screen: Screen, total: int, what: str) -> Generator[Display]:
    """Give the display that suits the stream, and leave its last state standing."""
    if not sys.stderr.isatty():
        yield (log := Lines(screen, total, LOG_SECONDS))
        log.last()
        return
    try:
        from rich.progress import Progress as _  # noqa: F401
    except ImportError:
        yield (line := Lines(screen, total, LINE_SECONDS, begin=CLEAR_LINE, end=""))
        line.last()
        screen.notice("\nA better bar: pip install 'zhipu-async[cli]'")
        return
    with _rich() as bar:
        yield Bar(bar, bar.add_task(what, total=total, facts=""))


class Lines:
    """Writes one line after another, or over another."""

    def __init__(
        self, screen: Screen, total: int, seconds: float, *, begin: str = "", end: str = "\n"
    ) -> None:
        self._screen = screen
        self._total = total
        self._seconds = seconds
        self._begin, self._end = begin, end
        self._text = ""
        self._shown = time.monotonic()

    def show(self, standing: Standing, *, before: int = 0) -> None:
        """Write where it stands, unless that was done just now."""
        self._text = f"{before + standing.done}/{self._total}  {facts(standing)}"
        if time.monotonic() - self._shown >= self._seconds:
            self.last()

    def last(self) -> None:
        """Write what was not written yet."""
        if self._text:
            sys.stderr.write(f"{self._begin}{self._text}{self._end}")
            sys.stderr.flush()
        self._text, self._shown = "", time.monotonic()


class Bar:
    """Draws with rich."""

    def __init__(self, bar: RichProgress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def show(self, standing: Standing, *, before: int = 0) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=before + standing.done, facts=facts(standing))


def facts(standing: Standing) -> str:
    """Return rate, tokens, time left and failures."""
    left = "" if standing.seconds_left is None else f"{_clock(standing.seconds_left)} left"
    failed = f"{standing.failed} failed" if standing.failed else ""
    tokens = f"{standing.tokens:,} tokens" if standing.tokens else ""
    return " · ".join(fact for fact in (f"{standing.rate:.1f}/s", tokens, left, failed) if fact)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _rich() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[facts]}", style="dim"),
        console=Console(file=sys.stderr, highlight=False),
    )
