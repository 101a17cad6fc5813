"""A progress bar for programs: `with ProgressBar("stories") as bar: ... map(..., on_progress=bar)` (extra `cli`)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from zhipu_async.cli.progress import Standing, facts

if TYPE_CHECKING:
    from typing import Self

    from rich.console import Console


class ProgressBar:
    """Shows how far bulk work has come: counts, rate, time left, tokens."""

    def __init__(self, title: str = "", *, console: Console | None = None) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}", style="dim"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task(title, total=None, facts="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, progress: Standing) -> None:
        """Move on: this is what `on_progress=` takes."""
        self._bar.update(self._task, completed=progress.done, total=progress.total, facts=facts(progress))
