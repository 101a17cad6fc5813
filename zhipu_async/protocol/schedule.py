"""When to ask about which task, how often, and what its status means. No I/O here."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Generic, TypeVar

from zhipu_async.errors import (
    APIConnectionError,
    APIResponseError,
    BadRequestError,
    ConcurrencyLimit,
    InternalServerError,
    NotFoundError,
    OverloadedError,
)

T = TypeVar("T")

POLLS_UNDER_WAY = 64  # measured: half the CPU per poll of "no limit", and 64 sockets instead of thousands
POLLS_PER_SECOND = 200.0  # 5,000 pending tasks are seen every 25 s, for some 2 % of one core
SLOWEST_BUDGET = 1.0  # polls per second after many refusals: slower would look like a stop
BUDGET_REGAIN = 0.02  # share of the full budget that each answered poll gives back
HANDFUL = 0.25  # of the polls that may go at once: to wake up for each of them would double what it costs
REFUSALS_APART = 1.0  # seconds: the refusals of one burst halve the budget once, not sixty-four times
GROWTH = 0.2  # a task that has run for 100 s is asked every 20 s: a result is at most a fifth late
JITTER = 0.25  # intervals vary by a quarter both ways: what was submitted together drifts apart
FIRST_JITTER = 0.4  # the first interval varies more: a thousand tasks of one moment must spread at once
EARLY = 0.8  # the first look comes a little before the quick ones are usually ready
QUICK_SHARE = 0.25  # "quick" is the duration that a quarter of the tasks stay under
LEARNING = 0.15  # how far one finished task moves that estimate
FORGIVEN_SECONDS = 900.0  # failures in a row that end a wait: a quarter of an hour is an outage, not a hiccup
UNSEEN_POLLS = 3  # in a row; among thousands of tasks, two polls of one may be a minute apart
UNSEEN_SECONDS = 30.0  # how long an id may be unknown to some of the platform's machines
ROUNDING = 1e-6  # what sums of floats may be short of one poll
STALE_ENTRIES = 64  # left in the heap beyond its own length before it is built anew

SUCCEEDED_WORDS = "success succeed succeeded successful complete completed done finished"
FAILED_WORDS = "fail failed failure error rejected expired cancel canceled cancelled"
RUNNING_WORDS = (
    "processing pending running queued queueing waiting submitted created started "
    "validating in_progress finalizing cancelling canceling"
)


class Phase(Enum):
    """Where a task stands, whatever word its endpoint uses for that."""

    RUNNING = "the platform is still at it"
    SUCCEEDED = "the result is there"
    FAILED = "it ended without a result"
    UNKNOWN = "a status that no page names: waited for like a running one"


_PHASES = {
    **dict.fromkeys(SUCCEEDED_WORDS.split(), Phase.SUCCEEDED),
    **dict.fromkeys(FAILED_WORDS.split(), Phase.FAILED),
    **dict.fromkeys(RUNNING_WORDS.split(), Phase.RUNNING),
}
PHASES: dict[str, Phase] = _PHASES | {word.upper(): phase for word, phase in _PHASES.items()}


def phase_of(status: str, *, has_result: bool = False) -> Phase:
    """Return the phase that a status spells; without a status, a result says that it is over."""
    phase = PHASES.get(status)
    if phase is not None:  # spelled as the platform spells them
        return phase
    word = status.strip().casefold().replace("-", "_").replace(" ", "_")
    if not word and has_result:
        return Phase.SUCCEEDED
    return PHASES.get(word, Phase.UNKNOWN)


# ── how often ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long tasks of one kind typically take, and how often to ask; seconds."""

    first: float
    shortest: float
    longest: float


class Rhythm:
    """The intervals of one kind: they start at what is typical and follow what is seen.

    A task is asked about first when the quick ones of its kind are nearly ready, then in intervals that
    grow with its age. Random numbers, in [0, 1), are handed in.
    """

    def __init__(self, pace: Pace, *, scale: float = 1.0) -> None:
        self._shortest = pace.shortest * scale
        self._longest = pace.longest * scale
        self._quick = pace.first * scale / EARLY

    @property
    def first(self) -> float:
        """Return the typical seconds from submission to the first look."""
        return max(self._shortest, self._quick * EARLY)

    def next(self, age: float, drawn: float) -> float:
        """Return the seconds until the next look at a task that is `age` seconds old."""
        interval = min(max(age * GROWTH, self._shortest), self._longest) * spread(JITTER, drawn)
        first = self.first
        return interval if age >= first else max(first * spread(FIRST_JITTER, drawn) - age, interval)

    def learn(self, seconds: float) -> None:
        """Take in how long a task took: the estimate moves to the duration that a quarter stay under."""
        step = -(1 - QUICK_SHARE) if seconds < self._quick else QUICK_SHARE
        moved = self._quick * (1 + LEARNING * step)
        self._quick = max(moved, seconds) if seconds < self._quick else min(moved, seconds)


def spread(width: float, drawn: float) -> float:
    """Return a factor around 1 from a random number in [0, 1)."""
    return 1 + width * (2 * drawn - 1)


class PollBudget:
    """How many polls a second are allowed: halved when the platform refuses, regained by answers."""

    def __init__(self, per_second: float = POLLS_PER_SECOND, *, now: float = 0.0) -> None:
        self.full = per_second
        self.rate: float = per_second
        self._at_once = _at_once(per_second)
        self._tokens = self._at_once
        self._filled_at = now
        self._refused_at = now - REFUSALS_APART

    def allows(self, now: float) -> bool:
        """Tell whether a poll may go."""
        self._fill(now)
        return self._tokens >= 1 - ROUNDING

    def spend(self) -> None:
        """Note that a poll goes."""
        self._tokens -= 1

    def ready_in(self, now: float) -> float:
        """Return the seconds until the next polls may go: a handful of them, where the budget is large."""
        self._fill(now)
        return max(0.0, (max(1.0, self._at_once * HANDFUL) - self._tokens) / self.rate)

    def refused(self, now: float) -> None:
        """Halve the rate, once for each burst of refusals."""
        if now - self._refused_at < REFUSALS_APART:
            return
        self._refused_at = now
        self._change(max(self.rate / 2, min(SLOWEST_BUDGET, self.full)))
        self._tokens = min(self._tokens, 0.0)

    def answered(self) -> None:
        """Regain a little of the rate."""
        if self.rate < self.full:
            self._change(min(self.full, self.rate + self.full * BUDGET_REGAIN))

    def _fill(self, now: float) -> None:
        tokens = self._tokens + (now - self._filled_at) * self.rate
        self._tokens = tokens if tokens < self._at_once else self._at_once
        self._filled_at = now

    def _change(self, rate: float) -> None:
        self.rate, self._at_once = rate, _at_once(rate)


def _at_once(per_second: float) -> float:
    """A tenth of a second's worth of polls: a burst of them is what the budget is there to prevent."""
    return max(1.0, per_second / 10)


# ── what is due ────────────────────────────────────────────────────────────────────────────────────


class Agenda(Generic[T]):
    """A heap of due times; an item stands in it at most once, moving and dropping cost next to nothing."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._tickets: dict[T, int] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._tickets)

    def __contains__(self, item: T) -> bool:
        return item in self._tickets

    def put(self, item: T, due: float) -> None:
        """Plan the item for this time, also when it stood elsewhere."""
        moved = item in self._tickets
        ticket = self._tickets[item] = next(self._numbers)
        heapq.heappush(self._heap, (due, ticket, item))
        if moved:
            self._tidy()

    def drop(self, item: T) -> None:
        """Forget the item."""
        if self._tickets.pop(item, None) is not None:
            self._tidy()

    def next_due(self) -> float | None:
        """Return when the first item is due."""
        while self._heap and self._tickets.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> T | None:
        """Take out the item that has been due for longest, if one is due."""
        heap, tickets = self._heap, self._tickets
        while heap and heap[0][0] <= now:
            _, ticket, item = heapq.heappop(heap)
            if tickets.get(item) == ticket:
                del tickets[item]
                return item
        return None

    def _tidy(self) -> None:
        # What is moved or dropped leaves its old entry behind: many cancelled waits would grow the heap.
        if len(self._heap) <= 2 * len(self._tickets) + STALE_ENTRIES:
            return
        self._heap = [entry for entry in self._heap if self._tickets.get(entry[2]) == entry[1]]
        heapq.heapify(self._heap)


# ── what a failed poll means ───────────────────────────────────────────────────────────────────────

TRANSIENT = (APIConnectionError, APIResponseError, ConcurrencyLimit, OverloadedError, InternalServerError)
UNSEEN = (NotFoundError, BadRequestError)


def forgives(error: Exception, *, failing_for: float, unseen: int = 0) -> bool:
    """Tell whether a failed poll is no reason to give the task up.

    A read costs nothing and changes nothing, so trouble on the way is waited out. "No such task" is believed
    once nobody has known the task for a while: a fresh id is not known everywhere, and some machines forget.
    What only a human can cure ends the wait at once.

    unseen: how many polls in a row were answered like that, this one included.
    """
    if isinstance(error, UNSEEN):
        return failing_for < UNSEEN_SECONDS or unseen < UNSEEN_POLLS
    return isinstance(error, TRANSIENT) and failing_for < FORGIVEN_SECONDS


def is_refusal(error: Exception) -> bool:
    """Tell whether the platform asks for fewer polls."""
    return isinstance(error, ConcurrencyLimit | OverloadedError)
