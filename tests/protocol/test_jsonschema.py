"""Python types as JSON Schema, and back."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal, NotRequired, TypedDict

import jsonschema
import msgspec
import pydantic
import pytest

from zhipu_async.errors import InvalidType
from zhipu_async.protocol import jsonschema as schemas
from zhipu_async.protocol.jsonschema import JsonType, Misfit, is_for_object, schema_of, wrapped


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list[str])


class Note(TypedDict):
    text: str
    author: NotRequired[str]


class Drawing(msgspec.Struct):
    """What was drawn.

    Attributes:
        start: where the line begins
        colour: of the line
    """

    start: Point
    colour: Colour
    when: date
    notes: list[Note] = []
    size: Annotated[int, msgspec.Meta(description="in pixels", ge=1)] = 1
    default: Literal["a", "b"] = "a"


class Tree(msgspec.Struct):
    name: str
    children: list[Tree] = []


class Author(pydantic.BaseModel):
    """Who wrote it."""

    name: str
    title: str = ""


class Book(pydantic.BaseModel):
    title: str = pydantic.Field(description="as on the cover")
    main: Author
    others: list[Author] = []


class Folder(pydantic.BaseModel):
    folders: list[Folder] = []


class Mixed(msgspec.Struct):
    book: Book
    extra: dict[str, object] = {}
    anything: object = None


class A(msgspec.Struct):
    a: int


class B(msgspec.Struct):
    one: A
    two: A


class Unknowable:
    pass


# ── types as schemas ───────────────────────────────────────────────────────────────────────────────


def test_a_struct_is_written_out_without_references_and_titles() -> None:
    assert schema_of(Drawing) == {
        "type": "object",
        "description": "What was drawn.",
        "properties": {
            "start": {
                "description": "where the line begins",
                "type": "object",
                "properties": {
                    "x": {"type": "integer"},
                    "y": {"type": "integer", "default": 0},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["x"],
            },
            "colour": {"enum": ["blue", "red"], "description": "of the line"},
            "when": {"type": "string", "format": "date"},
            "notes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"text": {"type": "string"}, "author": {"type": "string"}},
                    "required": ["text"],
                },
                "default": [],
            },
            "size": {"type": "integer", "minimum": 1, "description": "in pixels", "default": 1},
            "default": {"enum": ["a", "b"], "default": "a"},
        },
        "required": ["start", "colour", "when"],
    }


def test_a_pydantic_model_keeps_its_own_descriptions_and_fields_called_title() -> None:
    author = {
        "type": "object",
        "description": "Who wrote it.",
        "properties": {"name": {"type": "string"}, "title": {"type": "string", "default": ""}},
        "required": ["name"],
    }
    assert schema_of(Book) == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "as on the cover"},
            "main": author,
            "others": {"type": "array", "items": author, "default": []},
        },
        "required": ["title", "main"],
    }


@pytest.mark.parametrize("kind", [Tree, list[Tree], Folder, list[Folder], dict[str, Folder]])
def test_types_that_go_in_circles_keep_a_reference(kind: type) -> None:
    schema = schema_of(kind)
    assert list(schema["$defs"]) in (["Tree"], ["Folder"])  # type: ignore[call-overload]
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_pydantic_model_inside_of_a_struct_is_written_out() -> None:
    schema = schema_of(Mixed)
    assert "$defs" not in schema
    jsonschema.validate({"book": {"title": "t", "main": {"name": "n"}}, "extra": {"a": 1}}, schema)


def test_types_that_would_grow_without_end_keep_their_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "MOST_INLINED", 3)
    schema = schema_of(B)
    assert schema["$ref"] == "#/$defs/B"
    jsonschema.validate({"one": {"a": 1}, "two": {"a": 2}}, schema)
    assert is_for_object(schema)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [(int, {"type": "integer"}), (list[str], {"type": "array", "items": {"type": "string"}})],
)
def test_plain_types_have_plain_schemas(kind: type, schema: object) -> None:
    assert schema_of(kind) == schema


def test_a_type_without_schema_is_refused_by_name() -> None:
    with pytest.raises(InvalidType, match="Unknowable has no JSON Schema"):
        schema_of(Unknowable)
    with pytest.raises(InvalidType, match="Unknowable has no JSON Schema"):
        schema_of(list[Unknowable])


def test_a_union_that_json_cannot_tell_apart_is_refused_by_name() -> None:
    with pytest.raises(InvalidType, match=r"A \| .*B has no JSON Schema: .* must be tagged"):
        schema_of(A | B)


def test_a_type_that_cannot_be_resolved_is_told_where_to_stand() -> None:
    class Inner(msgspec.Struct):
        nowhere: Nowhere  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore

    with pytest.raises(InvalidType, match="Types must be defined at the top of a module"):
        schema_of(Inner)


# ── values of types ────────────────────────────────────────────────────────────────────────────────


def test_values_come_back_as_their_type() -> None:
    drawn = JsonType(Drawing).convert({"start": {"x": 1}, "colour": "red", "when": "2026-11-20"})
    assert drawn == Drawing(Point(1), Colour.RED, date(2026, 11, 20))
    assert JsonType(Book).convert({"title": "t", "main": {"name": "n"}}) == Book(
        title="t", main=Author(name="n")
    )
    assert JsonType(Note).convert({"text": "t"}) == {"text": "t"}
    mixed = JsonType(Mixed).convert({"book": {"title": "t", "main": {"name": "n"}}, "anything": [1]})
    assert mixed.anything == [1]


def test_numbers_in_text_pass_when_nothing_else_does() -> None:
    assert JsonType(Point).convert({"x": "3"}) == Point(3)
    assert JsonType(list[str]).convert(["3"]) == ["3"]


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (Point, {"x": "three"}, "Expected `int`, got `str` - at `$.x`"),
        (Point, {}, "Object missing required field `x`"),
        (Drawing, 7, "Expected `object`, got `int`"),
        (Book, {"title": 1, "main": {"name": "n"}}, "title: Input should be a valid string"),
        (
            list[Book],
            [{"main": {"name": 1}, "title": "t"}],
            "main.name: Input should be a valid string - at `$[0]`",
        ),
        (list[Book], [7], "Input should be an object - at `$[0]`"),
    ],
)
def test_a_misfit_says_what_and_where(kind: type, value: object, sentence: str) -> None:
    with pytest.raises(Misfit) as caught:
        JsonType(kind).convert(value)
    assert str(caught.value) == sentence


def test_half_a_surrogate_pair_is_a_misfit_for_pydantic() -> None:
    with pytest.raises(Misfit):
        JsonType(Author).convert({"name": "\ud83d"})


class Picky(pydantic.BaseModel):
    even: int

    @pydantic.field_validator("even")
    @classmethod
    def check(cls, value: int) -> int:
        if value % 2:
            raise ValueError("odd")
        return value


def test_validators_of_pydantic_speak_for_themselves() -> None:
    with pytest.raises(Misfit, match=r"^even: Value error, odd$"):
        JsonType(Picky).convert({"even": 3})


def test_a_type_shows_its_name() -> None:
    assert repr(JsonType(Point)) == "<JsonType Point>"
    assert repr(JsonType(list[Point])).startswith("<JsonType list")


# ── what is no object by itself ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [Drawing, Note, Book, dict[str, int], Tree])
def test_objects_need_no_wrapping(kind: type) -> None:
    assert is_for_object(schema_of(kind))


@pytest.mark.parametrize("kind", [int, list[Drawing], Colour, Drawing | None])
def test_everything_else_does(kind: object) -> None:
    assert not is_for_object(schema_of(kind))


def test_wrapping_keeps_definitions_at_the_root() -> None:
    schema = wrapped(schema_of(list[Tree]))
    assert schema["required"] == ["value"]
    jsonschema.validate({"value": [{"name": "a", "children": [{"name": "b"}]}]}, schema)
    assert "$defs" not in wrapped(schema_of(int))
