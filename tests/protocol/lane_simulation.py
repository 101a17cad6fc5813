"""A platform with a hidden cap, a lane in front of it, and time that passes only between events."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from zhipu_async.protocol.codes import look_up
from zhipu_async.protocol.endpoint import Replay
from zhipu_async.protocol.limits import ACCEPTED, Lane, Ticket
from zhipu_async.protocol.retry import Again, Failure, Policy, Retries, Stage

REFUSED = Failure(Stage.REFUSED, look_up(429, "1302"))


@dataclass
class Result:
    """What came of one run."""

    sent: int = 0
    refused: int = 0
    succeeded: int = 0
    failed: int = 0
    served_seconds: float = 0.0
    """The durations of the requests that were served, added up."""
    possible_seconds: float = 0.0
    """The hidden cap, added up over the time of the run."""

    @property
    def refused_share(self) -> float:
        return self.refused / self.sent

    @property
    def throughput_share(self) -> float:
        return self.served_seconds / self.possible_seconds


class Run:
    """`calls` requests that all want to be sent at once, with the retries that a call makes."""

    def __init__(
        self,
        *,
        calls: int,
        hidden_cap: Callable[[int, float], int],
        duration: Callable[[Random], float],
        refusal: float,
        seed: int = 0,
        lane: Lane | None = None,
    ) -> None:
        self.lane = lane or Lane()
        self.result = Result()
        self.now = 0.0
        self.caps_seen: list[int] = []
        self._hidden_cap = hidden_cap
        self._duration = duration
        self._refusal = refusal
        self._random = Random(seed)
        self._serving = 0
        self._calls = calls
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._waiting = deque(self._retries() for _ in range(calls))

    def run(self) -> Result:
        self._let_in()
        while self._events and self.result.succeeded + self.result.failed < self._calls:
            at, _, happen = heapq.heappop(self._events)
            self.result.possible_seconds += (at - self.now) * self._cap()
            self.now = at
            happen()
            self._let_in()
        return self.result

    def _cap(self) -> int:
        return self._hidden_cap(self.result.succeeded, self.now)

    def _retries(self) -> Retries:
        return Retries(Policy(), Replay.COSTLY, self._random.random)

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happen))

    def _let_in(self) -> None:
        while self._waiting and (ticket := self.lane.enter(self.now)):
            self._send(ticket, self._waiting.popleft())
        if self._waiting and self.now < self.lane.closed_until:
            self._after(self.lane.closed_until - self.now, lambda: None)

    def _send(self, ticket: Ticket, retries: Retries) -> None:
        # What is sent first need not arrive first.
        self._after(self._random.random() * self._refusal / 5, lambda: self._arrive(ticket, retries))

    def _arrive(self, ticket: Ticket, retries: Retries) -> None:
        self.result.sent += 1
        if self._serving >= self._cap():
            self._after(self._refusal * (0.5 + self._random.random()), lambda: self._refuse(ticket, retries))
            return
        self._serving += 1
        seconds = self._duration(self._random)
        self.result.served_seconds += seconds
        self._after(seconds, lambda: self._succeed(ticket))

    def _succeed(self, ticket: Ticket) -> None:
        self._serving -= 1
        self.result.succeeded += 1
        self._leave(ticket, ACCEPTED)

    def _refuse(self, ticket: Ticket, retries: Retries) -> None:
        self.result.refused += 1
        self._leave(ticket, "1302")
        verdict = retries.after(REFUSED, None)
        if isinstance(verdict, Again):
            self._after(verdict.delay, lambda: self._waiting.append(retries))
        else:
            self.result.failed += 1

    def _leave(self, ticket: Ticket, answer: str) -> None:
        self.lane.leave(ticket, answer, self.now, waiting=bool(self._waiting))
        self.caps_seen.append(self.lane.cap)
