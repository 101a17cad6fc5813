"""What the platform offers at one address: everything that a call needs to know about it. No I/O here."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

T_co = TypeVar("T_co", covariant=True)


class Replay(Enum):
    """How often a request may be sent."""

    SAFE = "reads and deletes: repeat freely"
    COSTLY = "costs money, changes nothing: one resend once bytes have left"
    BILLED = "works for minutes and is billed for it: no resend once bytes have left, unless it was refused"
    ONCE = "creates something: never again unless it surely did not arrive"


class Root(Enum):
    """What a path is relative to."""

    PAAS = "the base URL, ending in /paas/v4 or /coding/paas/v4"
    API = "the API root, the base URL without that tail"


class Envelope(StrEnum):
    """What stands around the reply in a body that reports success."""

    BARE = "nothing"
    CONTENT = "no JSON at all: the body is the content, such as sound"
    TASK = "nothing; an error beside a task's status belongs to the task, not to the call"
    ANSWER = "nothing; an error beside messages of an answer belongs to the answer"
    CODE_200 = "{code: 200, message, data}"
    SUCCESS = "{success: true, code: 200, msg, data}"
    FINAGENT = "{code: 0, message, data}, with a code table of its own"


class StreamEnd(Enum):
    """How a stream of this endpoint says that it is whole."""

    DONE = "data: [DONE], or a finish_reason before the end of the body"
    EVENT = "an event of a name that the endpoint knows, or [DONE]"
    EOF = "the end of the body"


class Endpoint(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True):
    """One operation of the platform; `name` is what users call it: `videos.submit`."""

    name: str
    method: str = "POST"
    path: str
    reply: type[T_co]
    replay: Replay
    root: Root = Root.PAAS
    envelope: Envelope = Envelope.BARE
    ends: StreamEnd = StreamEnd.DONE
    takes_request_id: bool = False
    default_model: str = ""
    check: Callable[[object], None] | None = None
    """Raises for a reply that can be read and is a failure all the same."""
