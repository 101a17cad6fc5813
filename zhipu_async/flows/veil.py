"""What an error that leaves the library still shows of the frames it came through."""

from __future__ import annotations

import gc
from functools import wraps
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, TypeGuard, TypeVar

OWN = "zhipu_async"
# asyncio writes the bytes of requests, and so the key, from frames of its own.
OURS: frozenset[str] = frozenset({OWN, "aiohttp", "websockets", "asyncio"})
GENERATOR, COROUTINE, ASYNC_GENERATOR = (
    0x20,
    0x80,
    0x200,
)  # as in inspect, which takes four milliseconds to import
SUSPENDABLE = GENERATOR | COROUTINE | ASYNC_GENERATOR


def veil(error: BaseException) -> None:
    """Empty the variables of our own frames, and of the libraries below, that an error has left behind.

    Error trackers, rich and `TracebackException(capture_locals=True)` print the variables of every frame. In ours
    stand the key, headers and prompts. Lines and names stay, so a report still says where it happened. Frames of the
    caller's own code are not touched, nor are those that still run: an error may be kept and raised again elsewhere.
    """
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        failure = todo.pop()
        if failure is None or id(failure) in seen:
            continue
        seen.add(id(failure))
        todo += [failure.__cause__, failure.__context__]
        if _is_group(failure):
            todo += failure.exceptions
        trace = failure.__traceback__
        while trace is not None:
            if _is_ours(trace.tb_frame):
                _empty(trace.tb_frame)
            trace = trace.tb_next


def _is_group(error: BaseException) -> TypeGuard[BaseExceptionGroup[BaseException]]:
    return isinstance(error, BaseExceptionGroup)


def _is_ours(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__")).partition(".")[0]
    # Generators of websockets catch errors and go on. Python 3.13.0 crashes when one looks at such a frame later,
    # and they hold what came, not what was sent.
    return package in OURS and (package == OWN or not frame.f_code.co_flags & GENERATOR)


def _empty(frame: FrameType) -> None:
    if frame.f_code.co_flags & SUSPENDABLE and not _has_ended(frame):
        return
    try:
        frame.clear()
    except RuntimeError:
        return  # it runs: the function that called us


def _has_ended(frame: FrameType) -> bool:
    # Before Python 3.13, to clear a suspended coroutine is to close it. A frame owns its code only when the
    # coroutine that ran in it is over.
    return any(owned is frame.f_code for owned in gc.get_referents(frame))


F = TypeVar("F")

if TYPE_CHECKING:

    def veiled(function: F) -> F:
        """Return the function, whose errors show no variables of ours, and no arguments."""
        ...

else:

    def veiled(function):
        if function.__code__.co_flags & COROUTINE:

            @wraps(function)
            async def call(*args, **kwargs):
                try:
                    return await function(*args, **kwargs)
                except BaseException as error:
                    del args, kwargs
                    veil(error)
                    raise

        else:

            @wraps(function)
            def call(*args, **kwargs):
                try:
                    return function(*args, **kwargs)
                except BaseException as error:
                    del args, kwargs
                    veil(error)
                    raise

        return call


class Veiled:
    """Classes of ours whose public methods are `veiled`: what users call is where errors leave."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.partition(".")[0] != OWN:
            return  # a subclass of the caller's: his methods are his own
        for name, member in tuple(vars(cls).items()):
            if isinstance(member, FunctionType) and (not name.startswith("_") or name in ENTRANCES):
                setattr(cls, name, veiled(member))


ENTRANCES = frozenset({"__init__", "__aenter__", "__aexit__"})
