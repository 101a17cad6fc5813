"""Where items come from: any iterable or async iterable, pulled one by one and closed when it is left early."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar, runtime_checkable

from zhipu_async.errors import InvalidType

E = TypeVar("E")


@runtime_checkable
class Closable(Protocol):
    """What an async generator has beside its items."""

    async def aclose(self) -> None:
        """End it."""
        ...


class Source(Generic[E]):
    """Gives elements; coroutines that nobody took are closed, so that none is "never awaited"."""

    def __init__(self, elements: Iterable[E] | AsyncIterable[E]) -> None:
        self.exhausted: bool = False
        self._iterator: Iterator[E] | None = None
        self._async_iterator: AsyncIterator[E] | None = None
        _refuse_single(elements)
        if isinstance(elements, AsyncIterable):
            self._async_iterator = aiter(elements)
        elif isinstance(elements, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  (as callers may)
            self._iterator = iter(elements)
        else:
            raise InvalidType(f"an iterable or async iterable is needed, not {type(elements).__name__}")

    def __del__(self) -> None:
        # An `as_completed(...)` that nobody iterates has no other moment to see to its coroutines.
        self.close()

    @property
    def is_async(self) -> bool:
        """Tell which of `next` and `anext` to use."""
        return self._async_iterator is not None

    def next(self) -> list[E]:
        """Return the next element, or none at the end."""
        assert self._iterator is not None
        for element in self._iterator:
            return [element]
        self.exhausted = True
        return []

    async def anext(self) -> list[E]:
        """Return the next element, or none at the end."""
        assert self._async_iterator is not None
        try:
            return [await anext(self._async_iterator)]
        except StopAsyncIteration:
            self.exhausted = True
            return []

    def close(self) -> None:
        """Give up what has not been pulled."""
        iterator = getattr(self, "_iterator", None)
        if iterator is None or self.exhausted:
            return
        self.exhausted = True
        if isinstance(iterator, Generator):
            iterator.close()
            return
        if type(iterator).__name__ in FINITE:
            for element in iterator:
                if inspect.iscoroutine(element):
                    element.close()

    async def aclose(self) -> None:
        """Give up an async iterator."""
        self.exhausted = True
        if isinstance(self._async_iterator, Closable):
            await self._async_iterator.aclose()


def _refuse_single(elements: object) -> None:
    if isinstance(elements, str | bytes | Mapping):
        kind = type(elements).__name__  # pyright: ignore[reportUnknownArgumentType]
        raise InvalidType(f"an iterable of items is needed; a {kind} is a single item")


# Iterators of containers: what is left in them exists already and ends. Others, like itertools.count, may not end.
FINITE = frozenset(
    {"list_iterator", "tuple_iterator", "set_iterator", "dict_valueiterator", "list_reverseiterator"}
)
