"""JSON that fits a JSON Schema, with values taken from the conversation where they suit. No I/O here."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .shapes import Body, array_of, integer_of, is_array, is_number, is_object, number_of, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

DEEPEST = 6
"""Below this only what is required is filled in, so that recursive schemas come to an end."""
DEEPEST_AT_ALL = 40
"""A schema that requires itself for ever is given null here."""
MOST_ITEMS = 1000
"""However many items a schema asks for."""
FORMATS = {
    "date": "2026-05-04",
    "time": "08:30:00Z",
    "date-time": "2026-05-04T08:30:00Z",
    "duration": "PT5M",
    "email": "li.hua@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "3f2b8c1a-5d4e-4f6a-8b7c-9d0e1f2a3b4c",
}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
QUOTED = re.compile(r"[\"'“‘「《]([^\"'”’」》]{1,40})[\"'”’」》]")
NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w-]*(?: [A-Z][\w-]*)*")
WORD = re.compile(r"[A-Za-z]{3,}")
CHINESE = re.compile(r"[\u3400-\u9fff]{2,4}")
# What stands between the words of a Chinese question, and is no word to hand out: 查一下|杭州|的|气温.
BETWEEN = re.compile(
    "介绍|帮我|请问|查询|看看|告诉|一下|一个|现在|今天|明天|怎么样|怎样|怎么|如何|什么|多少|"
    "[的了吗呢吧请查找问用给把在和与是有我你他到从去这那哪几]"
)
SCHEMA_WORDS = frozenset(
    {"type", "properties", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "items", "$defs"}
)


class Filler:
    """Fills schemas in; what one prompt offers is handed out in order."""

    def __init__(self, prompt: str, chance: Random) -> None:
        self._chance = chance
        self._numbers = [float(number) for number in NUMBER.findall(prompt)]
        chinese = CHINESE.findall(BETWEEN.sub(" ", prompt))[:3]
        words = WORD.findall(prompt)[::-1][:3]
        self._texts: list[str] = [
            *QUOTED.findall(prompt),
            *NAME.findall(prompt),
            *(chinese or CHINESE.findall(prompt)[:3]),
            *words,
        ] or ["text"]
        self._texts_taken = 0
        self._root: Body = {}

    def fill(self, schema: Body) -> object:
        """Give a value that fits the schema."""
        self._root = schema
        return self._value(schema, 0)

    def _value(self, schema: object, depth: int) -> object:
        if not is_object(schema) or depth > DEEPEST_AT_ALL:
            return None if schema is False or is_object(schema) else self._text({})
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if array_of(schema, "enum"):
            return self._chance.choice(array_of(schema, "enum"))
        for name in ("anyOf", "oneOf"):
            if array_of(schema, name):
                rest = {key: value for key, value in schema.items() if key != name}
                return self._value(merged(rest, self._simplest(array_of(schema, name), depth)), depth + 1)
        return self._of_kind(kind_of(schema), schema, depth)

    def _of_kind(self, kind: str, schema: Body, depth: int) -> object:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer" | "number":
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                return self._chance.random() < 0.5
            case "null":
                return None
            case _:
                return self._text(schema)

    def _resolved(self, schema: Body) -> Body:
        """Follow references and put allOf together."""
        for _ in range(DEEPEST_AT_ALL):
            reference = schema.get("$ref")
            parts = array_of(schema, "allOf")
            if isinstance(reference, str):
                rest = {name: value for name, value in schema.items() if name != "$ref"}
                schema = merged(self._referred(reference), rest)
            elif parts:
                schema = {name: value for name, value in schema.items() if name != "allOf"}
                for part in parts:
                    schema = merged(schema, self._resolved(part) if is_object(part) else {})
            else:
                break
        return schema

    def _referred(self, reference: str) -> Body:
        place: object = self._root
        for step in reference.lstrip("#").strip("/").split("/"):
            if step and is_object(place):
                place = place.get(step.replace("~1", "/").replace("~0", "~"))
        return place if is_object(place) else {}

    def _simplest(self, choices: list[object], depth: int) -> Body:
        """The first choice that is not null; deep down the one that goes no deeper."""
        offered = [self._resolved(choice) for choice in choices if is_object(choice)]
        useful = [choice for choice in offered if kind_of(choice) != "null"] or offered or [{}]
        if depth < DEEPEST:
            return useful[0]
        flat = [choice for choice in offered if kind_of(choice) not in ("object", "array")]
        return (flat or useful)[0]

    def _object(self, schema: Body, depth: int) -> Body:
        required = [name for name in array_of(schema, "required") if isinstance(name, str)]
        properties = object_of(schema, "properties")
        wanted = [*properties, *(name for name in required if name not in properties)]
        if depth >= DEEPEST:
            wanted = required
        extra = schema.get("additionalProperties", True)
        filled = {
            name: self._value(self._named(name, properties.get(name, extra)), depth + 1) for name in wanted
        }
        for index in range(integer_of(schema, "minProperties") - len(filled)):
            filled[f"key_{index + 1}"] = self._value(extra, depth + 1)
        if not filled and is_object(extra) and depth < DEEPEST:
            filled["key_1"] = self._value(extra, depth + 1)
        return filled

    def _named(self, name: str, schema: object) -> object:
        """Let a property that says nothing else at least be told by its name."""
        return {"title": name, **schema} if is_object(schema) else schema

    def _array(self, schema: Body, depth: int) -> list[object]:
        fixed = array_of(schema, "prefixItems")
        items = [self._value(item, depth + 1) for item in fixed]
        most = integer_of(schema, "maxItems", MOST_ITEMS)
        wished = 0 if depth >= DEEPEST else (len(fixed) or self._chance.randint(1, 3))
        wanted = min(max(integer_of(schema, "minItems"), min(wished, most)), MOST_ITEMS)
        unique = schema.get("uniqueItems") is True
        for attempt in range(wanted * 10):
            if len(items) >= wanted:
                break
            item = self._value(schema.get("items", {"type": "string"}), depth + 1)
            if unique and item in items:
                item = varied(item, attempt)
            if not (unique and item in items):
                items.append(item)
        return items

    def _number(self, schema: Body, *, whole: bool) -> int | float:
        low, high = bounds(schema, whole)
        step = number_of(schema, "multipleOf") or (1 if whole else 0)
        value = self._fitting_number(low, high, whole=whole)
        if step:
            value = round(value / step) * step
            value = value + step if value < low else value - step if value > high else value
        return int(value) if whole or value == int(value) else round(value, 6)

    def _fitting_number(self, low: float, high: float, *, whole: bool) -> float:
        for index, number in enumerate(self._numbers):
            if low <= number <= high and not (whole and number != int(number)):
                return self._numbers.pop(index)
        return self._chance.randint(int(low), int(high)) if whole else self._chance.uniform(low, high)

    def _text(self, schema: Body) -> str:
        wanted = text_of(schema, "format")
        if wanted in FORMATS:
            return FORMATS[wanted]
        if text_of(schema, "pattern"):
            return matching(text_of(schema, "pattern"), self._chance)
        text = self._texts[self._texts_taken % len(self._texts)]
        self._texts_taken += 1
        shortest = integer_of(schema, "minLength")
        while len(text) < shortest:
            text = f"{text} {text}"
        return text[: integer_of(schema, "maxLength", len(text))]


def merged(first: Body, second: Body) -> Body:
    """Both schemas at once: properties and required members are put together."""
    both: Body = {**first, **second}
    for name in ("properties", "$defs"):
        if name in first and name in second:
            both[name] = {**object_of(first, name), **object_of(second, name)}
    if "required" in first and "required" in second:
        both["required"] = [*array_of(first, "required"), *array_of(second, "required")]
    return both


def kind_of(schema: Body) -> str:
    kind = schema.get("type")
    if is_array(kind):
        named = [one for one in kind if isinstance(one, str)]
        return next((one for one in named if one != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "required" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if "minimum" in schema or "maximum" in schema else "string"


def bounds(schema: Body, whole: bool) -> tuple[float, float]:
    """The numbers allowed; without bounds something small."""
    tick = 1 if whole else 0.001
    low = schema.get("minimum")
    if low is None and is_number(schema.get("exclusiveMinimum")):
        low = number_of(schema, "exclusiveMinimum") + tick
    high = schema.get("maximum")
    if high is None and is_number(schema.get("exclusiveMaximum")):
        high = number_of(schema, "exclusiveMaximum") - tick
    if not is_number(low):
        low = min(0.0, high - 100) if is_number(high) else 0.0
    return low, high if is_number(high) else low + 100


def varied(item: object, attempt: int) -> object:
    """Another value of the same kind, for lists whose items must differ."""
    if isinstance(item, str):
        return f"{item} {attempt + 2}"
    return item + attempt + 1 if is_number(item) else item


PATTERN_PART = re.compile(r"(\\.|\[(?:\\.|[^\]\\])+\]|\.|[^\\\[\].^$*+?{}|()])(\{(\d+)(?:,(\d*))?\}|[*+?])?")
CLASSES = {
    r"\d": "0123456789",
    r"\w": "abcdefghijklmnopqrstuvwxyz",
    r"\s": " ",
    ".": "abcdefghijklmnopqrstuvwxyz",
}


def matching(pattern: str, chance: Random) -> str:
    """A text for the simple patterns that people put into schemas: classes, literals, counts, the first alternative."""
    first = re.sub(r"\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)", r"\1", pattern).split("|")[0]
    text = ""
    for part in PATTERN_PART.finditer(first.removeprefix("^").removesuffix("$")):
        times = int(part[3]) if part[3] else 0 if part[2] in ("*", "?") else 1
        text += "".join(chance.choice(characters(part[1])) for _ in range(times))
    return text


def characters(part: str) -> str:
    """What may stand for one part of a pattern."""
    if part.startswith("["):
        spelled = part[1:-1]
        for name, members in CLASSES.items():
            spelled = spelled.replace(name, members) if name != "." else spelled
        spread = re.sub(
            r"(.)-(.)", lambda ends: "".join(map(chr, range(ord(ends[1]), ord(ends[2]) + 1))), spelled
        )
        negated = spread.startswith("^")
        return "".join(sorted(set("abcxyz012") - set(spread))) if negated else spread.replace("\\", "") or "x"
    return CLASSES.get(part) or part.removeprefix("\\")


def schemas_in(text: str) -> Iterator[Body]:
    """Every outermost JSON object of a text."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            value: object
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if is_object(value):
                yield value
        at = text.find("{", end)


def looks_like_a_schema(value: Body) -> bool:
    return bool(SCHEMA_WORDS & value.keys()) and (
        "type" not in value or isinstance(value["type"], str | list)
    )


def like(example: object, filler: Filler) -> object:
    """A value of the same shape as the example."""
    return filler.fill(schema_of(example))


def schema_of(example: object) -> Body:
    """The schema that an example suggests."""
    if is_object(example):
        properties: Body = {name: schema_of(member) for name, member in example.items()}
        return {"type": "object", "properties": properties, "required": list(example)}
    if is_array(example):
        return {
            "type": "array",
            "items": schema_of(example[0]) if example else {"type": "string"},
            "minItems": 1,
        }
    if isinstance(example, bool):
        return {"type": "boolean"}
    if is_number(example):
        return {"type": "integer" if isinstance(example, int) else "number"}
    return {"type": "null"} if example is None else {"type": "string"}
