"""Where the demo plays: titles, the code that runs, and what it shows."""

from __future__ import annotations

import inspect
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhipu_async.cli.screen import BOLD, CYAN, DIM, GREEN, Screen, coloured
from zhipu_async.cli.wrapping import Wrapper

if TYPE_CHECKING:
    from zhipu_async.cli.progress import Display

INDENT = "  "
PAUSE_SECONDS = 1.2  # to read some lines of code before their output comes


@dataclass(slots=True)
class Tally:
    """How far the tasks are."""

    total: int
    began: float
    done: int = 0
    failed: int = 0
    tokens: int = 0

    @property
    def rate(self) -> float:
        """Return tasks a second."""
        return self.done / max(time.monotonic() - self.began, 0.001)

    @property
    def seconds_left(self) -> float | None:
        """Return what the rest will take."""
        return (self.total - self.done) / self.rate if self.done else None


class Stage:
    """Shows scenes."""

    def __init__(self, screen: Screen, *, pauses: bool) -> None:
        self._screen = screen
        self._pauses = pauses
        self._display: Display | None = None
        self._in_line: tuple[str, ...] | None = None
        self._wrapper = Wrapper(shutil.get_terminal_size().columns - len(INDENT))
        self.tally: Tally = Tally(0, 0.0)

    def open(self, number: int, title: str, scene: Callable[..., object]) -> None:
        """Show a title, and the code of the scene."""
        self._screen.say(f"\n{number}  {title}", BOLD)
        self._screen.say("")
        self._code(body_of(scene))
        self._screen.say("")
        if self._pauses:
            time.sleep(PAUSE_SECONDS)

    def follow(self, display: Display, total: int) -> None:
        """Show the steps of the scene on a display."""
        self._display, self.tally = display, Tally(total, time.monotonic())

    def end_line(self) -> None:
        """Let what follows begin a line of its own."""
        if self._in_line is not None:
            self._screen.say(_indented(self._wrapper.end()), *self._in_line)
        self._in_line = None

    def thought(self, piece: str) -> None:
        """Show a piece of what the model thinks."""
        self._piece(piece, DIM)

    def text(self, piece: str) -> None:
        """Show a piece of what the model says."""
        self._piece(piece)

    def fact(self, text: str) -> None:
        """Show a line about it."""
        self.end_line()
        self._screen.say(f"{INDENT}{text}", GREEN)

    def step(self, ok: bool) -> None:
        """Show that one more task has ended."""
        self.tally.done += 1
        self.tally.failed += not ok
        if self._display is not None:
            self._display.show(self.tally)

    def _piece(self, piece: str, *styles: str) -> None:
        if self._in_line != styles:  # a thought is over, and the answer begins
            self.end_line()
            self._screen.say(INDENT, end="")
            piece = piece.lstrip()
        self._screen.say(_indented(self._wrapper.feed(piece)), *styles, end="")
        self._in_line = styles

    def _code(self, text: str) -> None:
        if not (coloured(sys.stdout) and _shown_by_rich(text)):
            self._screen.say(textwrap.indent(text, "    "), CYAN)


def _indented(text: str) -> str:
    return text.replace("\n", f"\n{INDENT}")


def body_of(scene: Callable[..., object]) -> str:
    """Return the lines of a function without its head."""
    lines = inspect.getsource(scene).splitlines()
    return textwrap.dedent("\n".join(lines[1:]))


def _shown_by_rich(text: str) -> bool:
    """Show code in colours; False where rich is not installed."""
    try:
        from rich.console import Console
        from rich.padding import Padding
        from rich.syntax import Syntax
    except ImportError:
        return False
    syntax = Syntax(text, "python", theme="ansi_dark", background_color="default")
    Console().print(Padding(syntax, (0, 0, 0, 4)))
    return True
