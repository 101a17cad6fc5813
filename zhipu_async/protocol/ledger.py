"""What a ledger keeps about one paid request: never the prompt, only its fingerprint. No I/O here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from zhipu_async.errors import (
    APIConnectionError,
    APIStatusError,
    BadRequestError,
    ContentBlocked,
    MaybeSubmitted,
    OutputError,
    StreamFailed,
    TaskFailed,
    UsageError,
)


class State(StrEnum):
    """How far one paid request is known to have come."""

    INTENT = "intent"
    """It was about to be sent; whether it arrived is not known."""
    SUBMITTED = "submitted"
    """The platform gave it an id, and may still be at it."""
    DONE = "done"
    """It ended, and the result is kept."""
    FAILED = "failed"
    """It ended without a result, which may have been paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One paid request."""

    id: str
    endpoint: str
    job: str = ""
    key: str = ""
    fingerprint: str = ""
    state: State = State.INTENT
    ref: str = ""
    """What `zhipu.tasks.attach` takes, once there is an id."""
    result: bytes = b""
    """The platform's answer, or the reason of a failure, as JSON."""
    created: float = 0.0
    """Seconds since the epoch."""
    held: bool = False
    """Whether another process that is alive is at it."""


def fingerprint(fields: Mapping[str, object]) -> str:
    """Return what two requests share only if they are the same, and from which nothing can be read back."""
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, default=repr, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Trace(Enum):
    """What a failed request leaves in the ledger."""

    NOTHING = "it surely was not accepted: the next run may send it again"
    INTENT = "it may have been accepted: nobody sends it again unless told to"
    FAILURE = "it has ended, and without a result: the next run hears the same"


FINAL = (BadRequestError, ContentBlocked, TaskFailed, OutputError, StreamFailed)


def trace_of(error: BaseException) -> Trace:
    """Return what a request that ended with this error leaves behind."""
    if isinstance(error, FINAL):
        return Trace.FAILURE
    if isinstance(error, MaybeSubmitted):
        return Trace.INTENT
    # The call flow turns everything that may have arrived into MaybeSubmitted, for requests that are sent once.
    refused = isinstance(error, UsageError | APIStatusError | APIConnectionError)
    return Trace.NOTHING if refused else Trace.INTENT
