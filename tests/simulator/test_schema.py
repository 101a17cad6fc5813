"""JSON made up for a schema holds against that schema."""

from __future__ import annotations

import json
from random import Random

import jsonschema
import pytest

from zhipu_async.simulator.schema import Filler, matching, schema_of, schemas_in
from zhipu_async.simulator.shapes import Body

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NODE: Body = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
    },
    "required": ["value", "next"],
}

SCHEMAS: list[Body] = [
    {"type": "string", "minLength": 90},
    {"type": "string", "maxLength": 3},
    {"type": "string", "pattern": r"^[A-Z]{3}-\d{2,4}$"},
    {"type": "string", "pattern": "^(?:red|green)$"},
    {"type": "integer", "minimum": 5, "maximum": 6},
    {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
    {"type": "number", "maximum": -10},
    {"type": "integer", "multipleOf": 7, "minimum": 50},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["null", "integer"]},
    {"enum": ["a", 1, None]},
    {"const": {"a": 1}},
    {"type": "array", "items": {"type": "integer"}, "minItems": 4, "uniqueItems": True},
    {"type": "array", "items": {"type": "string"}, "minItems": 4, "uniqueItems": True},
    {"type": "array", "maxItems": 0},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False, "minItems": 2},
    {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
    {"type": "object", "properties": {"a": {}}, "required": ["a", "b"]},
    {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
    {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"required": ["a"], "type": "object"}]},
    {"$defs": {"Node": NODE}, "$ref": "#/$defs/Node"},
    {"$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}, "properties": {"a": {"$ref": "#/$defs/A"}}},
    *[Body(type="string", format=name) for name in ("date", "date-time", "email", "uuid", "ipv4", "uri")],
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
@pytest.mark.parametrize("prompt", ["", "Book 3 rooms in Paris on 2026-05-04", "“北京”的天气，温度12.5"])
def test_what_is_filled_in_fits(schema: Body, prompt: str) -> None:
    for seed in range(5):
        value = Filler(prompt, Random(seed)).fill(schema)
        jsonschema.validate(value, {"$schema": DRAFT, **schema}, format_checker=jsonschema.FormatChecker())
        json.dumps(value)


def test_schemas_that_never_end_come_to_an_end() -> None:
    endless: Body = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    json.dumps(Filler("", Random(0)).fill(endless))
    circle: Body = {"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"}
    assert Filler("", Random(0)).fill(circle) == "text"


def test_values_come_from_the_prompt_where_they_suit() -> None:
    schema: Body = {"type": "object", "properties": {"who": {"type": "string"}, "n": {"type": "integer"}}}
    assert Filler("Invite Ada Lovelace and 7 friends", Random(0)).fill(schema) == {
        "who": "Ada Lovelace",
        "n": 7,
    }


def test_json_is_found_inside_of_prose() -> None:
    assert list(schemas_in('like {"a": {"b": 1}} or {broken, or {"c": 2}')) == [{"a": {"b": 1}}, {"c": 2}]


def test_an_example_suggests_a_schema() -> None:
    example = {"a": [1], "b": None, "c": True, "d": 1.5, "e": "x", "f": []}
    value = Filler("", Random(0)).fill(schema_of(example))
    jsonschema.validate(value, schema_of(example))


@pytest.mark.parametrize("pattern", ["a*", "a+b?", r"\w{2}\s\d", "[^a]x", ".{3}"])
def test_simple_patterns_are_matched(pattern: str) -> None:
    jsonschema.validate(matching(pattern, Random(0)), {"pattern": f"^(?:{pattern})$"})
