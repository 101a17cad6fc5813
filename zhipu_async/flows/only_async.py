"""Answers for those who leave an `async` away: Python's own say what is missing, not what to write. No I/O here.

Type checkers find both by themselves. The errors are TypeErrors, so whoever asks by `iter(...)` whether something is
to be read in a plain loop, as some web frameworks do, still hears no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING


class OnlyAsyncWith:
    """What is entered with `async with`."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __enter__(self):
            raise _missing("with", self)

        __exit__ = __enter__


class OnlyAsyncFor:
    """What is read with `async for`."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __iter__(self):
            raise _missing("for", self)


def _missing(word: str, owner: object) -> TypeError:
    from zhipu_async.errors import InvalidType

    return InvalidType(f"{type(owner).__name__} is asynchronous: write `async {word}`")
