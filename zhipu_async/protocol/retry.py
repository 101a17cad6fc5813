"""Whether a failed request is sent again, and when: the one place that decides it. No I/O here.

for every attempt:  send it  ──ok──►  done
                      │
                    Failure ──► Retries.after(failure, remaining) ──► Again(delay)   wait, then send again
                                                                  ├─► GiveUp(why)    raise what happened
                                                                  └─► PerhapsDone()  raise MaybeSubmitted
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from .codes import Remedy, Rule
from .endpoint import Replay

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RETRIES = 3  # as in zai-sdk: enough for a lost connection, too few to hide a broken service
BACKOFF_BASE_SECONDS = 0.5  # as in zai-sdk; the n-th pause is random in [0, 0.5 * 2^n)
BACKOFF_CEILING_SECONDS = 8.0  # as in zai-sdk; who waits longer should hear about the failure
OWN_LOAD_BASE_SECONDS = (
    0.1  # after 1302 the limiter makes all wait for as long as it takes; this only spreads
)
COSTLY_RESENDS = 1  # an answer that got lost may have been billed: pay twice at most
PERHAPS_BILLED = "It was not sent again, because it may have been billed."
TOKEN_RENEWALS = 1  # a second refusal of a fresh token is the key's fault, or the clock's
OVERLOAD_STEP_SECONDS = 30.0  # overloads last minutes: pauses of 30, 60, 90, 120 s were seen to work
OVERLOAD_LONGEST_STEP_SECONDS = 120.0
LONGEST_RETRY_AFTER_SECONDS = 3600.0  # a longer one is a quota's reset, not a pause inside one call


class Stage(Enum):
    """How far a failed attempt came."""

    NOT_SENT = "no connection was opened, so nothing reached the platform"
    LOST = "bytes have left, and the answer never came or broke off"
    REFUSED = "the platform answered with an error"
    UNREADABLE = "the platform answered with success, in a form that cannot be read"


class Policy(msgspec.Struct, frozen=True):
    """What the caller allows."""

    max_retries: int = MAX_RETRIES
    overload_patience: float = 0.0
    """Seconds to wait in all while the platform says that it is overloaded; 0 fails at once."""


class Failure(msgspec.Struct, frozen=True):
    """What went wrong with one attempt. A REFUSED one has its rule of the table of codes."""

    stage: Stage
    rule: Rule | None = None
    retry_after: float | None = None
    """Seconds, as `retry_after_seconds` reads them."""
    should_retry: bool | None = None
    """What the header x-should-retry says."""


class Again(msgspec.Struct, frozen=True):
    """Send it again after `delay` seconds, with a fresh request_id if it is ours."""

    delay: float
    renew_token: bool = False


class GiveUp(msgspec.Struct, frozen=True):
    """Raise what happened; `why` explains, where it is not obvious, why it was not tried again."""

    why: str = ""


class PerhapsDone(msgspec.Struct, frozen=True):
    """Raise MaybeSubmitted: the platform may have accepted the request."""


Verdict: TypeAlias = Again | GiveUp | PerhapsDone


class Retries:
    """The story of one request: asked after each failure, and remembers what was spent.

    `random` gives numbers in [0, 1); `can_renew` says that the credential is a token made from a key.
    """

    __slots__ = (
        "_arrived",
        "_lost",
        "_overloads",
        "_patience_left",
        "_policy",
        "_random",
        "_renewals_left",
        "_replay",
        "_retries",
    )

    def __init__(
        self, policy: Policy, replay: Replay, random: Callable[[], float], *, can_renew: bool = False
    ) -> None:
        self._policy = policy
        self._replay = replay
        self._random = random
        self._renewals_left = TOKEN_RENEWALS if can_renew else 0
        self._patience_left = policy.overload_patience
        self._retries = 0
        self._lost = 0
        self._overloads = 0
        self._arrived = False

    def __repr__(self) -> str:
        return f"<Retries {self._retries} of {self._policy.max_retries}, {self._lost} answers lost>"

    def after(self, failure: Failure, remaining: float | None) -> Verdict:
        """What to do now, with `remaining` seconds of the total clock left (None: no limit)."""
        arrived_before, self._arrived = self._arrived, self._arrived or failure.stage is not Stage.NOT_SENT
        if failure.rule is not None and failure.rule.remedy is Remedy.RENAME and arrived_before:
            return PerhapsDone()
        if self._replay is Replay.ONCE and _may_have_created(failure):
            return PerhapsDone()
        return _within(remaining, self._wish(failure))

    def _wish(self, failure: Failure) -> Again | GiveUp:
        """The verdict as if there were time without end."""
        if failure.stage is Stage.REFUSED:
            return self._after_refusal(failure)
        if failure.stage is Stage.LOST:
            return self._resend(failure)
        if failure.stage is Stage.UNREADABLE and self._replay is not Replay.SAFE:
            return GiveUp()
        return self._back_off(failure)

    def _after_refusal(self, failure: Failure) -> Again | GiveUp:
        if failure.should_retry is False:
            return GiveUp("The platform asks not to repeat it.")
        match _remedy(failure):
            case Remedy.REPEAT:
                return self._after_breakdown(failure)
            case Remedy.SLOWER:
                return self._back_off(failure, OWN_LOAD_BASE_SECONDS)
            case Remedy.PAUSE:
                return GiveUp() if self._replay is Replay.ONCE else self._back_off(failure)
            case Remedy.PATIENCE:
                return self._wait_for_the_platform(failure)
            case Remedy.RENEW:
                return self._renew()
            case _:
                return GiveUp()

    def _after_breakdown(self, failure: Failure) -> Again | GiveUp:
        """A gateway that gave up waiting does not know whether the work was done; the service that failed does."""
        if self._replay is Replay.BILLED and not (failure.rule and failure.rule.code):
            return GiveUp(PERHAPS_BILLED)
        return self._back_off(failure)

    def _back_off(self, failure: Failure, base: float = BACKOFF_BASE_SECONDS) -> Again | GiveUp:
        if self._retries >= self._policy.max_retries:
            return GiveUp()
        ceiling = min(BACKOFF_CEILING_SECONDS, base * 2.0 ** min(self._retries, 16))
        self._retries += 1
        return Again((failure.retry_after or 0.0) + ceiling * self._random())

    def _resend(self, failure: Failure) -> Again | GiveUp:
        """After a lost answer. Submissions never come here."""
        if self._replay is Replay.BILLED:
            return GiveUp(PERHAPS_BILLED)
        if self._replay is Replay.COSTLY and self._lost >= COSTLY_RESENDS:
            return GiveUp("It was resent once already, and each time may have been billed.")
        self._lost += 1
        return self._back_off(failure)

    def _wait_for_the_platform(self, failure: Failure) -> Again | GiveUp:
        asked = failure.retry_after or 0.0
        if self._patience_left <= 0 or asked > self._patience_left:
            return GiveUp()
        self._overloads += 1
        step = min(OVERLOAD_LONGEST_STEP_SECONDS, OVERLOAD_STEP_SECONDS * self._overloads)
        # Between half a step and a whole one: full jitter's short pauses would only add to the load.
        delay = min(self._patience_left, max(asked, step * (0.5 + 0.5 * self._random())))
        self._patience_left -= delay
        return Again(delay)

    def _renew(self) -> Again | GiveUp:
        # Also for submissions: who is turned away at the door has created nothing.
        if not self._renewals_left:
            return GiveUp()
        self._renewals_left -= 1
        return Again(0.0, renew_token=True)


def retry_after_seconds(value: str | None, wall: float) -> float | None:
    """Read a Retry-After header, seconds or a date, at the wall clock's `wall`; None if it says nothing."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    # Here, since hardly any answer names a date, and what reads dates takes 5 ms to import.
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    # "-0000" makes a naive date; HTTP knows only GMT.
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, aware.timestamp() - wall)


def should_retry(value: str | None) -> bool | None:
    """Read an x-should-retry header, which zai-sdk obeys; None if it says nothing."""
    return {"true": True, "false": False}.get((value or "").strip().lower())


def _remedy(failure: Failure) -> Remedy:
    """What helps; the platform's own wish counts where no business code says better."""
    rule = failure.rule
    if rule is None:
        return Remedy.CHANGE
    if failure.should_retry and not rule.code and rule.remedy is Remedy.CHANGE:
        return Remedy.PAUSE
    return rule.remedy


def _may_have_created(failure: Failure) -> bool:
    if failure.stage is Stage.REFUSED:
        return failure.rule is not None and failure.rule.remedy is Remedy.REPEAT
    return failure.stage is not Stage.NOT_SENT


def _within(remaining: float | None, wish: Again | GiveUp) -> Again | GiveUp:
    """Fail now rather than wait for a moment that will not come."""
    if isinstance(wish, GiveUp):
        return wish
    if wish.delay > LONGEST_RETRY_AFTER_SECONDS:
        return GiveUp(f"The platform asks to come back in {wish.delay:.0f} s.")
    if remaining is not None and wish.delay >= remaining:
        return GiveUp(f"The next attempt was due in {wish.delay:.1f} s, and the 'total' clock ends before.")
    return wish
