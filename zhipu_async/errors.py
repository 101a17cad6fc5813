"""Every exception of the library.

    ZhipuError                            everything that the library raises
    ├── UsageError                        the caller's mistake: fix the code, nothing was sent
    │   ├── InvalidArgument (ValueError)
    │   ├── InvalidType (TypeError)
    │   ├── MissingKey
    │   ├── StreamClosed                  the stream is over, or another view is reading it
    │   └── IllegalCall                   this realtime call does not fit the session's state
    ├── APIError                          the platform, or the way to it, let us down
    │   ├── APIStatusError                the platform answered with an error
    │   │   ├── AuthenticationError       1000-1005, HTTP 401
    │   │   ├── AccountError              arrears, plan, locked account: 111x, 112x, 1309, 1311, 131x
    │   │   ├── BadRequestError           1210-1215, 1261, HTTP 400
    │   │   ├── PermissionDeniedError     1220, HTTP 403 and 434
    │   │   ├── NotFoundError             1221, 1222, HTTP 404
    │   │   ├── ContentBlocked            1300, 1301: the safety review said no
    │   │   ├── RateLimitError            HTTP 429
    │   │   │   ├── ConcurrencyLimit      1302, 1303: too many of ours at once
    │   │   │   ├── OverloadedError       1305, 1312: the platform itself is busy
    │   │   │   └── QuotaExhausted        1304, 1308, 1310, 1316-1321: wait for the reset
    │   │   └── InternalServerError       500, 1200, 1230, 1234, HTTP 5xx
    │   ├── APIConnectionError            no connection, or it broke
    │   │   └── APITimeoutError           one of the four clocks ran out; `.clock` says which
    │   ├── APIResponseError              an answer that cannot be read, or that is too large
    │   ├── MaybeSubmitted                it may have been accepted and paid: look before sending it again
    │   ├── StreamError                   a stream ended wrong; `.partial` holds what had arrived
    │   │   ├── StreamInterrupted         cut off, or ended without a finish
    │   │   ├── StreamFailed              the platform reported a failure inside the stream
    │   │   └── StreamDamaged             frames that cannot be told apart safely
    │   ├── TaskFailed                    the platform says that the task failed; `.body` is its answer
    │   ├── TaskTimeout (TimeoutError)    waited long enough; the task lives on, `.task_id` finds it again
    │   └── RealtimeError                 the realtime session
    │       ├── RealtimeRefused           the handshake was refused
    │       ├── RealtimeClosed            the connection ended; `.close_code`, `.whose`
    │       ├── RealtimeServerError       an error event of the platform
    │       └── TurnStalled               a known fault: the answer never came, or never ended
    ├── OutputError                       the model's answer is not what was asked for
    │   ├── InvalidToolArguments          a tool call whose arguments are not valid
    │   ├── InvalidOutput                 no valid value after all repair turns
    │   ├── OutputTruncated               cut by max_tokens before it was whole
    │   ├── OutputBlocked                 withheld by the safety review
    │   └── ToolRoundsExceeded            the model kept calling tools
    └── LedgerError                       the ledger file cannot be used

Every error pickles, and none holds a key or a prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseError",
    "APIStatusError",
    "APITimeoutError",
    "AccountError",
    "AuthenticationError",
    "BadRequestError",
    "ConcurrencyLimit",
    "ContentBlocked",
    "IllegalCall",
    "InternalServerError",
    "InvalidArgument",
    "InvalidOutput",
    "InvalidToolArguments",
    "InvalidType",
    "LedgerError",
    "MaybeSubmitted",
    "MissingKey",
    "NotFoundError",
    "OutputBlocked",
    "OutputError",
    "OutputTruncated",
    "OverloadedError",
    "PermissionDeniedError",
    "QuotaExhausted",
    "RateLimitError",
    "RealtimeClosed",
    "RealtimeError",
    "RealtimeRefused",
    "RealtimeServerError",
    "StreamClosed",
    "StreamDamaged",
    "StreamError",
    "StreamFailed",
    "StreamInterrupted",
    "TaskFailed",
    "TaskTimeout",
    "ToolRoundsExceeded",
    "TurnStalled",
    "UsageError",
    "ZhipuError",
]

if TYPE_CHECKING:
    from zhipu_async.types.chat import ChatCompletion

T = TypeVar("T")

ENDS_OF_SENTENCES = (".", "!", "?", "…", "]", "。", "！", "？")  # the platform also speaks Chinese
CLOCKS: Mapping[str, str] = {
    "connect": "there was no connection by then",
    "first": "nothing had come back by then, and timeout=Timeout(first=...) waits longer",
    "idle": "nothing more came for so long, and timeout=Timeout(idle=...) waits longer",
    "total": "queueing, retries and pauses count too, and timeout=Timeout(total=...) gives them more",
}
"""What each clock waited for."""
SHOWN_MESSAGE_CHARACTERS = 400  # a gateway's HTML page is not a sentence; `.body` has all of it


def positional(*, default: T, kw_only: bool) -> T:
    """Mark the one fact of an error that may be given by position."""
    del kw_only
    return default


@dataclass_transform(kw_only_default=True, field_specifiers=(positional,))
class Facts(Exception):
    """An exception whose annotated attributes are its arguments, all of them with defaults.

    That the message is the only positional one is what makes copy and pickle work without a word.
    """

    def __init__(self, message: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        for name, value in facts.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no {name!r}")
            setattr(self, name, value)


class ZhipuError(Facts):
    """Everything that the library raises."""

    message: str = positional(default="", kw_only=False)
    hint: str = ""

    def __str__(self) -> str:
        what = self._what()
        if not (what and self.hint):
            return what or self.hint
        return f"{what}{'' if what.endswith(ENDS_OF_SENTENCES) else '.'} {self.hint}"

    def _what(self) -> str:
        return self.message


# ── the caller's mistakes ──────────────────────────────────────────────────────────────────────────


class UsageError(ZhipuError):
    """The caller's mistake: nothing was sent."""


class InvalidArgument(UsageError, ValueError):
    """An argument whose value cannot work; the message says what would."""


class InvalidType(UsageError, TypeError):
    """An argument of the wrong type, or one that does not exist."""


class MissingKey(UsageError):
    """No API key in the arguments or in the environment."""


class StreamClosed(UsageError):
    """The stream is over, or another view is reading it."""


class IllegalCall(UsageError):
    """This call does not fit the realtime session's state; nothing was sent. `.reason` is a name to compare."""

    call: str = ""
    state: str = ""
    reason: str = ""


# ── the platform, and the way to it ────────────────────────────────────────────────────────────────


class APIError(ZhipuError):
    """The platform, or the way to it, let us down."""

    endpoint: str = ""
    request_id: str = ""
    log_id: str = ""
    attempts: int = 0

    def _what(self) -> str:
        return f"{shorten(self.message)}{self._where()}"

    def _where(self) -> str:
        facts = (
            self.endpoint,
            self.request_id and f"request_id {self.request_id}",
            self.log_id and f"log id {self.log_id}",
            f"{self.attempts} attempts" if self.attempts > 1 else "",
        )
        known = ", ".join(fact for fact in facts if fact)
        return f" [{known}]" if known else ""


class APIStatusError(APIError):
    """The platform answered with an error, whatever the HTTP status; `.docs` is where to read about it."""

    code: str = ""
    status: int = 0
    body: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    content_filter: tuple[Mapping[str, object], ...] = ()
    docs: str = ""

    def __str__(self) -> str:
        known = self.docs.rpartition("-")[2]
        asked = known if known.isdecimal() else str(self.status)
        if not self.docs or asked.startswith("2"):  # a fault in an answer of HTTP 200 that no page describes
            return super().__str__()
        # Whoever has installed the package has the command, and not the page.
        return f"{super().__str__()} `zhipu-async explain {asked}` says more."

    @property
    def status_code(self) -> int:
        """The HTTP status, under the name that openai and zai-sdk use."""
        return self.status

    def _what(self) -> str:
        code = f" code {self.code}:" if self.code else ":" if self.message else ""
        return f"HTTP {self.status}{code} {shorten(self.message)}".rstrip() + self._where()


class AuthenticationError(APIStatusError):
    """The key or token was refused."""


class AccountError(APIStatusError):
    """The account cannot pay for this: arrears, no plan, wrong plan, locked."""


class BadRequestError(APIStatusError):
    """The platform refuses the request as it stands."""


class PermissionDeniedError(APIStatusError):
    """The account may not use this API."""


class NotFoundError(APIStatusError):
    """No such path, API or object."""


class ContentBlocked(APIStatusError):
    """The safety review refused the input or the answer; `.content_filter` says whose and how severe."""


class RateLimitError(APIStatusError):
    """HTTP 429 with a code that says: later."""


class ConcurrencyLimit(RateLimitError):
    """Too many requests of this key in flight for the model (1302, 1303)."""


class OverloadedError(RateLimitError):
    """The platform is busy for everybody (1305, 1312)."""


class QuotaExhausted(RateLimitError):
    """A quota is used up until its reset; the message says when that is."""


class InternalServerError(APIStatusError):
    """The platform failed."""


class APIConnectionError(APIError):
    """No connection to the platform, or it broke; `.sent` tells whether the request may have arrived."""

    sent: bool = True


class APITimeoutError(APIConnectionError, TimeoutError):
    """One of the four clocks ran out; `.partial` is what a stream had brought by then."""

    clock: str = ""
    seconds: float = 0.0
    partial: ChatCompletion | None = None

    def _what(self) -> str:
        ran_out = f"the '{self.clock}' clock ran out after {self.seconds:g} s" if self.clock else ""
        what = self.message or CLOCKS.get(self.clock, "")
        text = ": ".join(part for part in (ran_out, what) if part)
        return text + self._where()


class APIResponseError(APIError):
    """An answer that cannot be read, or that is larger than the limit."""

    status: int = 0
    body: str = ""


class MaybeSubmitted(APIError):
    """The platform may have accepted this, and may charge for it: look before sending it again.

    The failure that hid the answer is the `__cause__`.
    """


class StreamError(APIError):
    """A stream ended wrong; `.partial` is the completion assembled from what had arrived."""

    partial: ChatCompletion | None = None
    code: str = ""

    def _what(self) -> str:
        code = f"code {self.code}: " if self.code else ""
        return f"{code}{shorten(self.message)}{self._where()}"


class StreamInterrupted(StreamError):
    """The stream was cut off, or ended without saying that it was finished."""


class StreamFailed(StreamError):
    """The platform reported a failure inside the stream, or that it broke off a whole answer."""


class StreamDamaged(StreamError):
    """Frames of the stream cannot be told apart safely."""


class TaskFailed(APIError):
    """The platform says that the task failed; `.body` is its whole answer."""

    task_id: str = ""
    kind: str = ""
    status: str = ""
    code: str = ""
    body: str = ""

    def _what(self) -> str:
        code = f" (code {self.code})" if self.code else ""
        reason = shorten(self.message) or "the platform gives no reason"
        return f"{self.kind} task {self.task_id} ended as {self.status}{code}: {reason}{self._where()}"


class TaskTimeout(APIError, TimeoutError):
    """Waited long enough; the task lives on and `zhipu.tasks.attach(error.ref)` waits for it again."""

    task_id: str = ""
    ref: str = ""
    seconds: float = 0.0


class RealtimeError(APIError):
    """The realtime session failed."""


class RealtimeRefused(RealtimeError):
    """The platform refused the handshake; `.status` is the HTTP status."""

    status: int = 0
    code: str = ""
    body: str = ""


class RealtimeClosed(RealtimeError):
    """The connection has ended; `.close_code` as on the wire, `.whose` is "ours", "platform" or "network"."""

    close_code: int = 1006
    reason: str = ""
    whose: str = "network"


class RealtimeServerError(RealtimeError):
    """The platform sent an error event for a call or a response."""

    code: str = ""
    kind: str = ""
    event_id: str = ""


class TurnStalled(RealtimeError):
    """A known fault of the platform: the answer did not start, or did not end, in time."""

    waiting_for: str = ""
    seconds: float = 0.0


# ── the model's output ─────────────────────────────────────────────────────────────────────────────


class OutputError(ZhipuError):
    """The answer is not what was asked for; `.completion` is what the model said."""

    completion: ChatCompletion | None = None


class InvalidToolArguments(OutputError):
    """The model called a tool with arguments that do not fit."""

    tool: str = ""


class InvalidOutput(OutputError):
    """No valid value, also after every repair turn."""

    attempts: int = 0


class OutputTruncated(OutputError):
    """The answer was cut by `max_tokens` before it was whole."""


class OutputBlocked(OutputError):
    """The safety review withheld the answer."""


class ToolRoundsExceeded(OutputError):
    """The model kept calling tools beyond the cap on rounds."""


class LedgerError(ZhipuError):
    """The ledger file cannot be used; nothing was submitted, unless `ref` says what."""

    ref: str = ""
    """The task whose id could not be written: `zhipu.tasks.attach` takes it. "" when nothing was sent."""


def shorten(text: str, limit: int = SHOWN_MESSAGE_CHARACTERS) -> str:
    """The text on one line, cut where it stops being a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}…"
