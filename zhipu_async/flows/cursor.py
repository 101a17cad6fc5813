"""Reading a stream: one place in it, one reader at a time, and the socket gone as soon as nobody reads."""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from enum import Enum
from operator import length_hint
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Never, Protocol, TypeVar

from zhipu_async.errors import APIError, APITimeoutError, StreamClosed, StreamError, StreamInterrupted
from zhipu_async.flows.veil import veil
from zhipu_async.flows.watch import Watch
from zhipu_async.protocol.auth import hide

if TYPE_CHECKING:
    from typing import Self

    from zhipu_async.flows.job import Opened
    from zhipu_async.types.chat import ChatCompletion, Usage

T = TypeVar("T")
P = TypeVar("P")

PIECE_BYTES = 24 * 1024  # read at a time: what is decoded from more falls out of the processor's cache
NOTHING: Iterator[Never] = iter(())
DRAIN_SECONDS = 0.5  # behind [DONE] come a few bytes; a server that does not hang up loses the connection


class Reader(Protocol[T]):
    """Turns the bytes of a body into items: the pure half of a stream."""

    over: bool
    """Reading on is pointless."""

    @property
    def usage(self) -> Usage | None:
        """Return what the stream said it used."""
        ...

    def feed(self, data: bytes) -> list[T]:
        """Return the items that these bytes complete."""
        ...

    def end(self) -> list[T]:
        """Return what the end of the body completes."""
        ...

    def verdict(self) -> StreamError | None:
        """Return what is wrong with the stream once it is over."""
        ...

    def partial(self, request_id: str) -> ChatCompletion | None:
        """Return what had arrived, for errors."""
        ...


class State(Enum):
    """Where a stream is in its life."""

    NEW = "not asked for yet"
    OPEN = "the response is arriving"
    WHOLE = "everything has arrived and was in order"
    FAILED = "it ended wrong; the error is raised once the items before it are read"
    CLOSED = "dropped before its end"


class Cursor(Generic[T]):
    """A place in a stream. `items` is what has arrived and not been handed out."""

    __slots__ = (
        "_opener",
        "_parts",
        "_read",
        "_reading",
        "_watch",
        "error",
        "items",
        "opened",
        "reader",
        "state",
    )

    def __init__(self, opener: Callable[[], Awaitable[Opened]], reader: Reader[T]) -> None:
        self.reader: Reader[T] = reader
        self.items: Iterator[T] = NOTHING
        self.state: State = State.NEW
        self.opened: Opened | None = None
        self.error: APIError | None = None
        self._opener: Callable[[], Awaitable[Opened]] | None = opener
        self._watch: Watch | None = None
        self._read: Callable[[], Awaitable[bytes]] | None = None  # gives the next piece of the body
        self._parts: Iterator[bytes] = NOTHING  # of a piece that was too large
        self._reading = False  # a view is under way

    async def open(self, stream: P) -> P:
        """Ask for the stream, once, and return what it is asked for. Cancelling leaves nothing open."""
        if self.state is State.CLOSED:
            raise closed()
        opener, self._opener = self._opener, None  # and with it the whole prompt
        if opener is None:
            if self.state is State.NEW:
                raise StreamClosed("another task is opening this stream")
            return stream
        try:
            opened = await opener()
        except BaseException as error:
            veil(error)
            self._opener = opener
            raise
        if self.closed_while_opening:
            opened.abandon()
            raise closed()
        self.opened = opened
        self._read = opened.response.source()
        self._watch = Watch(opened)
        self.state = State.OPEN
        return stream

    @property
    def closed_while_opening(self) -> bool:
        """Whether another task closed the stream while this one waited for the answer to begin."""
        return self.state is State.CLOSED

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        """Begin a view; there may be only one. Cancelling leaves nothing open."""
        self._begin_view()
        try:
            await self.open(self)
        except BaseException:
            self._reading = False
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End a view: one that ends by itself leaves the rest to the next, one that was left closes the stream."""
        self._reading = False
        if kind is not None:
            self._leave()

    def _begin_view(self) -> None:
        if self.state is State.CLOSED:
            raise closed()
        if self._reading:
            raise StreamClosed("another view is reading this stream; leaving its loop closes the stream")
        self._reading = True

    def _leave(self) -> None:
        if self.state is not State.NEW:  # else it may be opened again
            self.close()

    def check_whole(self) -> None:
        """Raise when the answer has not arrived to its end."""
        if self.state is not State.WHOLE:
            raise StreamClosed(
                f"the answer is not whole: {self.state.value}",
                hint="`await stream.finish()` reads the rest; `.partial` is what there is.",
            )

    async def one(self) -> T:
        """Return the next item and leave the stream open. Cancelling closes it."""
        self._begin_view()
        try:
            await self.open(self)
            if await self.fill():
                return next(self.items)
            raise StopAsyncIteration
        finally:
            self._reading = False

    def put_back(self, item: T) -> None:
        """Let the next view begin with this item."""
        self.items = iter([item, *self.items])

    async def view(self, made_of: Callable[[Iterable[T]], Iterable[P]]) -> AsyncGenerator[P]:
        """Give what is made of the items of each network read. Leaving it early closes the stream."""
        # The hot path of the library: one frame between the socket's reader and the program's loop, since every
        # coroutine between them costs again, and nothing awaited between two items of one network read.
        self._begin_view()
        try:
            await self.open(self)
            for each in made_of(self.items):
                yield each
            still_open = State.OPEN  # a member of an enum is looked up the long way
            while self.state is still_open:
                try:
                    piece = await self._next_piece()
                except BaseException as error:
                    if not self._broke(error):
                        raise
                    break
                items = made_of(self._take(piece))
                del piece  # it may be large, the next one far, and errors show what their frames hold
                for each in items:
                    yield each
            self._ended()
        except BaseException:
            self._leave()
            raise
        finally:
            self._reading = False

    # ── reading ────────────────────────────────────────────────────────────────────────────────────

    async def fill(self) -> bool:
        """Tell whether there are items, after waiting for them; raises what is wrong with the stream.

        Cancelling closes the stream.
        """
        while self.state is State.OPEN and not length_hint(self.items):
            try:
                piece = await self._next_piece()
            except BaseException as error:
                if self._broke(error):
                    break
                self.close()
                raise
            self.items = iter(self._take(piece))
            del piece  # likewise
        return length_hint(self.items) > 0 or self._ended()

    def _next_piece(self) -> Awaitable[bytes]:
        watch, read = self._watch, self._read
        assert watch is not None
        assert read is not None
        watch.turn |= 1
        if watch.idle:
            watch.busy()
        return read()

    def _take(self, piece: bytes) -> list[T]:
        """Return the items that a piece of the body completes, and see whether it was the last one."""
        if len(piece) > PIECE_BYTES:
            piece = self._first_part(piece)
        reader = self.reader
        items = reader.feed(piece) if piece else reader.end()
        if reader.over or not piece:
            self._finish(reader.verdict(), whole_body=not piece)
        if items and self._watch is not None:
            self._watch.turn += 1
        return items

    def _first_part(self, piece: bytes) -> bytes:
        self._parts = iter([piece[at : at + PIECE_BYTES] for at in range(0, len(piece), PIECE_BYTES)])
        self._read = self._next_part
        return next(self._parts)

    async def _next_part(self) -> bytes:
        part = next(self._parts, None)
        if part is not None:
            return part
        assert self.opened is not None
        self._read = self.opened.response.source()
        return await self._read()

    def _ended(self) -> bool:
        if self.error is not None:
            raise self.error
        if self.state is State.CLOSED:
            raise closed()
        return False

    # ── the end ────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Drop the connection and return the permit, now; harmless when there is nothing left to drop."""
        if self.state is State.OPEN and self.opened is not None:
            self.opened.response.close()
            self._settle(State.CLOSED, self.opened)
        elif self.state is State.NEW:
            self.state = State.CLOSED

    def _broke(self, error: BaseException) -> bool:
        """Tell whether the connection is gone: by itself, because a clock ran out, or because we closed it."""
        assert self.opened is not None
        broken = self.opened.response.broken(error)
        if broken is not None and self.state is State.OPEN:
            cut = StreamInterrupted("the connection broke before the stream was whole")
            cut.__cause__ = broken
            self._finish(cut, whole_body=False)
        return broken is not None

    def _finish(self, error: APIError | None, *, whole_body: bool) -> None:
        """The stream has said all: the permit goes back, the connection as soon as its body ends."""
        opened, watch = self.opened, self._watch
        assert opened is not None
        assert watch is not None
        error = watch.expired or error
        if error is not None:
            self.error = self._dressed(error, opened)
        if whole_body or error is not None or opened.response.at_eof():
            opened.response.release()
        else:
            opened.response.drain(DRAIN_SECONDS)
        self._settle(State.FAILED if error else State.WHOLE, opened)

    def _settle(self, state: State, opened: Opened) -> None:
        self.state = state
        if self._watch is not None:
            self._watch.stop()
        opened.end(usage=self.reader.usage, error=self.error)

    def _dressed(self, error: APIError, opened: Opened) -> APIError:
        veil(error)
        error.endpoint = opened.endpoint.name
        error.request_id = opened.request_id
        error.log_id = opened.meta.log_id
        error.message = hide(error.message, opened.job.key)
        error.args = (error.message,)
        if isinstance(error, (StreamError, APITimeoutError)):
            error.partial = self.reader.partial(opened.request_id)
        return error

    def __del__(self) -> None:
        watch = self._watch
        if self.state is not State.OPEN or watch is None or watch.loop.is_closed():
            return
        # Any thread may collect garbage, also one that holds the limiter's lock: the loop does the rest.
        watch.loop.call_soon_threadsafe(watch.abandon)
        warnings.warn("a stream was dropped half-read; use `async with`", ResourceWarning, stacklevel=2)


def closed() -> StreamClosed:
    """The error of a loop over a stream that was dropped."""
    return StreamClosed("this stream is closed; what had arrived is in `.partial`")
