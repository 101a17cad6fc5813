"""A stream of events while it arrives: what the streams of all endpoints have in common."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from zhipu_async.flows.cursor import Cursor, Reader
from zhipu_async.flows.only_async import OnlyAsyncFor, OnlyAsyncWith
from zhipu_async.types.base import UNKNOWN, Meta

if TYPE_CHECKING:
    from typing import Self

    from zhipu_async.errors import APIError
    from zhipu_async.flows.job import Opened

T = TypeVar("T")


class EventStream(OnlyAsyncWith, OnlyAsyncFor, Generic[T]):
    """Events that arrive one by one.

    Leaving a loop over it before its end, by `break`, an exception or cancelling, closes the connection at once.
    """

    __slots__ = ("__weakref__", "_cursor")

    def __init__(self, opener: Callable[[], Awaitable[Opened]], reader: Reader[T]) -> None:
        self._cursor: Cursor[T] = Cursor(opener, reader)

    async def open(self) -> Self:
        """Send the request and return when the answer begins; errors of the platform are raised here.

        Cancelling closes the connection.
        """
        return await self._cursor.open(self)

    if TYPE_CHECKING:  # which an exit stack, too, takes for a context manager

        async def __aenter__(self) -> Self: ...

    else:

        def __aenter__(self):
            return self._cursor.open(self)  # opened by the thousand, each spares the frame of a coroutine

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cursor.close()

    async def close(self) -> None:
        """Drop the connection, if the stream is still arriving."""
        self._cursor.close()

    def __aiter__(self) -> AsyncGenerator[T]:
        return self._cursor.view(iter)

    async def __anext__(self) -> T:
        """Return the next item and leave the stream open. Cancelling closes it."""
        return await self._cursor.one()

    def batches(self) -> AsyncGenerator[list[T]]:
        """Give the items in lists, one per network read: the cheapest view of a fast stream."""
        return self._cursor.view(whole)

    async def collect(self) -> list[T]:
        """Read to the end and return what was left of the stream. Cancelling closes it."""
        return [item async for batch in self.batches() for item in batch]

    @property
    def meta(self) -> Meta:
        """Return how the response began: status, log id, headers, attempts."""
        opened = self._cursor.opened
        return opened.meta if opened else UNKNOWN

    @property
    def error(self) -> APIError | None:
        """Return what ended the stream, when it ended wrong."""
        return self._cursor.error

    def __repr__(self) -> str:
        state = self._cursor.state.name.lower()
        return f"<{type(self).__name__} {state}, request_id {self.meta.request_id or 'none yet'}>"


def whole(items: Iterable[T]) -> list[list[T]]:
    """The items in one list, if there are any."""
    listed = list(items)
    return [listed] if listed else []
