"""Everything that can go wrong with an answer, as small values that JSON can spell too. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Cut", "Fault", "Html", "KeepAlives", "NeverEnds", "Reset", "Slow", "Splice", "Stall", "TaskFails",
    "WrongContentType",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection in the middle of the answer, after so many events or bytes of the body.

    With neither: after the first event of a stream, in the middle of a whole body. A stream that is shorter is cut
    before its proper end.
    """

    after_events: int | None = None
    after_bytes: int | None = None
    politely: bool = False
    """True: the HTTP body ends well and only its content is incomplete."""

    @property
    def says_where(self) -> bool:
        return self.after_events is not None or self.after_bytes is not None


@dataclass(frozen=True, slots=True)
class Stall:
    """Fall silent after so many events (None: before the status line) until released, or for some seconds."""

    after_events: int | None = None
    seconds: float | None = None
    """None: until `sim.release()` or until the client goes away."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Wait this long before each event, or before a whole answer; not scaled by the pace."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Splice:
    """Break the event off and go on in the same line with an event of another stream, as was seen in the wild."""

    after_events: int = 1


@dataclass(frozen=True, slots=True)
class KeepAlives:
    """Send only SSE comments: so many of them, then nothing (None: on and on until the client leaves)."""

    count: int | None = None
    every: float = 0.05


@dataclass(frozen=True, slots=True)
class WrongContentType:
    """Send the right body under this content type."""

    content_type: str = "text/plain"

    def __post_init__(self) -> None:
        if not self.content_type.isprintable():
            raise ValueError("that cannot be sent as a header")


@dataclass(frozen=True, slots=True)
class Html:
    """Answer with the error page of a proxy."""

    status: int = 502

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError("an answer has a status from 200 to 599")


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the TCP connection: as soon as the head of the request is read, or when all of it was accepted."""

    when: Literal["before_body", "after_body"] = "after_body"


@dataclass(frozen=True, slots=True)
class NeverEnds:
    """Let the submitted task stay PROCESSING for ever."""


@dataclass(frozen=True, slots=True)
class TaskFails:
    """Let the submitted task fail, with either spelling of the status."""

    status: Literal["FAIL", "FAILED"] = "FAIL"
    code: str = "1234"
    message: str = "The task could not be finished"


Fault = Cut | Stall | Slow | Splice | KeepAlives | WrongContentType | Html | Reset | NeverEnds | TaskFails

BY_NAME: dict[str, type[Fault]] = {
    "cut": Cut,
    "stall": Stall,
    "slow": Slow,
    "splice": Splice,
    "keep_alives": KeepAlives,
    "wrong_content_type": WrongContentType,
    "html": Html,
    "reset": Reset,
    "never_ends": NeverEnds,
    "task_fails": TaskFails,
}
"""How JSON spells them."""
