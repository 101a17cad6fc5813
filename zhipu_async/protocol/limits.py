"""How many requests of one key may be in flight for one model, and when the next may start. No I/O here.

The platform tells nobody the limit, it only says 1302 above it. A lane starts with a guess and

    grows    by one per success while it never met a 1302
    shrinks  at a 1302 to what was accepted: by one per refusal within a burst, and by 1, 2, 4, 8 ...
             when a request that began after a cut is refused again
    probes   one more after some rounds at a limit, ever more rarely where it proves fixed, by a quarter and
             more often once it proved gone; a round is as many successes as the cap is high
    closes   for a moment at a 1302, for twice as long when the next follows without a success
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from .codes import CONCURRENCY_CODES, OVERLOAD_CODES

ACCEPTED = "accepted"  # stands where a refusal has its business code

LEARNED_START = 8  # known tiers begin at 5: a burst of 8 costs a newcomer three refusals at most
LEARNED_CEILING = 4096  # sockets run out before; growth needs successes, so this is only a stop
UNLIMITED = 1 << 30  # submissions, until one is refused

# Chosen by simulation: the hidden cap goes 3, 1, 5 under 500 requests, whose durations are equal,
# uniform, exponential or log-normal. 3.3 % of the requests are refused, 92 % of the cap is used.
PROBE_ROUNDS = 10
PROBE_ROUNDS_REFUSED = 20  # after one refused; at a cap of 1 this refuses one request in 21: below 5 %
PROBES_FIXED = 14  # refused in a row: a limit that has stood for some 270 rounds is not about to move ...
PROBE_ROUNDS_FIXED = 40  # ... so that a key whose limit is 1 for hours sees 2.4 % of its requests refused
LUCKY_STEPS = 2  # a probe may pass by chance, while another request ends; the third step is no chance
GROWTH_SHARE = 4  # later steps add a quarter: from 1 to 50 in some twenty rounds
STEPS_A_ROUND = 5  # a refusal is a part of a round late: faster, the cap would be twice the limit by then

FIRST_PAUSE_SECONDS = 0.05  # before any answer has told how long requests take
SHORTEST_PAUSE_SECONDS = 0.005  # of no use on the platform, but local tests answer within milliseconds
TYPICAL_PAUSE_MOST_SECONDS = 1.0  # streams last minutes, but short requests end in between
PAUSE_SHARE = 0.25  # of a typical request: by then, one place in four has become free
ALONE_PAUSE_SECONDS = 0.5  # refused with nothing of ours in flight: other programs use the key
LONGEST_PAUSE_SECONDS = 5.0  # a refused request costs nothing; who sleeps on after the others have gone loses
MOST_DOUBLINGS = 16  # no float or integer runs away
TYPICAL_WEIGHT = 0.2  # of the newest duration in the running mean

OVERLOAD_WINDOW_SECONDS = 10.0  # retries of one request are 15 s apart: two within 10 s are two requests
OVERLOAD_PAUSE_SECONDS = 5.0  # it lasts minutes; who comes now is spared a sure refusal


class Pool(StrEnum):
    """Requests that count together."""

    CALLS = "calls and streams, held until the answer is whole"
    SUBMISSIONS = "submitted tasks, held until the task ends"


class Ticket(msgspec.Struct, eq=False):
    """A place in a lane, from `enter` to `leave`."""

    era: int
    """How many cuts the lane had seen at the start."""
    finished_before: int
    started_at: float
    beyond_cap: bool
    idle: bool = False


class Lane:
    """The requests of one key for one model and pool. Times are seconds of any one clock."""

    def __init__(
        self, *, start: int = LEARNED_START, ceiling: int = LEARNED_CEILING, of_one_model: bool = True
    ) -> None:
        self.cap: int = min(start, ceiling)
        self.ceiling = ceiling
        self.of_one_model = of_one_model
        self.in_flight: int = 0
        self.refused_at: float | None = None
        self.closed_until: float = float("-inf")
        self._idle = 0
        self._finished = 0
        self._typical: float | None = None
        self._era = 0
        self._cuts_in_a_row = 0
        self._successes = 0
        self._steps: int | None = None  # raises since the last cut; None: there was no cut
        self._probes_refused = 0  # in a row
        self._overloaded_at = float("-inf")

    def enter(self, now: float) -> Ticket | None:
        """Take a place; None while there is none."""
        full = self.in_flight >= self.cap
        # A call made inside a stream's own loop would wait for a place that only its end can free.
        if now < self.closed_until or (full and self._idle < self.in_flight):
            return None
        self.in_flight += 1
        return Ticket(self._era, self._finished, now, full)

    def leave(self, ticket: Ticket, answer: str, now: float, *, waiting: bool) -> None:
        """Give the place back and learn from the answer: ACCEPTED, a business code, or "" for neither.

        `waiting` says that somebody waits for a place: a lane that is never full proves nothing.
        """
        if ticket.idle:
            self.mark_idle(ticket, False)
        full = waiting or self.in_flight >= self.cap
        self.in_flight -= 1
        if answer == ACCEPTED:
            self._accepted(ticket, full, now)
        elif answer in CONCURRENCY_CODES:
            self._refused(ticket, now)
        elif answer in OVERLOAD_CODES:
            self._overloaded(now)

    def mark_idle(self, ticket: Ticket, idle: bool) -> None:
        """Note that nobody reads what comes through this place, or that somebody does again."""
        self._idle += int(idle) - int(ticket.idle)
        ticket.idle = idle

    # ── growing ────────────────────────────────────────────────────────────────────────────────────

    def _accepted(self, ticket: Ticket, full: bool, now: float) -> None:
        self._finished += 1
        self._learn_duration(now - ticket.started_at)
        if ticket.era != self._era:
            return
        self._cuts_in_a_row = 0
        if full and self.cap < self.ceiling:
            self._successes += 1
            if self._successes >= self._successes_needed():
                self._grow()

    def _successes_needed(self) -> float:
        if self._steps is None:
            return 1
        return self.cap / min(self._steps, STEPS_A_ROUND) if self._steps else self.cap * self._probe_rounds()

    def _probe_rounds(self) -> int:
        if not self._probes_refused:
            return PROBE_ROUNDS
        return PROBE_ROUNDS_REFUSED if self._probes_refused < PROBES_FIXED else PROBE_ROUNDS_FIXED

    def _grow(self) -> None:
        self._successes = 0
        if self._steps is None:
            self.cap += 1
            return
        step = self.cap // GROWTH_SHARE if self._steps >= LUCKY_STEPS else 1
        self.cap = min(self.ceiling, self.cap + max(1, step))
        self._steps += 1
        if self._steps > LUCKY_STEPS:
            self._probes_refused = 0

    # ── shrinking ──────────────────────────────────────────────────────────────────────────────────

    def _refused(self, ticket: Ticket, now: float) -> None:
        self.refused_at = now
        # What was in flight beside it, and what ended well in the meantime: more were not accepted.
        accepted = self.in_flight + self._finished - ticket.finished_before
        self.cap = max(1, min(self.cap - self._decrease(ticket), accepted))
        if ticket.era == self._era:
            self._cut(accepted, now)

    def _decrease(self, ticket: Ticket) -> int:
        if ticket.beyond_cap:
            return 0
        if ticket.era != self._era:
            return 1
        return min(1 << min(self._cuts_in_a_row, MOST_DOUBLINGS), max(1, self.cap // 2))

    def _cut(self, accepted: int, now: float) -> None:
        if self._steps and self._steps <= LUCKY_STEPS:
            self._probes_refused += 1
        pause = self._pause(accepted)
        # The polls of thousands of tasks go through one lane, at a pace that slows down by itself.
        if self.of_one_model:
            pause *= 2.0 ** min(self._cuts_in_a_row, MOST_DOUBLINGS)
        self._close(min(LONGEST_PAUSE_SECONDS, pause), now)
        self._era += 1
        self._cuts_in_a_row += 1
        self._successes = 0
        self._steps = 0

    # ── closing ────────────────────────────────────────────────────────────────────────────────────

    def _pause(self, accepted: int) -> float:
        if not accepted:
            return ALONE_PAUSE_SECONDS
        if self._typical is None:
            return FIRST_PAUSE_SECONDS
        return min(TYPICAL_PAUSE_MOST_SECONDS, max(SHORTEST_PAUSE_SECONDS, PAUSE_SHARE * self._typical))

    def _overloaded(self, now: float) -> None:
        # Polls and files of all models: that one of them is busy says nothing about the next.
        if self.of_one_model and now - self._overloaded_at <= OVERLOAD_WINDOW_SECONDS:
            self._close(OVERLOAD_PAUSE_SECONDS, now)
        self._overloaded_at = now

    def _close(self, seconds: float, now: float) -> None:
        self.closed_until = max(self.closed_until, now + seconds)

    def _learn_duration(self, seconds: float) -> None:
        before = seconds if self._typical is None else self._typical
        self._typical = before + TYPICAL_WEIGHT * (seconds - before)
