"""Structured output: the schema folded into the prompt, the value taken out of the answer. No I/O here.

The platform ignores `response_format` of type `json_schema`, so the schema goes into the system message,
the answer is checked here, and what is wrong with it is told to the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from zhipu_async.protocol.decoding import Undecodable, is_object, parse
from zhipu_async.protocol.jsonschema import WRAPPED, JsonType, Misfit, is_for_object, wrapped
from zhipu_async.types.chat_request import Message, ResponseFormat
from zhipu_async.types.marks import without_marks

T = TypeVar("T")

MOST_STARTS = 64  # places in one answer where JSON may begin; prose with more brackets is no answer
SHOWN_FAULT_CHARACTERS = 1000  # of what was wrong: a model needs the first faults, not all of a long list

JSON_OBJECT: ResponseFormat = {"type": "json_object"}

INSTRUCTION = (
    "Answer with exactly one JSON object that is valid under this JSON Schema:\n"
    "{schema}\n"
    "Write only the JSON object: no explanation, no Markdown. "
    "Write the object itself, not the schema."
)
REPAIR = (
    "That answer cannot be used: {fault}\n"
    "Answer again with the whole corrected JSON object, and with nothing else."
)

_FENCE = re.compile(r"```[\w-]*[ \t]*\r?\n?(.*?)```", re.DOTALL)
_START = re.compile(r"[{\[]")


class Shape(Generic[T]):
    """What an answer must look like: an object, or a value wrapped into one."""

    def __init__(self, into: type[T]) -> None:
        self.type: JsonType[T] = JsonType(into)
        self.wrapped: bool = not is_for_object(self.type.schema)
        self.schema: dict[str, object] = wrapped(self.type.schema) if self.wrapped else self.type.schema

    def read(self, answer: str) -> T:
        """Return the value that the answer holds; Misfit says what is wrong with the best candidate."""
        first: Misfit | None = None
        for value in candidates(answer):
            try:
                return self._convert(value)
            except Misfit as misfit:
                first = first or misfit
        raise first or Misfit(_nothing_found(answer))

    def _convert(self, value: object) -> T:
        if self.wrapped and is_object(value) and value.keys() == {WRAPPED}:
            return self.type.convert(value[WRAPPED])
        return self.type.convert(value)


def _nothing_found(answer: str) -> str:
    return "it holds no JSON." if answer.strip() else "it is empty."


def instruction(schema: Mapping[str, object]) -> str:
    """What the model is told about the form of its answer."""
    return INSTRUCTION.format(schema=msgspec.json.encode(schema).decode())


def folded(messages: Sequence[Mapping[str, object]], schema: Mapping[str, object]) -> list[Message]:
    """The messages with the schema at the end of their system message; the caller's are left alone."""
    text = instruction(schema)
    first = messages[0]
    content = first.get("content")
    if first.get("role") == "system" and isinstance(content, str):
        return [{**first, "content": f"{content}\n\n{text}"}, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]


def repair(fault: str) -> dict[str, object]:
    """The message that tells the model what was wrong with its answer."""
    shown = fault if len(fault) <= SHOWN_FAULT_CHARACTERS else f"{fault[:SHOWN_FAULT_CHARACTERS]}…"
    return {"role": "user", "content": REPAIR.format(fault=shown)}


# ── JSON out of an answer ──────────────────────────────────────────────────────────────────────────


def candidates(answer: str) -> Iterator[object]:
    """Every JSON value that the answer may mean, the likeliest first: the whole, a fenced block, a part."""
    text = without_marks(answer).strip()
    for piece in (text, *(match[1] for match in _FENCE.finditer(text))):
        try:
            yield parse(piece.encode("utf-8", "surrogatepass"))
        except Undecodable:
            continue
    yield from _embedded(text)


def _embedded(text: str) -> Iterator[object]:
    """Objects and lists inside of prose, outermost first."""
    decoder = json.JSONDecoder()
    at = 0
    for _ in range(MOST_STARTS):
        start = _START.search(text, at)
        if start is None:
            return
        try:
            value, at = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            at = start.end()
        else:
            yield value
