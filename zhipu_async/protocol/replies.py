"""What a body says: the reply inside its envelope, or the error in any of its shapes. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from zhipu_async.protocol.codes import FINAGENT, PLATFORM, Rule, look_up
from zhipu_async.protocol.decoding import Undecodable, convert, decode, is_array, is_object, parse
from zhipu_async.protocol.endpoint import Envelope

T = TypeVar("T")

PARTIAL_CONTENT = 206  # the rest of a file, asked for after a break
PROBED_BYTES = 64 * 1024  # an error is a small body; answers above this are not searched for one
# 0 is nobody's error, and what some services behind the platform, and mocks made from its document, call success.
_SUCCESS: Mapping[Envelope, frozenset[str]] = {
    Envelope.CODE_200: frozenset({"", "200", "0"}),
    Envelope.SUCCESS: frozenset({"", "200", "0"}),
    Envelope.FINAGENT: frozenset({"", "0"}),
}
_STATUSES = ("task_status", "status")


class Fault(msgspec.Struct, frozen=True):
    """An error as the platform tells it."""

    code: str = ""
    message: str = ""
    content_filter: tuple[Mapping[str, object], ...] = ()
    of_the_gateway: bool = False
    """It stood in an `error` object, the platform's own form, whatever the endpoint's family says."""

    def rule(self, status: int, envelope: Envelope) -> Rule:
        """Return what the table of codes says about it."""
        table = FINAGENT if envelope is Envelope.FINAGENT and not self.of_the_gateway else PLATFORM
        return look_up(status, self.code, self.message, table=table)


def read_reply(body: bytes, into: type[T], envelope: Envelope) -> T | Fault:
    """Return the reply, or the error that a body of status 200 turns out to be."""
    if envelope in _SUCCESS:
        return _unwrap(parse(body), into, envelope)
    if len(body) < PROBED_BYTES and _may_be_error(body):
        fault = fault_in(parse(body), envelope)
        if fault is not None:
            return fault
    return decode(body, into)


def read_content(body: bytes, into: type[T], *, is_page: bool) -> T | Fault:
    """Return a reply whose `content` is the body itself; JSON or HTML in its place tells of an error."""
    if not is_page:
        if body:
            return convert({"content": body}, into)
        raise Undecodable("the body is empty")
    fault = _described(parse(body))
    if fault is None:
        raise Undecodable("JSON instead of content")
    return fault


def read_fault(body: bytes) -> Fault:
    """Return what the body of an error status says; HTML and empty bodies say nothing but the status."""
    try:
        value = parse(body)
    except Undecodable:
        return Fault(message=_as_sentence(body))
    return _described(value) or Fault(message=_as_sentence(body))


def fault_in(value: object, envelope: Envelope = Envelope.BARE) -> Fault | None:
    """Return the error that a decoded 2xx body holds, if it does."""
    if not is_object(value):
        return None
    if envelope is Envelope.TASK and any(isinstance(value.get(name), str) for name in _STATUSES):
        return None  # a failed task was read without fault; a number is the HTTP status of a wrong path
    if envelope is Envelope.ANSWER and _holds_messages(value):
        return None
    if envelope is Envelope.CONTENT and "custom_id" in value:
        return None  # a batch's file of one line, which may tell of that line's error
    if value.get("error") not in (None, "", {}) or value.get("success") is False or _is_bare_refusal(value):
        return _described(value) or Fault()
    return _failed_choice(value)


def _unwrap(value: object, into: type[T], envelope: Envelope) -> T | Fault:
    if not is_object(value):
        raise Undecodable("the body is not a JSON object")
    code = _text(value.get("code"))
    fine = code in _SUCCESS[envelope] and value.get("success") is not False
    if not fine or value.get("error") not in (None, "", {}):
        return _described(value) or Fault(code=code)
    inner = value.get("data")
    return convert(inner if is_object(inner) else value, into)


def _may_be_error(body: bytes) -> bool:
    # `in` would first try to take the word for a number, and throw an exception away.
    return max(body.find(b'"error"'), body.find(b'"success"'), body.find(b'"code"')) >= 0


def _is_bare_refusal(value: Mapping[str, object]) -> bool:
    """Tell {code, msg} and {code, message} alone from replies that have a code among other things."""
    code = _text(value.get("code"))
    return code not in ("", "0", "200") and ("msg" in value or "message" in value) and not value.get("data")


def _holds_messages(value: Mapping[str, object]) -> bool:
    choices = value.get("choices")
    return is_array(choices) and any(
        is_object(choice) and bool(choice.get("messages") or choice.get("message")) for choice in choices
    )


def _failed_choice(value: Mapping[str, object]) -> Fault | None:
    """What an application tells in place of its answer."""
    choices = value.get("choices")
    for choice in choices if is_array(choices) else []:
        if is_object(choice) and is_object(told := choice.get("error_msg")) and told.get("code"):
            return _described(told)
    return None


def _described(value: object) -> Fault | None:
    if not is_object(value):
        return None
    error = value.get("error")
    if is_object(error):
        message = _text(error.get("message", error.get("msg")))
        return Fault(_text(error.get("code")), message, _filters(value), of_the_gateway=True)
    if isinstance(error, str) and error:
        return Fault(_text(value.get("code")), error, _filters(value))
    said = value.get("msg") or value.get("message")
    if "code" in value or said:
        return Fault(_text(value.get("code")), _text(said), _filters(value))
    return None


def _filters(value: Mapping[str, object]) -> tuple[Mapping[str, object], ...]:
    found = value.get("contentFilter", value.get("content_filter"))
    return tuple(item for item in found if is_object(item)) if is_array(found) else ()


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 200.0 is the same code
    return "" if value is None else str(value)


def _as_sentence(body: bytes) -> str:
    text = body[:2000].decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else text
