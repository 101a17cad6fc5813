"""Faults on demand: what goes wrong on a realtime socket, when, and how. No I/O here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from .realtime_events import Event

REFUSAL_CODES = {
    401: "1000",
    403: "1220",
    429: "1302",
}  # business codes that the platform sends with a status
FaultKind = Literal[
    "refuse",
    "drop",
    "close",
    "stall",
    "malformed",
    "unknown",
    "duplicate",
    "lose",
    "error",
    "binary",
    "not_json",
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault. It waits for the `nth` event of type `at` that a session is about to send.

    - `refuse`: the next handshake is answered with `status` and `code`
    - `drop`: the TCP connection is cut in place of the event (a client sees 1006)
    - `close`: the socket is closed with `close_code` and `reason` in place of the event
    - `stall`: from here on nothing is sent for `seconds` (None: never again), the socket stays open
    - `malformed`: the event's JSON is cut in half
    - `not_json`: a message that is no JSON object
    - `unknown`: an event of a type nobody knows goes before it
    - `duplicate`: the event is sent twice, with the same ids
    - `lose`: the event is not sent
    - `error`: an `error` event with `code` goes before it
    - `binary`: the event goes as a binary frame
    """

    kind: FaultKind
    at: str = "response.audio.delta"
    nth: int = 1
    status: int = 503
    code: str = ""
    """Of an `error` event or a refusal; empty: what usually comes with it."""
    close_code: int = 1011
    reason: str = ""
    seconds: float | None = None

    def refusal_code(self) -> str:
        return self.code or REFUSAL_CODES.get(self.status, "500")


@dataclass(frozen=True)
class Send:
    text: bytes
    binary: bool = False


@dataclass(frozen=True)
class Pause:
    seconds: float | None


@dataclass(frozen=True)
class Close:
    code: int
    reason: str


class Cut:
    """Cut the TCP connection, no closing handshake."""


Action = Send | Pause | Close | Cut


class FaultQueue:
    """Faults in the order they were asked for; each strikes once, the next one waits for its turn."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def refusal(self) -> Fault | None:
        """Take the fault that refuses this handshake, if one is next."""
        if self._waiting and self._waiting[0].kind == "refuse":
            return self._waiting.popleft()
        return None

    def sending(self, event: Event) -> list[Action]:
        """Say how the event leaves: usually as it is."""
        plain = Send(msgspec.json.encode(event))
        fault = self._waiting[0] if self._waiting else None
        if fault is None or fault.kind == "refuse" or fault.at not in ("*", event["type"]):
            return [plain]
        if fault.nth > 1:
            self._waiting[0] = msgspec.structs.replace(fault, nth=fault.nth - 1)
            return [plain]
        self._waiting.popleft()
        return _strike(fault, event, plain)


def _strike(fault: Fault, event: Event, plain: Send) -> list[Action]:
    stamp = {"event_id": event.get("event_id"), "client_timestamp": event.get("client_timestamp")}
    error = {
        "type": "server_error",
        "code": fault.code or "server_error",
        "message": "The server had an error.",
    }
    actions: dict[FaultKind, list[Action]] = {
        "drop": [Cut()],
        "close": [Close(fault.close_code, fault.reason)],
        "stall": [Pause(fault.seconds), plain],
        "malformed": [Send(plain.text[: len(plain.text) // 2])],
        "not_json": [Send(b"[]"), plain],
        "unknown": [_encoded({**stamp, "type": "response.weather.delta", "delta": {"sunny": True}}), plain],
        "duplicate": [plain, plain],
        "lose": [],
        "error": [_encoded({**stamp, "type": "error", "error": error}), plain],
        "binary": [Send(plain.text, binary=True)],
    }
    return actions[fault.kind]


def _encoded(event: Event) -> Send:
    return Send(msgspec.json.encode(event))
