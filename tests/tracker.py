"""What an error tracker would send home of an error: every variable of every frame, looked into."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from traceback import walk_tb
from types import FrameType

from tests.hostile import Seen
from zhipu_async.protocol.sendable import as_object

LIBRARIES = ("zhipu_async", "aiohttp", "websockets", "asyncio", "msgspec", "yarl")
DEEPEST = 6  # such tools cut sooner


def shown(error: BaseException) -> str:
    """Return all that is to be seen in frames of the library and of what it stands on."""
    return "\n".join(line for failure in chain(error) for line in (repr(failure), *_variables(failure)))


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that led to it, also what `raise ... from None` hides."""
    seen: dict[int, BaseException] = {}
    todo: list[BaseException | None] = [error]
    while todo:
        failure = todo.pop()
        if failure is None or id(failure) in seen:
            continue
        seen[id(failure)] = failure
        todo += [failure.__cause__, failure.__context__, *getattr(failure, "exceptions", ())]
        yield failure


def frames(error: BaseException) -> list[FrameType]:
    """Return the frames of libraries that an error and its causes came through."""
    return [
        frame
        for failure in chain(error)
        for frame, _ in walk_tb(failure.__traceback__)
        if _is_of_library(frame)
    ]


def _is_of_library(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    # Python 3.13.0 crashes where a generator caught an error, was closed, and somebody asks for its variables.
    is_generator = bool(frame.f_code.co_flags & inspect.CO_GENERATOR)
    return package in LIBRARIES and not (package == "websockets" and is_generator)


def _variables(failure: BaseException) -> Iterator[str]:
    for frame in frames(failure):
        for name, value in frame.f_locals.items():
            yield f"{frame.f_code.co_qualname} {name} = {_looked_into(value, DEEPEST)}"


def _looked_into(value: object, depth: int) -> str:
    # rich and Sentry print the members of mappings and sequences themselves, whatever their own repr says.
    inner = [_looked_into(member, depth - 1) for member in _members(value)] if depth else []
    return " ".join([repr(value), *inner])


def _members(value: object) -> list[object]:
    if as_object(value):
        return [*value, *value.values()]
    return [*value] if isinstance(value, list | tuple | set | frozenset) else []


def credentials(seen: Seen) -> str:
    """Return the token that a request carried."""
    return seen.headers["authorization"].removeprefix("Bearer ")
