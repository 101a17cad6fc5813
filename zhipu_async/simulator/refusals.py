"""How the platform says no: business codes, HTTP statuses, the envelope of each family of paths. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .shapes import Body

if TYPE_CHECKING:
    from collections.abc import Callable

STATUS_OF_CODE = {
    "500": 500,
    "1000": 401, "1001": 401, "1002": 401, "1003": 401, "1004": 401, "1005": 401,
    "1113": 429, "1121": 429,
    "1200": 500, "1210": 400, "1211": 400, "1212": 400, "1213": 400, "1214": 400, "1215": 400,
    "1220": 403, "1221": 400, "1222": 400, "1230": 500, "1231": 400, "1234": 500,
    "1261": 400, "1300": 400, "1301": 400,
    "1302": 429, "1303": 429, "1304": 429, "1305": 429, "1308": 429, "1309": 429,
    "1310": 429, "1311": 429, "1312": 429, "1313": 429, "1314": 429, "1315": 429,
    "1316": 429, "1317": 429, "1318": 429, "1319": 429, "1320": 429, "1321": 429,
}  # fmt: skip

MESSAGE_OF_CODE = {
    "500": "Internal error",
    "1000": "Authentication failed",
    "1001": "No Authorization header was received, so the call cannot be authenticated",
    "1002": "The token in the Authorization header is illegal",
    "1003": "The token in the Authorization header has expired",
    "1004": "The token in the Authorization header could not be verified",
    "1113": "The account is in arrears or has no usable resource package",
    "1200": "The API call failed",
    "1210": "The call parameters are wrong",
    "1211": "The model does not exist",
    "1212": "The model does not support this way of calling",
    "1220": "No right to use this API",
    "1222": "The API does not exist",
    "1230": "An error occurred in the course of the call",
    "1231": "A request with this request_id already exists",
    "1234": "Network error, please contact support with the error id",
    "1261": "The prompt is too long",
    "1301": "The system found that the input or the output may contain unsafe or sensitive content",
    "1302": "The rate limit of the account was reached, please slow the requests down",
    "1303": "The frequency limit of the account was reached",
    "1304": "The daily limit of calls was reached",
    "1305": "The model is overloaded at the moment, please try again later",
    "1308": "The usage limit was reached, it resets at 2030-01-01 00:00:00",
    "1309": "The Coding Plan has expired",
    "1312": "The model is busy, please try another model",
}


class Refusal(Exception):
    """Raised by a handler: the request is answered with this business code in the family's envelope."""

    def __init__(
        self,
        code: str | int,
        message: str = "",
        *,
        status: int | None = None,
        beside: Body | None = None,
        gateway: bool = False,
    ) -> None:
        self.code: str = str(code)
        self.message: str = message or MESSAGE_OF_CODE.get(self.code, "The request was refused")
        self.status = status
        self.beside: Body = beside or {}
        """Members put next to `error`, such as `contentFilter`."""
        self.gateway = gateway
        """True when it comes from in front of the service (key, plan, rate): always in the general envelope."""
        super().__init__(f"{self.code}: {self.message}")


def missing(name: str) -> Refusal:
    return Refusal("1213", f"The field {name} was not received")


def illegal(name: str, why: str) -> Refusal:
    return Refusal("1214", f"The value of the field {name} is illegal: {why}")


def conflicting(first: str, second: str) -> Refusal:
    return Refusal("1215", f"The fields {first} and {second} cannot be set together")


Rendered = tuple[int, Body]
"""An HTTP status and the body that goes with it."""


def in_error_object(refusal: Refusal) -> Rendered:
    status = refusal.status or STATUS_OF_CODE.get(refusal.code, 400)
    return status, {**refusal.beside, "error": {"code": refusal.code, "message": refusal.message}}


def in_body_code(refusal: Refusal) -> Rendered:
    """Knowledge and application paths report their own errors with HTTP 200 and an integer code."""
    code = "400" if refusal.code in BAD_PARAMETER_CODES else refusal.code
    return refusal.status or 200, {**refusal.beside, "code": int(code), "message": refusal.message}


def in_finagent_code(refusal: Refusal) -> Rendered:
    """The finance workflows have a short code table of their own, in which 1003 is a bad parameter."""
    code = "1003" if refusal.code in BAD_PARAMETER_CODES else refusal.code
    return refusal.status or 200, {**refusal.beside, "code": int(code), "message": refusal.message}


def flat(refusal: Refusal) -> Rendered:
    """The assistant reports its errors without the `error` object, the code as an integer."""
    return refusal.status or STATUS_OF_CODE.get(refusal.code, 400), {
        "code": int(refusal.code),
        "message": refusal.message,
    }


BAD_PARAMETER_CODES = frozenset({"1210", "1211", "1212", "1213", "1214", "1215"})
FAMILIES: dict[str, Callable[[Refusal], Rendered]] = {
    "paas": in_error_object,
    "knowledge": in_body_code,
    "finagent": in_finagent_code,
    "flat": flat,
}
"""How a refusal looks in each family of paths."""


def rendered(refusal: Refusal, family: str = "paas") -> Rendered:
    """Put a refusal into the envelope of its family."""
    return in_error_object(refusal) if refusal.gateway else FAMILIES[family](refusal)
