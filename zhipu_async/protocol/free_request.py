"""What a request of the caller's own is made of: method, path, and the type to read the answer into. No I/O here."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from typing import TypeVar

from msgspec import inspect

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.sendable import as_list

T = TypeVar("T")


def endpoint_for(method: str, path: str, into: type[T], replay: Replay) -> Endpoint[T]:
    """Return the endpoint, or raise what is wrong with one of these."""
    check_place(method, path)
    check_readable(into)
    if not isinstance(replay, Replay):
        raise InvalidType(f"replay takes a Replay, as Replay.SAFE, not {type(replay).__name__}")
    safe = method.upper() in ("GET", "HEAD")
    return Endpoint(
        name=f"{method.upper()} {path}",
        method=method.upper(),
        path=path.replace("{", "{{").replace("}", "}}"),
        reply=into,
        replay=Replay.SAFE if safe else replay,
    )


def check_place(method: object, path: object) -> None:
    """Raise for a method or a path that cannot be sent as it is."""
    if not isinstance(method, str) or not isinstance(path, str):
        raise InvalidType("method and path are texts, as 'POST' and '/chat/completions'")
    if not path.startswith("/"):
        raise InvalidArgument(f"path starts with a slash and is relative to base_url: '/{path}'")
    if not path.isprintable() or "#" in path or not (method.isascii() and method.isalpha()):
        raise InvalidArgument("the method or the path has a character that cannot be sent there")


def check_readable(into: object) -> None:
    """Raise unless JSON can be read into a type, and into all that it is made of."""
    if into is None or isinstance(into, str):
        raise InvalidType(f"into takes a type, not {'its name' if into else 'None'}")
    try:
        stranger = _stranger(inspect.type_info(into), set())
    except (TypeError, NameError) as exc:
        raise InvalidType(f"into takes a type that JSON can be read into: {exc}") from exc
    if stranger is not None:
        raise InvalidType(
            f"JSON cannot be read into {stranger.__name__}.",
            hint="into takes Structs, dataclasses, TypedDicts, and lists and dicts of them.",
        )


def _stranger(node: object, seen: set[int]) -> type | None:
    """Return a type in here that nobody knows how to build from JSON."""
    if id(node) in seen:
        return None
    seen.add(id(node))
    if isinstance(node, inspect.CustomType):
        return None if _is_built(node.cls) else node.cls
    return next((found for part in _parts(node) if (found := _stranger(part, seen)) is not None), None)


def _parts(node: object) -> Iterable[object]:
    if as_list(node):
        return node
    if not isinstance(node, inspect.Type | inspect.Field):
        return ()
    return [getattr(node, name) for name in node.__struct_fields__ if name not in ("default", "tag")]


def _is_built(kind: type) -> bool:
    return kind in (object, array) or kind is getattr(sys.modules.get("numpy"), "ndarray", None)
