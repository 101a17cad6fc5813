"""How far bulk work has come: counts, rate, time left, tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from zhipu_async.types.tasks import Outcome

OnError = Literal["collect", "raise"]


@dataclass(slots=True)
class Progress:
    """What a callback is told after each item; the same object every time."""

    total: int | None = None
    """How many items there are; None when the input does not tell."""
    succeeded: int = 0
    failed: int = 0
    replayed: int = 0
    """How many of them the ledger knew, so that nothing was sent."""
    under_way: int = 0
    """How many were pulled from the input and have no outcome yet; after an early end, how many were cut off."""
    tokens: int = 0
    elapsed: float = 0.0

    @property
    def done(self) -> int:
        """Return how many items have ended."""
        return self.succeeded + self.failed

    @property
    def rate(self) -> float:
        """Return the items per second that were really sent."""
        return (self.done - self.replayed) / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return the seconds that the rest will take at this rate; None while nobody can tell."""
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate

    def __str__(self) -> str:
        total = "" if self.total is None else f"/{self.total}"
        left = "" if self.seconds_left is None else f", {self.seconds_left:.0f} s left"
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done}{total}{failed}, {self.rate:.1f}/s{left}, {self.tokens} tokens"

    def note(self, outcome: Outcome[object], elapsed: float) -> None:
        """Count an item."""
        self.succeeded += outcome.ok
        self.failed += not outcome.ok
        self.replayed += outcome.replayed
        self.elapsed = elapsed
        total: object = getattr(getattr(outcome.value, "usage", None), "total_tokens", None)
        self.tokens += int(total) if isinstance(total, int | float) else outcome.tokens


OnProgress = Callable[[Progress], None]
