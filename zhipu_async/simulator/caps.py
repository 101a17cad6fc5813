"""How many requests may be in flight per key and model, and what was counted. No I/O here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .models import CAPS_OTHERWISE, CAPS_PER_TIER, TIERS

Moves = Sequence[tuple[float, int]]
"""A cap that moves: from so many seconds after the start on, so many requests; the first should start at 0."""

Caps = Mapping[str, int | Moves]
"""Caps by model name in any letter case; `*` stands for every other model."""


def caps_of_tier(tier: str) -> dict[str, int]:
    """The published caps of one account tier, V0 to V3."""
    column = TIERS.index(tier)
    return {"*": CAPS_OTHERWISE[column], **{model: caps[column] for model, caps in CAPS_PER_TIER.items()}}


class Gate:
    """Counts the requests in flight per key and model and refuses those above the cap."""

    def __init__(self, caps: Caps) -> None:
        self._caps = {model.lower(): cap for model, cap in caps.items()}
        self._began: dict[str, float] = dict.fromkeys(self._caps, time.monotonic())
        self.inside: Counter[tuple[str, str]] = Counter()

    def set(self, model: str, cap: int | Moves | None) -> None:
        """Change the cap of a model from now on; None takes it away."""
        name = model.lower()
        if cap is None:
            self._caps.pop(name, None)
        else:
            self._caps[name] = cap
            self._began[name] = time.monotonic()

    def cap(self, model: str) -> int | None:
        name = model if model in self._caps else "*"
        cap = self._caps.get(name)
        if cap is None or isinstance(cap, int):
            return cap
        passed = time.monotonic() - self._began[name]
        reached = [limit for start, limit in cap if start <= passed]
        return reached[-1] if reached else None

    def enter(self, place: tuple[str, str]) -> bool:
        """Take a place, or say no."""
        cap = self.cap(place[1])
        if cap is not None and self.inside[place] >= cap:
            return False
        self.inside[place] += 1
        return True

    def leave(self, place: tuple[str, str]) -> None:
        self.inside[place] -= 1


@dataclass(slots=True)
class Counts:
    """What a load test wants to know afterwards."""

    requests: int = 0
    in_flight: int = 0
    """Requests that are being answered now."""
    peak: int = 0
    """The most that were in flight at once."""
    peak_by_model: Counter[str] = field(default_factory=Counter[str])
    by_status: Counter[int] = field(default_factory=Counter[int])
    by_code: Counter[str] = field(default_factory=Counter[str])
    gone: int = 0
    """Answers that the client did not wait for."""

    def plain(self) -> dict[str, object]:
        """The counts as JSON has them: statuses become texts, as names must be."""
        return {
            "requests": self.requests,
            "in_flight": self.in_flight,
            "peak": self.peak,
            "peak_by_model": dict(self.peak_by_model),
            "by_status": {str(status): count for status, count in self.by_status.items()},
            "by_code": dict(self.by_code),
            "gone": self.gone,
        }
