"""The four clocks of a call. No I/O here."""

from __future__ import annotations

import math

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidType


class Timeout(msgspec.Struct, frozen=True):
    """The four clocks, in seconds; None is no limit.

    connect: opening the connection, name look-up and TLS included.
    first: until the response begins; for a stream, until its first delta.
    idle: between two pieces of the response; keep-alives are not progress, reasoning is.
    total: everything, queueing, retries and backoff included; for a stream, until its first delta.
    """

    connect: float | None = 10.0
    first: float | None = 300.0  # thinking models are silent for minutes
    idle: float | None = 300.0
    total: float | None = 900.0

    def __post_init__(self) -> None:
        for clock in ("connect", "first", "idle", "total"):
            _check(f"Timeout({clock}=...)", getattr(self, clock))

    def override(self, timeout: Timeout | float | None) -> Timeout:
        """Return these clocks with a number, or None, taken as the total; a Timeout replaces all four."""
        if isinstance(timeout, Timeout):
            return timeout
        _check("timeout", timeout, "seconds, a Timeout or None")
        return msgspec.structs.replace(self, total=timeout)


def check_wait(seconds: object) -> None:
    """Raise unless this is how long one may wait for a task; None is no limit, 0 only looks."""
    if seconds == 0 and not isinstance(seconds, bool):
        return
    _check("timeout", seconds)


def _check(name: str, seconds: object, takes: str = "seconds or None") -> None:
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise InvalidType(f"{name} takes {takes}, not {type(seconds).__name__}")
    if not 0 < seconds < math.inf:
        raise InvalidArgument(f"{name} must be more than 0 seconds, not {seconds!r}; None means no limit")
