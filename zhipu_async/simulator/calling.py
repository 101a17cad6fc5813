"""Calls of the offered functions: which one, and with which arguments. No I/O here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .schema import Filler
from .shapes import Body, is_object, object_of, objects_of, text_of

if TYPE_CHECKING:
    from random import Random

MOST_CALLS = 4
WORD = re.compile(r"[a-z]{3,}|[\u3400-\u9fff]{2}")


@dataclass(slots=True)
class Call:
    """One function call of the model."""

    id: str
    name: str
    arguments: str


def offered(body: Body) -> list[Body]:
    """The function tools of the request, unless it wants none called."""
    if body.get("tool_choice") == "none":
        return []
    return [
        object_of(tool, "function")
        for tool in objects_of(body, "tools")
        if text_of(tool, "type") == "function"
    ]


def chosen(functions: list[Body], prompt: str) -> list[Body]:
    """Those that the prompt names, else the one whose description is nearest to it."""
    named = [function for function in functions if text_of(function, "name") in prompt]
    if named:
        return named[:MOST_CALLS]
    asked = words(prompt)
    return [max(functions, key=lambda function: len(asked & words(about(function))))]


def about(function: Body) -> str:
    return text_of(function, "name").replace("_", " ") + " " + text_of(function, "description")


def words(text: str) -> set[str]:
    """What two texts may share: English words, and every pair of neighbouring Chinese characters."""
    lower = text.lower()
    pairs = {lower[at : at + 2] for at in range(len(lower) - 1)}
    return set(WORD.findall(lower)) | {pair for pair in pairs if WORD.fullmatch(pair)}


def arguments_for(function: Body, prompt: str, chance: Random) -> str:
    """Arguments that fit the function's parameters, with the names and numbers of the prompt."""
    parameters = object_of(function, "parameters")
    value = Filler(prompt, chance).fill(parameters)
    return json.dumps(value if is_object(value) else {}, ensure_ascii=False)
