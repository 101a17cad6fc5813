"""The realtime session's clocks: what runs, and what it means when one runs out. No clock of its own here."""

from __future__ import annotations

import math

import msgspec

from zhipu_async.protocol.realtime_states import Word


class Timer(Word):
    """What a session waits for."""

    GREETING = "session.created"
    SETUP = "session.created or session.updated"
    UPDATE = "session.updated"
    RESTORE = "the platform's answers to the items told again"
    ANSWER = "the next event of an answer"
    CANCEL = "the end of a cancelled answer"
    SPEECH = "the end of speech"
    ENDPOINT = "the turn after the end of speech"
    LIVENESS = "any message at all"
    PONG = "an answer to our ping"


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds each wait may take; the defaults fit the platform's habits."""

    handshake: float = 10.0  # TCP, TLS and the upgrade together
    greeting: float = 3.0  # then the configuration is sent all the same: vendor clients never wait
    setup: float = 10.0
    update: float = 10.0
    restore: float = 2.0  # items that the platform refuses are refused at once
    answer: float = 30.0
    cancel: float = 2.0  # after a cancel, response.done usually follows within one
    speech: float = 60.0
    endpoint: float = 10.0
    liveness: float = 75.0  # two heartbeats of 30 s missed, and slack
    pong: float = 10.0

    def seconds(self, timer: Timer) -> float:
        """Return how long this wait may take."""
        seconds: float = getattr(self, timer.name.lower())
        return seconds


class Timers:
    """The waits under way and when each is over."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._seconds = {timer: patience.seconds(timer) for timer in Timer}
        self._due: dict[Timer, float] = {}
        self.soonest: float = math.inf
        """No wait is over before this: what is begun anew with each event need not be looked at each time."""

    def start(self, timer: Timer, now: float) -> None:
        """Begin a wait, or begin it anew."""
        due = self._due[timer] = now + self._seconds[timer]
        if due < self.soonest:
            self.soonest = due

    def stop(self, *timers: Timer) -> None:
        """End waits that were answered."""
        for timer in timers:
            self._due.pop(timer, None)

    def clear(self) -> None:
        """End every wait."""
        self._due.clear()

    def next(self) -> float | None:
        """Return when the first one is over."""
        self.soonest = min(self._due.values(), default=math.inf)
        return None if self.soonest == math.inf else self.soonest

    def expired(self, now: float) -> list[Timer]:
        """Take out the ones that are over, earliest first."""
        over = sorted((due, timer.name) for timer, due in self._due.items() if due <= now)
        timers = [Timer[name] for _, name in over]
        self.stop(*timers)
        return timers
