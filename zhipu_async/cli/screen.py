"""What the user sees: answers on stdout, everything about them on stderr, colours only in a terminal."""

from __future__ import annotations

import json as jsonlib
import os
import re
import sys
from typing import TextIO

from zhipu_async.errors import APIStatusError, UsageError, ZhipuError

DIM, BOLD, RED, GREEN, YELLOW, CYAN = "2", "1", "31", "32", "33", "36"
# What a model writes must not move the cursor or talk to the terminal.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Screen:
    """Writes to the streams of the moment."""

    def __init__(self, *, json: bool = False) -> None:
        self.json_wanted = json

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads the answers."""
        return sys.stdout.isatty()

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer a question."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    # ── stdout ─────────────────────────────────────────────────────────────────────────────────────

    def say(self, text: str, *styles: str, end: str = "\n") -> None:
        """Write to stdout at once."""
        _write(sys.stdout, text, styles, end)

    def json(self, value: object) -> None:
        """Write a value as one line of JSON."""
        sys.stdout.write(jsonlib.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    # ── stderr ─────────────────────────────────────────────────────────────────────────────────────

    def notice(self, text: str, *styles: str, end: str = "\n") -> None:
        """Write to stderr, where a pipe does not take it up."""
        _write(sys.stderr, text, styles, end)

    def failure(self, error: Exception) -> None:
        """Say what went wrong, in a sentence; with --json also as an object on stdout."""
        self.notice(sentence(error), RED)
        if self.json_wanted:
            self.json({"error": described(error)})


def sentence(error: Exception) -> str:
    """Return an error as people read it; the names of the platform's errors are in the manual."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"


def described(error: Exception) -> dict[str, object]:
    """Return an error as JSON."""
    found: dict[str, object] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, ZhipuError):
        found |= {"message": error.message, "hint": error.hint}
    if isinstance(error, APIStatusError):
        found |= {"code": error.code, "status": error.status}
    return {name: value for name, value in found.items() if value not in ("", 0)}


def _write(stream: TextIO, text: str, styles: tuple[str, ...], end: str) -> None:
    if stream.isatty():
        text = CONTROLS.sub("", text)
    if text and styles and coloured(stream):
        text = f"\x1b[{';'.join(styles)}m{text}\x1b[0m"
    stream.write(text + end)
    stream.flush()


def coloured(stream: TextIO) -> bool:
    """Whether colours are seen and welcome (NO_COLOR, TERM=dumb)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
