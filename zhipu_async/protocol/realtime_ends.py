"""How a realtime connection ends, and whether another one is worth dialling. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from zhipu_async.errors import InvalidArgument, RealtimeClosed, RealtimeError, RealtimeRefused, TurnStalled
from zhipu_async.types.realtime import Reconnected

NORMAL = 1000
NO_STATUS = 1005
ABNORMAL = 1006
TOO_BIG = 1009
# Going away, no status, cut, internal error, service restart, try again later. The rest says that we did
# something wrong (1002, 1003, 1007-1010), or that the platform meant it (1000).
RETRIED_CODES = frozenset((1001, NO_STATUS, ABNORMAL, 1011, 1012, 1013))

MEANINGS = {
    NORMAL: "the platform ended the session",
    1001: "the platform is going away",
    1002: "a protocol error",
    1003: "a kind of message that is not accepted",
    NO_STATUS: "no reason given",
    ABNORMAL: "the connection was cut",
    1007: "a message that is not text",
    1008: "against the platform's policy",
    TOO_BIG: "a message that is too large",
    1010: "an extension is missing",
    1011: "an internal error of the platform",
    1012: "the platform restarts",
    1013: "the platform is overloaded",
}


def closed(code: int, reason: str, whose: str) -> RealtimeClosed:
    """Build the error for a connection that has ended."""
    meaning = MEANINGS.get(code, "an unknown code")
    words = f": {reason}" if reason else ""
    hint = "Send smaller pictures or pieces of sound." if code == TOO_BIG and whose == "platform" else ""
    return RealtimeClosed(
        f"The realtime connection has ended with {code}, {meaning}{words}.",
        close_code=code,
        reason=reason,
        whose=whose,
        hint=hint,
    )


def worth_retrying(error: RealtimeError) -> bool:
    """Whether another connection may fare better."""
    if isinstance(error, RealtimeRefused):
        return error.status == 429 or error.status >= 500
    if isinstance(error, RealtimeClosed):
        return error.close_code in RETRIED_CODES and error.whose != "ours"
    return isinstance(error, TurnStalled)  # the session was never set up: the platform hung


def as_closed(error: RealtimeError) -> RealtimeClosed:
    """Return what calls of a dead session raise, whatever killed it."""
    return error if isinstance(error, RealtimeClosed) else RealtimeClosed(str(error), whose="platform")


class Reconnect(msgspec.Struct, frozen=True, kw_only=True):
    """How a lost session is dialled again: each delay is drawn between zero and the step it stands for.

    A new connection is a new conversation: it is told again what can be told, and `Reconnected` says what
    is lost. `planned_after` changes the connection between two turns before the platform ends it.
    """

    delays: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
    give_up_after: float = 30.0
    stable_after: float = 10.0  # a connection that held this long starts the count anew
    planned_after: float | None = None
    replay_audio: bool = True  # the turn being spoken, under client VAD

    def __post_init__(self) -> None:
        if not self.delays or min(self.delays) < 0:
            raise InvalidArgument("Reconnect.delays takes at least one number of seconds, none below 0.")

    def delay(self, attempt: int, down_for: float, random: Callable[[], float]) -> float | None:
        """Return how long to wait before this attempt (the first is 1), or None to give up."""
        if attempt > len(self.delays) or down_for >= self.give_up_after:
            return None
        return self.delays[attempt - 1] * random()


class Outages:
    """Counts attempts and keeps what `Reconnected` will report. A planned change is the first attempt itself."""

    def __init__(self, policy: Reconnect | None) -> None:
        self.policy = policy
        self.attempt: int = 0
        self.lost_response: str = ""
        self.planned: bool = False
        self._leaving = False
        self._since = 0.0
        self._ready_at: float | None = None

    def plan(self, now: float) -> None:
        """Begin a change of connection that is ours."""
        self._begin(now)
        self.attempt, self.planned, self._leaving = 1, True, True

    def failed(self, error: RealtimeError, now: float, random: Callable[[], float]) -> float | None:
        """Return how long to wait before dialling again, or None for never."""
        if self._leaving:
            self._leaving = False
            return 0.0
        stable_after = self.policy.stable_after if self.policy else 0.0
        if not self.attempt or (self._ready_at is not None and now - self._ready_at >= stable_after):
            self._begin(now)
        elif self._ready_at is not None:
            self._since = now  # down again, but not up for long enough to count anew
        self._ready_at = None
        self.attempt += 1
        if self.policy is None or not worth_retrying(error):
            return None
        return self.policy.delay(self.attempt, now - self._since, random)

    def ready(self, now: float) -> None:
        """Note that a connection stands."""
        self._ready_at = now

    def report(self, now: float, *, restored_items: int, lost_items: int, lost_audio_ms: int) -> Reconnected:
        """Say what the outage cost."""
        reported = Reconnected(
            attempt=self.attempt,
            downtime=now - self._since,
            restored_items=restored_items,
            lost_items=lost_items,
            lost_response=self.lost_response,
            lost_audio_ms=lost_audio_ms,
            planned=self.planned,
        )
        self.lost_response, self.planned = "", False
        return reported

    def _begin(self, now: float) -> None:
        self._since = now
        self.attempt = 0
        self.lost_response = ""
        self.planned = False
