"""Answers of agents and their like while they arrive: events, text, and what they add up to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from zhipu_async.flows.event_stream import EventStream
from zhipu_async.protocol.gathering import GatheringReader
from zhipu_async.types.base import Reply
from zhipu_async.types.links import Linked, connect

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.flows.job import Opened

T = TypeVar("T")
R = TypeVar("R", bound=Reply)


class AnswerStream(EventStream[T], Generic[T, R]):
    """An answer that arrives piece by piece.

    Read it through one view at a time: the stream itself gives events, `text()` strings. Leaving a view before its
    end, by `break`, an exception or cancelling, closes the connection at once. After the end, `.result` is the whole
    answer.
    """

    def __init__(
        self, calls: Calls, opener: Callable[[], Awaitable[Opened]], reader: GatheringReader[T, R]
    ) -> None:
        super().__init__(opener, reader)
        self._calls = calls
        self._gathering = reader.gathering

    def text(self) -> AsyncGenerator[str]:
        """Give the pieces of the answer's text. Leaving the loop early closes the stream."""
        text_of = self._gathering.text_of
        return self._cursor.view(lambda events: filter(None, map(text_of, events)))

    async def finish(self) -> R:
        """Read to the end and return the whole answer. Cancelling closes the stream."""
        async for _ in self.batches():
            pass
        return self.result

    @property
    def result(self) -> R:
        """Return the whole answer, once the stream has been read to its end."""
        self._cursor.check_whole()
        return self.partial

    @property
    def partial(self) -> R:
        """Return the answer as far as it has arrived."""
        reply = self._gathering.reply()
        vars(reply)["_meta"] = self.meta
        if isinstance(reply, Linked):
            connect(reply, self._calls.download)
        return reply
