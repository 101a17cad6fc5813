"""What the platform's business codes and HTTP statuses mean and what helps: the one table. No I/O here."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from zhipu_async.errors import (
    AccountError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConcurrencyLimit,
    ContentBlocked,
    InternalServerError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExhausted,
    RateLimitError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Remedy(Enum):
    """What helps after a refusal; the text is what the documentation says about retries."""

    REPEAT = "repeated with growing pauses; a submission raises MaybeSubmitted instead"
    """The platform failed. It may have done the work all the same."""

    PAUSE = "repeated with growing pauses; a submission is not"
    """Refused for a reason that passes."""

    SLOWER = "repeated; meanwhile every request for the model is held back"
    """Our own load: the limiter acts on it too."""

    PATIENCE = "only with overload_patience=, in steps of half a minute and more"
    """Everybody's load: it lasts minutes, so quick repeats only add to it."""

    RENEW = "repeated once with a fresh token under auth='jwt', else final"
    """A token can be made again, a key cannot."""

    RENAME = "final; after a resend it raises MaybeSubmitted"
    """The platform has seen this request_id, so an earlier attempt arrived."""

    RESET = "final: a quota comes back at its reset time"
    CHANGE = "final: the same request gets the same answer"


class Rule(msgspec.Struct, frozen=True):
    """One row of the table. A `code` of "" is a rule for an HTTP status that came without a known code."""

    code: str
    status: int
    """The HTTP status that the platform's pages name; 0 where none does."""
    meaning: str
    error: type[APIStatusError]
    remedy: Remedy
    hint: str = ""
    family: str = ""
    """The part of the platform with a table of its own, such as "finagent"."""

    @property
    def anchor(self) -> str:
        """Where docs/errors.md speaks about this rule."""
        name = f"code-{self.code}" if self.code else f"http-{self.status or self.error.__name__}"
        return f"{self.family}-{name}" if self.family else name


_CHECK_KEY = "Check the key, and that it belongs to the site: a key of bigmodel.cn is unknown at z.ai."
_CHECK_ADDRESS = "Check the id, and base_url: it ends in /api/paas/v4, and no /v1 follows."
_CHECK_CLOCK = "A token lives minutes: auth='jwt' renews it, and needs a clock that is right."
_SEE_CONSOLE = "The account's page in the platform's console says more."
_NO_MONEY = (
    "Top up the account or buy a package. A Coding Plan key works only with plan='coding', "
    "and there only for chat."
)
_PARAMETERS = (
    "Compare the parameters with the model's page: some models always think and refuse "
    "thinking={'type': 'disabled'}, and reasoning_effort takes only a few values."
)
_CONTENT = (
    "content_filter says whose part it is (user, assistant, history) and how severe: 0 is worst, 3 is mild."
)
_OWN_LOAD = (
    "The limiter lowers its cap by itself; limits={model: n} sets it, "
    "and other programs with this key count too."
)
_PATIENCE = "This lasts minutes: overload_patience=300 waits for it; another model may be free."
_AT_RESET = "The message names the reset time; repeating the request before it is of no use."

_PLATFORM_ROWS = (
    Rule("500", 500, "internal error", InternalServerError, Remedy.REPEAT),
    Rule("1000", 401, "authentication failed", AuthenticationError, Remedy.CHANGE, _CHECK_KEY),
    Rule("1001", 401, "the Authorization header is missing", AuthenticationError, Remedy.CHANGE, _CHECK_KEY),
    Rule("1002", 401, "the token is illegal", AuthenticationError, Remedy.CHANGE, _CHECK_KEY),
    Rule("1003", 401, "the token has expired", AuthenticationError, Remedy.RENEW, _CHECK_CLOCK),
    Rule("1004", 401, "the token could not be verified", AuthenticationError, Remedy.RENEW, _CHECK_CLOCK),
    Rule("1005", 401, "a second factor is required", AuthenticationError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1100", 0, "the account could not be read or written", AccountError, Remedy.PAUSE),
    Rule("1110", 0, "the account is not active", AccountError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1111", 0, "the account does not exist", AccountError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1112", 0, "the account is locked", AccountError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1113", 429, "in arrears, or no usable resource package", AccountError, Remedy.CHANGE, _NO_MONEY),
    Rule("1120", 0, "the account is not accessible for the moment", AccountError, Remedy.PAUSE),
    Rule("1121", 429, "the account is locked for violations", AccountError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1200", 500, "the call failed", InternalServerError, Remedy.REPEAT),
    Rule("1210", 400, "wrong parameters, or an unreadable file", BadRequestError, Remedy.CHANGE, _PARAMETERS),
    Rule(
        "1211", 400, "the model does not exist", BadRequestError, Remedy.CHANGE,
        "Check the spelling; models.list() does not know every model.",
    ),
    Rule(
        "1212", 400, "the model does not support this way of calling", BadRequestError, Remedy.CHANGE,
        "Some models answer only to submit(), others only to streams.",
    ),
    Rule("1213", 400, "a field was not received", BadRequestError, Remedy.CHANGE),
    Rule("1214", 400, "a field has an illegal value", BadRequestError, Remedy.CHANGE),
    Rule("1215", 400, "two fields exclude each other", BadRequestError, Remedy.CHANGE),
    Rule("1220", 403, "no right to use this API", PermissionDeniedError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1221", 400, "the API was taken offline", NotFoundError, Remedy.CHANGE),
    Rule("1222", 400, "the API does not exist", NotFoundError, Remedy.CHANGE, "Check base_url= and site=."),
    Rule("1230", 500, "an error in the course of the call", InternalServerError, Remedy.REPEAT),
    Rule(
        "1231", 0, "a request with this request_id exists already", BadRequestError, Remedy.RENAME,
        "Leave request_id out, or give every request its own.",
    ),
    Rule(
        "1234", 500, "a network error inside the platform", InternalServerError, Remedy.REPEAT,
        "The platform's support can look up the id in the message.",
    ),
    Rule(
        "1261", 400, "the prompt is too long", BadRequestError, Remedy.CHANGE,
        "Shorten it; tokenizer.create() counts its tokens.",
    ),
    Rule("1300", 0, "blocked by policy", ContentBlocked, Remedy.CHANGE),
    Rule("1301", 400, "unsafe or sensitive content", ContentBlocked, Remedy.CHANGE, _CONTENT),
    Rule("1302", 429, "too many requests in flight", ConcurrencyLimit, Remedy.SLOWER, _OWN_LOAD),
    Rule("1303", 429, "requests come too often", ConcurrencyLimit, Remedy.SLOWER, _OWN_LOAD),
    Rule("1304", 429, "the limit of the day is reached", QuotaExhausted, Remedy.RESET),
    Rule("1305", 429, "the model is overloaded", OverloadedError, Remedy.PATIENCE, _PATIENCE),
    Rule("1308", 429, "the usage limit is reached", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1309", 429, "the Coding Plan has expired", AccountError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1310", 429, "the limit of the week or month is reached", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1311", 429, "the plan does not include this model", AccountError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("1312", 429, "the model is busy", OverloadedError, Remedy.PATIENCE, _PATIENCE),
    Rule(
        "1313", 429, "throttled by the fair-use rule", AccountError, Remedy.CHANGE,
        "The platform's console can lift it; waiting does not.",
    ),
    Rule("1314", 429, "the enterprise plan is not valid any more", AccountError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule(
        "1315", 429, "the key is only for the enterprise Coding Plan", AccountError, Remedy.CHANGE,
        "Use plan='coding', or a standard key.",
    ),
    Rule("1316", 429, "5-hour limit, main account empty", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1317", 429, "7-day limit, main account empty", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1318", 429, "5-hour limit, a sub-account's month", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1319", 429, "7-day limit, a sub-account's month", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1320", 429, "5-hour limit, the enterprise's month", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1321", 429, "7-day limit, the enterprise's month", QuotaExhausted, Remedy.RESET, _AT_RESET),
    Rule("1701", 0, "too many web searches at once", ConcurrencyLimit, Remedy.PAUSE),
    Rule("1702", 0, "no usable search engine", BadRequestError, Remedy.CHANGE, "Name another search_engine."),
    Rule("1703", 0, "the search engine returned nothing usable", InternalServerError, Remedy.REPEAT),
    Rule("100013", 0, "the knowledge base does not exist", NotFoundError, Remedy.CHANGE),
)  # fmt: skip

_FINAGENT_ROWS = (
    Rule("1001", 0, "authentication failed", AuthenticationError, Remedy.CHANGE, _CHECK_KEY, "finagent"),
    Rule("1002", 0, "invalid user", AuthenticationError, Remedy.CHANGE, _SEE_CONSOLE, "finagent"),
    Rule("1003", 0, "a bad request parameter", BadRequestError, Remedy.CHANGE, "", "finagent"),
    Rule("1004", 0, "sensitive input", ContentBlocked, Remedy.CHANGE, "", "finagent"),
    Rule("1005", 0, "invalid API", NotFoundError, Remedy.CHANGE, "", "finagent"),
    Rule("1006", 0, "an error of the model service", InternalServerError, Remedy.REPEAT, "", "finagent"),
    Rule("1007", 0, "an error inside the workflow", InternalServerError, Remedy.REPEAT, "", "finagent"),
    Rule("1008", 0, "an error while thinking", InternalServerError, Remedy.REPEAT, "", "finagent"),
    Rule("1009", 0, "a database error", InternalServerError, Remedy.REPEAT, "", "finagent"),
    Rule("1010", 0, "an error inside the service", InternalServerError, Remedy.REPEAT, "", "finagent"),
)

_STATUS_ROWS = (
    Rule("", 400, "bad request", BadRequestError, Remedy.CHANGE),
    Rule("", 401, "authentication failed", AuthenticationError, Remedy.CHANGE, _CHECK_KEY),
    Rule("", 403, "no right to use this API", PermissionDeniedError, Remedy.CHANGE, _SEE_CONSOLE),
    Rule("", 404, "no such path or object", NotFoundError, Remedy.CHANGE, _CHECK_ADDRESS),
    Rule("", 408, "the platform waited too long for the request", APIStatusError, Remedy.REPEAT),
    Rule("", 409, "a conflict", APIStatusError, Remedy.PAUSE),
    Rule("", 413, "the body is too large", BadRequestError, Remedy.CHANGE),
    Rule("", 422, "bad request", BadRequestError, Remedy.CHANGE),
    Rule("", 429, "too many requests, for a reason not told", RateLimitError, Remedy.PAUSE),
    Rule("", 434, "no right to use this API, which is in beta", PermissionDeniedError, Remedy.CHANGE),
    Rule("", 435, "the file is larger than 100 MB", BadRequestError, Remedy.CHANGE),
    Rule("", 500, "internal error", InternalServerError, Remedy.REPEAT),
    Rule("", 502, "the gateway got no answer", InternalServerError, Remedy.REPEAT),
    Rule("", 503, "the platform is busy", InternalServerError, Remedy.REPEAT),
    Rule("", 504, "the gateway waited too long", InternalServerError, Remedy.REPEAT),
)

_OTHER_SERVER_STATUS = Rule("", 0, "the platform failed", InternalServerError, Remedy.REPEAT)
_OTHER_STATUS = Rule("", 0, "an answer that no page describes", APIStatusError, Remedy.CHANGE)


def _by_code(rows: Iterable[Rule]) -> Mapping[str, Rule]:
    return MappingProxyType({rule.code: rule for rule in rows})


PLATFORM = _by_code(_PLATFORM_ROWS)
FINAGENT = _by_code(_FINAGENT_ROWS)
"""FinAgent numbers its own errors: its 1003 is a bad parameter, the platform's 1003 an expired token."""

STATUSES: Mapping[int, Rule] = MappingProxyType({rule.status: rule for rule in _STATUS_ROWS})

IN_REPLIES: Mapping[str, str] = MappingProxyType(
    {
        "10001": "vectorising: unavailable, the space is used up or the file is damaged",
        "10002": "vectorising: more words than allowed",
        "11000": "file of an application: the document does not exist",
        "11001": "file of an application: no text could be read",
        "11002": "file of an application: encrypted or damaged",
        "11003": "file of an application: more than 50,000 characters",
        "11009": "file of an application: the file id does not exist",
    }
)
"""Codes that describe one document inside a reply that is fine: never an exception."""

CONCURRENCY_CODES = frozenset(code for code, rule in PLATFORM.items() if rule.remedy is Remedy.SLOWER)
OVERLOAD_CODES = frozenset(code for code, rule in PLATFORM.items() if rule.remedy is Remedy.PATIENCE)


def look_up(status: int, code: str = "", message: str = "", *, table: Mapping[str, Rule] = PLATFORM) -> Rule:
    """The rule for an error answer: the business code decides, the HTTP status where there is none."""
    if _is_wrong_path(code, message):
        return STATUSES[404]
    if rule := table.get(code):
        return rule
    return by_status(_repeated_status(code) or status)


def by_status(status: int) -> Rule:
    """The rule for an HTTP status that came without a known business code."""
    if rule := STATUSES.get(status):
        return rule
    return _OTHER_SERVER_STATUS if status >= 500 else _OTHER_STATUS


def _is_wrong_path(code: str, message: str) -> bool:
    """The gateway calls a wrong path code 500, with HTTP 200, and tells the truth in the message."""
    return code == "500" and message.startswith("404")


def _repeated_status(code: str) -> int:
    """Some bodies repeat an HTTP status as their code, knowledge bases have hardly another; 0 if none."""
    return int(code) if len(code) == 3 and code.isascii() and code.isdigit() and code[0] in "45" else 0
