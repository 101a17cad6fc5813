"""Values of the wrong kind that still say what they mean: a fraction of a token, "" for nothing. No I/O here."""

from __future__ import annotations

import json
import re
from typing import TypeGuard

MOST_MENDS = 32  # places of one reply, a list's items together: who errs oftener does not speak this language

_REFUSAL = re.compile(r"Expected `([^`]+)`, got `[^`]+` - at `\$([^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[[^\]]*\]")
_EMPTY: dict[type, str] = {str: "str", list: "array", dict: "object"}
"""What says nothing when it is empty, and what it is called in a refusal."""


class _Absent:
    """In place of a value that says nothing."""


ABSENT = _Absent()
ANY = ""  # the step to an item of a list, or of a mapping


def mended(value: object, refusal: str) -> object:
    """Return the value with what a decoder's refusal tells of mended, in every item of the lists on the way.

    Numbers stand in texts and texts in numbers, a count that is a fraction is rounded, and an empty value of the wrong
    kind is left out, so that its default stands there. What says something else stays as it is.
    """
    found = _REFUSAL.fullmatch(refusal)
    if found is None:
        return value
    return _mended(value, _STEP.findall(found[2]), frozenset(found[1].split(" | ")))


def _mended(value: object, steps: list[str], wanted: frozenset[str]) -> object:
    if not steps:
        return _fitting(value, wanted)
    step, *rest = steps
    if _is_object(value):
        members = {
            name: _mended(member, rest, wanted) if step in (name, ANY) else member
            for name, member in value.items()
        }
        return {name: member for name, member in members.items() if member is not ABSENT}
    if _is_list(value):
        return [_in_its_place(_mended(item, rest, wanted), item) for item in value]
    return value


def _in_its_place(mended: object, item: object) -> object:
    """In a list places count, so nothing is left out."""
    return item if mended is ABSENT else mended


def _fitting(value: object, wanted: frozenset[str]) -> object:
    kind = _EMPTY.get(type(value))
    if kind is not None and not value and kind not in wanted:
        return ABSENT
    if "int" in wanted and isinstance(value, (float, str)):
        return _whole_number(value)
    if "str" in wanted and isinstance(value, (int, float)):
        return json.dumps(value)
    return value


def _whole_number(value: float | str) -> object:
    try:
        return round(float(value))
    except (ValueError, OverflowError):
        return value


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
