"""Functions as tools: their schema, their arguments out of JSON, their results as text. No I/O here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from zhipu_async.errors import InvalidArgument, InvalidToolArguments, InvalidType, shorten
from zhipu_async.protocol.chat_request import FUNCTION_NAME
from zhipu_async.protocol.decoding import Undecodable, is_object, parse
from zhipu_async.protocol.docstrings import parse as parse_docstring
from zhipu_async.protocol.jsonschema import JsonType, Misfit, Schema

TOLD_CHARACTERS = 2000  # of an exception: enough for a model to do better, too little to drown the answer

UNNAMED = frozenset(
    {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY}
)


class Arguments(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The base of what a function takes; an argument that the function does not know is a mistake to tell."""


@dataclass(frozen=True, slots=True)
class FunctionShape:
    """What a model has to know about a function."""

    name: str
    description: str
    parameters: Schema
    arguments: JsonType[Arguments]

    def to_param(self) -> dict[str, object]:
        """The tool as it goes into a chat request."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}

    def bind(self, arguments: str) -> dict[str, object]:
        """The keyword arguments of one call, checked against the annotations."""
        try:
            bound = self.arguments.convert(_parsed(arguments))
        except Undecodable as exc:
            sentence = f"{self.name} was called with arguments that are not JSON"
            raise InvalidToolArguments(sentence, tool=self.name) from exc
        except Misfit as exc:
            sentence = f"{self.name} was called with arguments that do not fit: {exc}"
            raise InvalidToolArguments(sentence, tool=self.name) from exc
        given = {name: getattr(bound, name) for name in bound.__struct_fields__}
        return {name: value for name, value in given.items() if value is not msgspec.UNSET}


def _parsed(arguments: str) -> object:
    """The arguments as an object: none may come as nothing or null, and some models encode them twice."""
    value = parse((arguments.strip() or "{}").encode("utf-8", "surrogatepass"))
    if isinstance(value, str):
        value = parse(value.encode("utf-8", "surrogatepass"))
    return {} if value is None else value


def read_function(function: Callable[..., object], name: str = "", description: str = "") -> FunctionShape:
    """Read name, docstring and annotations; what a model could not be told about is refused."""
    name = name or getattr(function, "__name__", "")
    if not re.fullmatch(FUNCTION_NAME, name):
        hint = "Give one with @tool(name=...)."
        raise InvalidArgument(f"a tool's name is 1 to 64 letters, digits, _ or -, not {name!r}.", hint=hint)
    documented = parse_docstring(function.__doc__)
    arguments = JsonType(_arguments(function, name))
    parameters = _documented(arguments.schema, documented.parameters, _defaults(function))
    return FunctionShape(name, description or documented.summary or name, parameters, arguments)


def _arguments(function: Callable[..., object], name: str) -> type[Arguments]:
    kind = msgspec.defstruct("Arguments", _fields(function, name), bases=(Arguments,), kw_only=True)
    assert issubclass(kind, Arguments)
    return kind


def _documented(schema: Schema, sentences: Mapping[str, str], defaults: Mapping[str, object]) -> Schema:
    """The schema with what the docstring and the signature say about each parameter."""
    properties = schema["properties"]
    assert is_object(properties)
    described: Schema = {}
    for name, member in properties.items():
        assert is_object(member)
        beside: Schema = {"description": sentences[name]} if name in sentences else {}
        default: Schema = {"default": defaults[name]} if name in defaults else {}
        described[name] = {**beside, **member, **default}
    kept = {key: value for key, value in schema.items() if key != "description"}
    return {**kept, "properties": described}


def _defaults(function: Callable[..., object]) -> dict[str, object]:
    """The defaults that JSON can show; None says nothing that its being optional does not say."""
    given = {each.name: each.default for each in inspect.signature(function).parameters.values()}
    return {name: value for name, value in given.items() if isinstance(value, str | int | float)}


Field = tuple[str, Any, Any]  # what msgspec.defstruct takes: name, type, default


def _fields(function: Callable[..., object], name: str) -> list[Field]:
    hints = _hints(function, name)
    return [_field(each, hints, name) for each in inspect.signature(function).parameters.values()]


def _hints(function: Callable[..., object], name: str) -> Mapping[str, object]:
    annotated = function if inspect.isroutine(function) else type(function).__call__
    try:
        return get_type_hints(annotated, include_extras=True)
    except NameError as exc:
        hint = "Types of tools must be defined at the top of a module."
        raise InvalidType(f"an annotation of tool {name} cannot be resolved: {exc}.", hint=hint) from exc


def _field(parameter: inspect.Parameter, hints: Mapping[str, Any], name: str) -> Field:
    where = f"parameter {parameter.name} of tool {name}"
    if parameter.kind in UNNAMED:
        raise InvalidType(f"{where} cannot be named by a model: it must be an ordinary parameter")
    if parameter.name not in hints:
        hint = "For a method, write tool(instance.method)." if parameter.name == "self" else ""
        raise InvalidType(f"{where} has no type annotation.", hint=hint)
    default = (
        msgspec.NODEFAULT if parameter.default is parameter.empty else msgspec.field(default_factory=_unset)
    )
    return parameter.name, _with_meta(hints[parameter.name]), default


def _unset() -> msgspec.UnsetType:
    return msgspec.UNSET  # the function has its own default


def _with_meta(kind: Any) -> Any:
    """The annotation with `Annotated[int, "what it is"]` in msgspec's words."""
    if get_origin(kind) is not Annotated:
        return kind
    inner, *notes = get_args(kind)
    texts = (note if isinstance(note, str) else getattr(note, "description", None) for note in notes)
    found = next((text for text in texts if isinstance(text, str)), None)
    if any(isinstance(note, msgspec.Meta) for note in notes) or found is None:
        return kind
    return Annotated[inner, msgspec.Meta(description=found)]


# ── results ────────────────────────────────────────────────────────────────────────────────────────


def render(result: object) -> str:
    """What the model is told of a result: text as it stands, everything else as JSON."""
    text = result if isinstance(result, str) else msgspec.json.encode(result, enc_hook=_to_json).decode()
    text.encode()  # half a surrogate pair would only fail when the message is sent, far from its cause
    return text


def _to_json(value: object) -> object:
    dump: object = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"a result of type {type(value).__name__} has no form in JSON")


def told(error: BaseException) -> str:
    """What the model is told of a tool that failed."""
    if isinstance(error, InvalidToolArguments):
        return f"Error: {shorten(error.message, TOLD_CHARACTERS)}"
    text = shorten(str(error), TOLD_CHARACTERS)
    return f"Error: {type(error).__name__}: {text}" if text else f"Error: {type(error).__name__}"


def unknown_tool(name: str, known: Iterable[str]) -> InvalidToolArguments:
    """The error for a tool that the model made up."""
    names = ", ".join(sorted(known)) or "none"
    return InvalidToolArguments(f"there is no tool {name!r}; the tools are: {names}", tool=name)
