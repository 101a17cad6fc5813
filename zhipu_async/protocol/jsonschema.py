"""Python types as JSON Schema, and JSON as values of those types. No I/O here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeGuard, TypeVar

import msgspec

from zhipu_async.errors import InvalidType
from zhipu_async.protocol.decoding import is_array, is_object
from zhipu_async.protocol.docstrings import parse as parse_docstring
from zhipu_async.protocol.sendable import as_list

T = TypeVar("T")

Schema = dict[str, object]

REFERENCE = "#/$defs/"
WRAPPED = "value"  # the member that holds what is no object by itself
DESCRIBABLE = "msgspec Structs, dataclasses, TypedDicts, pydantic models and what JSON knows have one."
PLAIN_DATA = frozenset({"const", "default", "enum", "examples"})  # members of a schema that hold no schemas
NAMED_SCHEMAS = frozenset({"properties", "patternProperties"})  # members whose keys are names of the user's
MOST_INLINED = 2000  # objects; types that refer to each other a lot would grow without end


class Misfit(ValueError):
    """JSON that does not fit its type; the sentence is fit for a model to read."""


class Pydantic(Protocol):
    """A pydantic model class, as far as it is used here."""

    @classmethod
    def model_json_schema(cls) -> Schema: ...

    @classmethod
    def model_validate_json(cls, json_data: bytes) -> object: ...


def is_pydantic(kind: object) -> TypeGuard[type[Pydantic]]:
    """Tell a pydantic model class by its methods; pydantic itself is not imported."""
    return hasattr(kind, "model_json_schema") and hasattr(kind, "model_validate_json")


class JsonType(Generic[T]):
    """A Python type with its schema: Structs, dataclasses, TypedDicts, pydantic models, lists of them ..."""

    def __init__(self, into: type[T]) -> None:
        self.into = into
        self.schema: Schema = schema_of(into)

    def __repr__(self) -> str:
        return f"<JsonType {name_of(self.into)}>"

    def convert(self, value: object) -> T:
        """Return plain JSON values as the type; text that stands for a number passes, when nothing else does."""
        try:
            return _convert(value, self.into, strict=True)
        except Misfit as first:
            try:
                return _convert(value, self.into, strict=False)
            except Misfit:
                raise first from None


def _convert(value: object, into: type[T], *, strict: bool) -> T:
    try:
        return msgspec.convert(value, into, strict=strict, dec_hook=_from_json)
    except (ValueError, RecursionError) as exc:
        raise Misfit(str(exc)) from exc


def name_of(kind: object) -> str:
    """What messages call a type."""
    return kind.__name__ if isinstance(kind, type) else str(kind)


# ── types that msgspec does not know ───────────────────────────────────────────────────────────────


def _from_json(kind: type, value: object) -> object:
    if kind is object:
        return value
    if not is_pydantic(kind):
        raise NotImplementedError
    try:
        return kind.model_validate_json(msgspec.json.encode(value))
    except ValueError as exc:
        raise ValueError(_sentences(exc)) from exc


def _sentences(exc: ValueError) -> str:
    """One line per fault of a pydantic model, without its links and the values."""
    errors: object = getattr(exc, "errors", None)
    faults = errors(include_url=False, include_input=False, include_context=False) if callable(errors) else ()
    lines = [_sentence(fault) for fault in faults if is_object(fault)] if is_array(faults) else []
    return "; ".join(lines) or str(exc)


def _sentence(fault: dict[str, object]) -> str:
    place = fault.get("loc")
    path = ".".join(str(step) for step in place) if as_list(place) else ""
    return f"{path}: {fault.get('msg')}" if path else str(fault.get("msg"))


def _hook(definitions: dict[str, Schema]) -> Callable[[type], Schema]:
    """Give msgspec the schema of a type that it does not know; what that refers to joins the definitions."""

    def schema(kind: type) -> Schema:
        if kind is object:
            return {"description": "any JSON value"}  # msgspec takes an empty schema for none
        if not is_pydantic(kind):
            raise InvalidType(f"{name_of(kind)} has no JSON Schema.", hint=DESCRIBABLE)
        found = dict(kind.model_json_schema())
        inner = found.pop("$defs", {})
        assert is_object(inner)
        definitions.update({name: each for name, each in inner.items() if is_object(each)})
        return found

    return schema


# ── types as schemas ───────────────────────────────────────────────────────────────────────────────


def schema_of(into: object) -> Schema:
    """Return the JSON Schema of a type, references written out where they do not go in circles."""
    if into is None or isinstance(into, str):
        raise InvalidType(f"into takes a type, not {'its name' if into else 'None'}")
    definitions: dict[str, Schema] = {}
    try:
        (root,), components = msgspec.json.schema_components(
            (into,), schema_hook=_hook(definitions), ref_template=REFERENCE + "{name}"
        )
    except InvalidType:
        raise
    except (TypeError, NameError) as exc:
        hint = (
            "Types must be defined at the top of a module to be resolved."
            if isinstance(exc, NameError)
            else ""
        )
        raise InvalidType(f"{name_of(into)} has no JSON Schema: {exc}.", hint=hint) from exc
    definitions.update(components)
    return written_out(root, definitions)


def written_out(root: Schema, definitions: dict[str, Schema]) -> Schema:
    """Put definitions in place of references; the ones that go in circles stay, under `$defs`."""
    writer = _Writer(definitions)
    schema = writer.write(root, ())
    if writer.written > MOST_INLINED:
        writer = _Writer(definitions, inline=False)
        schema = writer.write(root, ())
    if writer.kept:
        return {**schema, "$defs": writer.kept}
    return schema


class _Writer:
    """One pass over a schema."""

    def __init__(self, definitions: dict[str, Schema], *, inline: bool = True) -> None:
        self.definitions = definitions
        self.inline = inline
        self.kept: dict[str, Schema] = {}
        self.written = 0

    def write(self, schema: Schema, inside: tuple[str, ...]) -> Schema:
        self.written += 1
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith(REFERENCE):
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            return {
                **self._resolve(reference.removeprefix(REFERENCE), inside),
                **self._members(beside, inside),
            }
        return described(self._members(schema, inside))

    def _resolve(self, name: str, inside: tuple[str, ...]) -> Schema:
        if self.written > MOST_INLINED and self.inline:
            return {}
        if self.inline and name not in inside:
            return self.write(self.definitions[name], (*inside, name))
        if name not in self.kept:
            self.kept[name] = {}  # stands there while it is written, for it may refer to itself
            self.kept[name] = self.write(self.definitions[name], (*inside, name))
        return {"$ref": f"{REFERENCE}{name}"}

    def _members(self, schema: Schema, inside: tuple[str, ...]) -> Schema:
        # Titles repeat the names of types and fields.
        return {
            name: value if name in PLAIN_DATA else self._member(name, value, inside)
            for name, value in schema.items()
            if name != "title"
        }

    def _member(self, name: str, value: object, inside: tuple[str, ...]) -> object:
        if is_object(value) and name in NAMED_SCHEMAS:
            return {key: self._member("", each, inside) for key, each in value.items()}
        if is_object(value):
            return self.write(value, inside)
        if is_array(value):
            return [self._member("", each, inside) for each in value]
        return value


def described(schema: Schema) -> Schema:
    """Share a docstring out: its summary to the object, its sentences about fields to the fields."""
    text, properties = schema.get("description"), schema.get("properties")
    if not isinstance(text, str) or not is_object(properties):
        return schema
    documented = parse_docstring(text)
    shared = {
        name: _with_description(each, documented.parameters.get(name)) for name, each in properties.items()
    }
    return {**schema, "description": documented.summary, "properties": shared}


def _with_description(schema: object, text: str | None) -> object:
    if text and is_object(schema) and "description" not in schema:
        return {**schema, "description": text}
    return schema


# ── what is no object by itself ────────────────────────────────────────────────────────────────────


def is_for_object(schema: Schema) -> bool:
    """Whether every value of the schema is a JSON object, which is all that `json_object` answers."""
    choices = schema.get("anyOf")
    if is_array(choices):
        return all(is_object(choice) and is_for_object(choice) for choice in choices)
    return schema.get("type") == "object" or "$ref" in schema


def wrapped(schema: Schema) -> Schema:
    """Return the schema of an object with one member, `value`."""
    inner = {name: value for name, value in schema.items() if name != "$defs"}
    outer: Schema = {"type": "object", "properties": {WRAPPED: inner}, "required": [WRAPPED]}
    return {**outer, "$defs": schema["$defs"]} if "$defs" in schema else outer
