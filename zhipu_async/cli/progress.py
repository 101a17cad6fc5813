"""A progress bar for bulk work (extra `cli`): `with ProgressBar("stories") as bar: ... map(..., on_progress=bar)`."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from typing import Self

    from rich.console import Console

    import zhipu_async


class ProgressBar:
    """Shows how far bulk work has come: counts, rate, time left, tokens."""

    def __init__(self, title: str = "", *, console: Console | None = None) -> None:
        self._bar = Progress(
            TextColumn(title or "{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task("", total=None, facts="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, progress: zhipu_async.Progress) -> None:
        """Move on: this is what `on_progress=` takes."""
        self._bar.update(self._task, completed=progress.done, total=progress.total, facts=facts(progress))


def facts(progress: zhipu_async.Progress) -> str:
    """Return what stands beside the bar."""
    left = progress.seconds_left
    parts = (
        f"{progress.failed} failed" if progress.failed else "",
        f"{progress.replayed} known" if progress.replayed else "",
        f"{progress.rate:.1f}/s",
        "" if left is None else f"{left:.0f} s left",
        f"{progress.tokens:,} tokens",
    )
    return ", ".join(part for part in parts if part)
