"""The lines of a batch: requests in, answers out, joined by their ids. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from zhipu_async.errors import APIError, APIResponseError, APIStatusError, InvalidArgument
from zhipu_async.protocol.decoding import Undecodable, convert, is_object, parse
from zhipu_async.protocol.endpoint import Envelope
from zhipu_async.protocol.replies import read_fault
from zhipu_async.protocol.sendable import encode
from zhipu_async.types.base import Meta, Reply, attach

T = TypeVar("T")

LINES = 50_000  # in one file, as the platform's page says
EMBEDDING_LINES = 10_000  # likewise, for texts to embed
FILE_BYTES = 100 * 1024 * 1024  # likewise

_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Sheet:
    """What one batch file holds: how many lines, how large, of which model."""

    url: str
    most_lines: int = LINES
    most_bytes: int = FILE_BYTES
    model: str = ""
    lines: int = 0
    size: int = 0

    def line(self, body: Mapping[str, object], index: int) -> bytes:
        """Return a request as a line."""
        if body.get("stream"):
            raise InvalidArgument("a batch has no streams")
        request = {"custom_id": custom_id(index), "method": "POST", "url": self.url, "body": body}
        line = encode(request) + b"\n"
        if len(line) > self.most_bytes:
            raise InvalidArgument(
                f"the request has {len(line)} bytes; a whole batch file may have {self.most_bytes}"
            )
        return line

    def fits(self, line: bytes, model: str) -> bool:
        """Tell whether the line may stand here: a file has one model, and limits."""
        same = model == self.model and self.lines < self.most_lines
        return not self.lines or (same and self.size + len(line) <= self.most_bytes)

    def add(self, line: bytes, model: str) -> None:
        """Count a line in."""
        self.model = model
        self.lines += 1
        self.size += len(line)


def custom_id(index: int) -> str:
    """Return the id of a line; the platform wants six characters at least."""
    return f"item-{index:09d}"


def id_of_line(line: bytes) -> str:
    """Return the id that a line of an output or error file answers, "" when it has none."""
    try:
        value = parse(line)
    except Undecodable:
        return ""
    found = value.get("custom_id") if is_object(value) else None
    return found if isinstance(found, str) else ""


def answer_of_line(
    line: bytes, into: type[T], check: Callable[[object], None] | None = None
) -> T | Exception:
    """Return what a line of an output or error file says; the shape of the latter is documented nowhere.

    check: raises for an answer that can be read and is a failure all the same, as for a call.
    """
    value = parse(line)
    response = value.get("response") if is_object(value) else None
    response = response if is_object(response) else {}
    body = response.get("body")
    status = response.get("status_code")
    if is_object(body) and status in (None, 200) and not body.get("error"):
        return _reply(body, into, check)
    told = body if body else value
    return _refusal(told, status if isinstance(status, int) else 400)


def _reply(
    body: Mapping[str, object], into: type[T], check: Callable[[object], None] | None
) -> T | Exception:
    try:
        reply = convert(body, into)
    except Undecodable as exc:
        return APIResponseError(f"a line of the batch's output cannot be read: {exc}")
    if isinstance(reply, Reply):
        attach(reply, Meta(), _encoder.encode(body))
    try:
        if check is not None:
            check(reply)
    except APIError as error:
        return error
    return reply


def _refusal(told: object, status: int) -> APIStatusError:
    fault = read_fault(_encoder.encode(told))
    rule = fault.rule(status, Envelope.BARE)
    return rule.error(
        fault.message or rule.meaning,
        code=fault.code,
        status=status,
        body=_encoder.encode(told).decode(),
        content_filter=fault.content_filter,
        hint=rule.hint,
    )
