"""Structured output: schemas into prompts, values out of answers."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhipu_async.protocol.jsonschema import Misfit
from zhipu_async.protocol.structured import (
    MOST_STARTS,
    SHOWN_FAULT_CHARACTERS,
    Shape,
    candidates,
    folded,
    instruction,
    repair,
)


class Point(msgspec.Struct):
    x: int
    y: int = 0


SHAPE = Shape(Point)
WHOLE = '{"x": 1, "y": 2}'
ASKED = {"role": "user", "content": "where?"}


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        f"  {WHOLE}\n",
        f"```json\n{WHOLE}\n```",
        f"```\n{WHOLE}```",
        f"```JSON\r\n{WHOLE}\r\n```",
        f"Here you are:\n```json\n{WHOLE}\n```\nAnything else?",
        f"The point is {WHOLE}, as asked.",
        f"See [1] and {{this}}: {WHOLE}",
        f"<think>maybe {{}}?</think>{WHOLE}",
        f"<think>{{\n</think>\n<|begin_of_box|>{WHOLE}<|end_of_box|>",
        '```json\n{"x": "no"}\n```\nOr rather ' + WHOLE,
        '{"x": "1", "y": 2}',
        '{"x": 1, "y": 2, "more": true}',
    ],
)
def test_the_value_is_found(answer: str) -> None:
    assert SHAPE.read(answer) == Point(1, 2)


def test_fences_inside_of_a_value_stay() -> None:
    class Code(msgspec.Struct):
        code: str

    text = '{"code": "```py\\nprint({})\\n```"}'
    assert Shape(Code).read(text) == Code("```py\nprint({})\n```")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("", "it is empty."),
        ("  \n", "it is empty."),
        ("I cannot do that.", "it holds no JSON."),
        ('{"x": 1', "it holds no JSON."),
        ("{'x': 1}", "it holds no JSON."),
        ('{"y": 1}', "Object missing required field `x`"),
        ("[1, 2]", "Expected `object`, got `array`"),
        ("null", "Expected `object`, got `null`"),
    ],
)
def test_what_is_wrong_is_said(answer: str, fault: str) -> None:
    with pytest.raises(Misfit) as caught:
        SHAPE.read(answer)
    assert str(caught.value) == fault


def test_the_fault_is_that_of_the_likeliest_candidate() -> None:
    with pytest.raises(Misfit, match="missing required field `x`"):
        SHAPE.read('{"y": 1} or {"x": "no"}')


@pytest.mark.parametrize("answer", ['{"value": [1, 2]}', "[1, 2]", 'Sure: {"value": ["1", 2]}'])
def test_what_is_no_object_is_wrapped_and_taken_either_way(answer: str) -> None:
    shape = Shape(list[int])
    assert shape.schema["properties"] == {"value": {"type": "array", "items": {"type": "integer"}}}
    assert shape.read(answer) == [1, 2]


def test_a_member_called_value_is_not_taken_for_the_wrapping() -> None:
    assert Shape(dict[str, int]).read('{"value": 1}') == {"value": 1}
    with pytest.raises(Misfit):
        Shape(list[int]).read('{"value": [1], "more": 2}')


def test_half_a_surrogate_pair_in_an_answer_is_kept() -> None:
    class Said(msgspec.Struct):
        text: str

    assert Shape(Said).read('{"text": "\ud83d"}').text == "\ud83d"


@pytest.mark.parametrize("bracket", ["[", "{", '{"a":', "[[", "{[", '[{"a":'])
def test_a_flood_of_brackets_ends(bracket: str) -> None:
    assert list(candidates(bracket * 100_000)) == []


def test_only_so_many_places_are_tried() -> None:
    answer = "[0] " * 3 * MOST_STARTS
    assert len(list(candidates(answer))) == MOST_STARTS


@given(st.text())
def test_any_text_gives_a_value_or_a_misfit(answer: str) -> None:
    with suppress(Misfit):
        SHAPE.read(answer)


@given(st.text(), st.integers(-9, 9), st.text())
def test_a_value_between_any_prose_without_brackets_is_found(before: str, x: int, after: str) -> None:
    prose = str.maketrans("", "", "[]{}`<>")
    answer = f'{before.translate(prose)} {{"x": {x}}} {after.translate(prose)}'
    assert SHAPE.read(answer) == Point(x)


# ── prompts ────────────────────────────────────────────────────────────────────────────────────────


def test_the_schema_becomes_the_system_message() -> None:
    first, second = folded([ASKED], SHAPE.schema)
    assert second is ASKED
    assert first == {"role": "system", "content": instruction(SHAPE.schema)}
    assert msgspec.json.encode(SHAPE.schema).decode() in instruction(SHAPE.schema)


def test_the_schema_follows_the_callers_system_message_and_leaves_it_alone() -> None:
    system = {"role": "system", "content": "Be kind."}
    first, second = folded([system, ASKED], SHAPE.schema)
    assert first == {"role": "system", "content": f"Be kind.\n\n{instruction(SHAPE.schema)}"}
    assert system["content"] == "Be kind."
    assert second is ASKED


def test_a_system_message_of_parts_gets_one_before_it() -> None:
    system = {"role": "system", "content": [{"type": "text", "text": "Be kind."}]}
    assert folded([system, ASKED], SHAPE.schema)[1:] == [system, ASKED]


def test_the_model_is_told_its_fault_but_not_at_any_length() -> None:
    assert "cannot be used: it is empty." in str(repair("it is empty.")["content"])
    assert len(str(repair("x" * 10**6)["content"])) < SHOWN_FAULT_CHARACTERS + 200
