"""Functions as tools: schemas, arguments, results."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import jsonschema
import msgspec
import pydantic
import pytest

from zhipu_async.errors import InvalidArgument, InvalidToolArguments, InvalidType
from zhipu_async.protocol.tools import TOLD_CHARACTERS, read_function, render, told, unknown_tool

if TYPE_CHECKING:
    from decimal import Decimal


class Place(pydantic.BaseModel):
    latitude: float
    longitude: float = 0.0


class Window(msgspec.Struct):
    days: int


@dataclass
class Point:
    x: int


def forecast(
    city: Annotated[str, "name of the city"],
    days: int = 1,
    unit: Literal["c", "f"] = "c",
    place: Place | None = None,
    windows: list[Window] | None = None,
    strict: Annotated[bool, msgspec.Meta(description="refuse guesses")] = False,
    limit: Annotated[int, 7, pydantic.Field(description="at most")] = 3,
    plain: Annotated[int, 7] = 3,
) -> dict[str, int]:
    """Forecast the weather.

    Args:
        city: overruled by the annotation
        days: how many
        unit: of the temperature
    """
    raise NotImplementedError


SHAPE = read_function(forecast)


# ── schemas ────────────────────────────────────────────────────────────────────────────────────────


def test_annotations_defaults_and_docstring_make_the_schema() -> None:
    place = {
        "type": "object",
        "properties": {"latitude": {"type": "number"}, "longitude": {"type": "number", "default": 0.0}},
        "required": ["latitude"],
    }
    window = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
    assert SHAPE.to_param() == {
        "type": "function",
        "function": {
            "name": "forecast",
            "description": "Forecast the weather.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "name of the city"},
                    "days": {"type": "integer", "description": "how many", "default": 1},
                    "unit": {"enum": ["c", "f"], "description": "of the temperature", "default": "c"},
                    "place": {"anyOf": [place, {"type": "null"}]},
                    "windows": {"anyOf": [{"type": "array", "items": window}, {"type": "null"}]},
                    "strict": {"type": "boolean", "description": "refuse guesses", "default": False},
                    "limit": {"type": "integer", "description": "at most", "default": 3},
                    "plain": {"type": "integer", "default": 3},
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
    jsonschema.Draft202012Validator.check_schema(SHAPE.parameters)


def test_a_function_without_parameters_says_so() -> None:
    def now() -> None: ...

    shape = read_function(now)
    assert shape.parameters["properties"] == {}
    assert shape.description == "now"


def test_name_and_description_can_be_given() -> None:
    shape = read_function(forecast, "get-weather", "Look outside.")
    assert (shape.name, shape.description) == ("get-weather", "Look outside.")


def test_a_bound_method_and_a_callable_object_are_functions() -> None:
    class Counter:
        def add(self, number: int) -> None: ...

        def __call__(self, number: int) -> None: ...

    assert read_function(Counter().add).parameters["required"] == ["number"]
    assert read_function(Counter(), "counter").parameters["required"] == ["number"]


class Unbound:
    def method(self, number: int) -> None: ...


def unannotated(number: int) -> None: ...


del unannotated.__annotations__["number"]


def starred(*numbers: int) -> None: ...


def keywords(**numbers: int) -> None: ...


def positional(number: int, /) -> None: ...


def lazy(number: Decimal) -> None: ...


def untold(function: Callable[[], None]) -> None: ...


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (Unbound.method, "parameter self of tool method has no type annotation. For a method, write"),
        (unannotated, "parameter number of tool unannotated has no type annotation"),
        (starred, "parameter numbers of tool starred cannot be named by a model"),
        (keywords, "parameter numbers of tool keywords cannot be named by a model"),
        (positional, "parameter number of tool positional cannot be named by a model"),
        (lazy, "an annotation of tool lazy cannot be resolved: name 'Decimal' is not defined"),
        (untold, "has no JSON Schema"),
    ],
)
def test_what_a_model_cannot_be_told_about_is_refused(function: Callable[..., object], sentence: str) -> None:
    with pytest.raises(InvalidType) as caught:
        read_function(function)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("function", [lambda: None, functools.partial(forecast)])
def test_a_function_without_a_usable_name_needs_one(function: Callable[..., object]) -> None:
    with pytest.raises(InvalidArgument, match=r"Give one with @tool\(name=\.\.\.\)"):
        read_function(function)


# ── arguments ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ('{"city": "北京"}', {"city": "北京"}),
        ('{"city": "北京", "days": "3"}', {"city": "北京", "days": 3}),
        ('"{\\"city\\": \\"北京\\"}"', {"city": "北京"}),
        (' {"city": "x", "place": null}\n', {"city": "x", "place": None}),
        (
            '{"city": "x", "place": {"latitude": 1}, "windows": [{"days": 2}]}',
            {"city": "x", "place": Place(latitude=1), "windows": [Window(2)]},
        ),
    ],
)
def test_arguments_arrive_as_their_types_and_defaults_are_the_functions(text: str, bound: object) -> None:
    assert SHAPE.bind(text) == bound


@pytest.mark.parametrize("text", ["", "  ", "{}", "null"])
def test_no_arguments_may_come_in_any_form(text: str) -> None:
    def now() -> None: ...

    assert read_function(now).bind(text) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "that are not JSON"),
        ('"{"', "that are not JSON"),
        ('{"city": "x"}}', "that are not JSON"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `city`"),
        ('{"city": 1}', "Expected `str`, got `int` - at `$.city`"),
        ('{"city": "x", "zip": 1}', "unknown field `zip`"),
        ('{"city": "x", "unit": "k"}', "Invalid enum value 'k' - at `$.unit`"),
        ('{"city": "x", "place": {}}', "latitude: Field required - at `$.place`"),
        ("[" * 100_000, "that are not JSON"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_their_place(text: str, sentence: str) -> None:
    with pytest.raises(InvalidToolArguments) as caught:
        SHAPE.bind(text)
    assert str(caught.value).startswith("forecast was called with arguments that ")
    assert sentence in str(caught.value)
    assert caught.value.tool == "forecast"


# ── results ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("晴", "晴"),
        ("", ""),
        (None, "null"),
        (3.5, "3.5"),
        ({"t": [1, None]}, '{"t":[1,null]}'),
        (Window(2), '{"days":2}'),
        (Point(1), '{"x":1}'),
        (Place(latitude=1), '{"latitude":1.0,"longitude":0.0}'),
    ],
)
def test_results_are_text(result: object, text: str) -> None:
    assert render(result) == text


@pytest.mark.parametrize("result", [object(), "\ud83d", {"a": "\ud83d"}, {(1, 2): 3}])
def test_a_result_that_is_no_text_fails_here_and_not_when_it_is_sent(result: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        render(result)


def test_a_model_is_told_the_kind_of_an_error_and_its_words_at_some_length() -> None:
    assert told(KeyError("x")) == "Error: KeyError: 'x'"
    assert told(KeyError()) == "Error: KeyError"
    assert told(InvalidToolArguments("add was called wrongly", tool="add")) == "Error: add was called wrongly"
    assert len(told(ValueError("x" * 10**6))) < TOLD_CHARACTERS + 50


def test_a_tool_that_the_model_made_up_is_answered_with_those_that_exist() -> None:
    assert told(unknown_tool("sub", ["b", "a"])) == "Error: there is no tool 'sub'; the tools are: a, b"
    assert told(unknown_tool("sub", [])) == "Error: there is no tool 'sub'; the tools are: none"
