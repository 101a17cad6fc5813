"""What a question gives back: tables of a race, and the goals it decides."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.harness.arena import PLAIN, UVLOOP, Race, base

NAMES = {
    "ours": "zhipu_async",
    "ours_text": "zhipu_async, `stream.text()`",
    "by_hand": "aiohttp + msgspec by hand",
    "lines_json": "aiohttp + json by hand",
    "discard": "floor: aiohttp, bytes thrown away",
    "bare": "floor: bare protocol, bytes thrown away",
    "bare_waking": "floor: bare protocol that wakes its reader",
    "decode_only": "floor: decoding alone, no network",
    "openai_aiohttp": "openai on aiohttp",
    "openai_httpx": "openai on httpx",
    "zai": "zai-sdk",
    "mistral": "mistralai",
}


@dataclass
class Goal:
    """A promise about a ratio."""

    text: str
    limit: float
    measured: float | None
    at_most: bool = True
    made_of: str = ""
    """What the figure is made of; said where it is missed."""

    @property
    def held(self) -> bool:
        """Whether the promise holds; the figure counts as it is printed."""
        assert self.measured is not None
        shown = round(self.measured, 2)
        return shown <= self.limit if self.at_most else shown >= self.limit


@dataclass
class Table:
    """One race, and how to read it."""

    title: str
    race: Race
    reference: str = "ours"
    note: str = ""
    plotted: bool = False

    def rows(self) -> list[tuple[str, float, float, float, float | None]]:
        """Per contender: its name, the median, the least, the most, and how many times the reference needs less."""
        found = []
        for name in self.race.turns:
            values = self.race.values(name)
            ratio = self.race.ratio(name, self.reference) if name != self.reference else None
            found.append((label(name), self.race.median(name), min(values), max(values), ratio))
        return sorted(found, key=lambda row: row[1])


@dataclass
class Answer:
    """Everything that a question found out."""

    question: str
    tables: list[Table] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def goal(
        self, text: str, limit: float, measured: float | None, *, at_most: bool = True, made_of: str = ""
    ) -> None:
        """Note a promise, if its contenders took part."""
        if measured is not None:
            self.goals.append(Goal(text, limit, measured, at_most, made_of))


def label(name: str) -> str:
    """What a contender is called in tables."""
    how = ", on uvloop" if name.endswith(UVLOOP) else ", without TLS" if name.endswith(PLAIN) else ""
    return NAMES.get(base(name), base(name)) + how


def quotient(race: Race, one: str, *others: str) -> float | None:
    """One contender's figure over the sum of the others', inside each turn."""
    if any(name not in race.turns for name in (one, *others)):
        return None
    columns = [race.values(name) for name in others]
    pairs = zip(race.values(one), *columns, strict=False)
    ratios: list[float] = sorted(first / sum(rest) for first, *rest in pairs)
    return ratios[len(ratios) // 2]
