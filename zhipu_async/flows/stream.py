"""A chat answer while it arrives: views of one stream, and the completion that it adds up to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from zhipu_async.flows.event_stream import EventStream
from zhipu_async.protocol.chat_events import ChatEvents
from zhipu_async.protocol.chat_reader import ChatReader
from zhipu_async.types.base import UNKNOWN
from zhipu_async.types.chat import ChatCompletion, ChatCompletionChunk, ChunkChoice
from zhipu_async.types.chat_events import ChatEvent

if TYPE_CHECKING:
    from zhipu_async.flows.job import Opened
    from zhipu_async.flows.relay import RelayResponse

HEARTBEAT_SECONDS = 15.0  # proxies give up on a silent response after 30 to 60


class ChatStream(EventStream[ChatCompletionChunk]):
    """A chat answer that arrives piece by piece.

    Read it through one view at a time: the stream itself gives chunks, `text()` and `reasoning()` strings,
    `events()` typed events. Leaving a view before its end, by `break`, an exception or cancelling, closes the
    connection at once. After the end, `.result` is the whole completion.
    """

    __slots__ = ("_reader",)

    def __init__(self, opener: Callable[[], Awaitable[Opened]], *, resync: bool = True) -> None:
        self._reader = ChatReader(resync=resync)
        super().__init__(opener, self._reader)

    # ── views ──────────────────────────────────────────────────────────────────────────────────────

    def text(self) -> AsyncGenerator[str]:
        """Give the pieces of the first choice's text. Leaving the loop early closes the stream."""
        return self._cursor.view(text_of)

    async def reasoning(self) -> AsyncGenerator[str]:
        """Give the pieces of the first choice's reasoning, and stop where the answer begins.

        The stream is still open then: `text()`, or another view, goes on from there.
        """
        async with self._cursor as cursor:
            while await cursor.fill():
                for chunk in cursor.items:
                    if begins_answer(chunk):
                        cursor.put_back(without_reasoning(chunk))
                    for piece in reasoning_of(chunk):
                        yield piece
                    if begins_answer(chunk):
                        return

    def events(self) -> AsyncGenerator[ChatEvent]:
        """Give typed events, made for `match`. Leaving the loop early closes the stream."""
        events = ChatEvents()
        return self._cursor.view(lambda chunks: chain.from_iterable(map(events.of, chunks)))

    def relay(self, *, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncGenerator[bytes]:
        """Give the answer as the bytes of an OpenAI-shaped event stream, for a web handler's response.

        Comments keep the connection alive while the model thinks. An error in mid-stream becomes an error event
        without a final [DONE]. Leaving the loop early closes the stream.
        """
        from zhipu_async.flows.relay import relay

        return relay(self._cursor, heartbeat)

    def asgi(self, *, heartbeat: float = HEARTBEAT_SECONDS) -> RelayResponse:
        """Return an ASGI response that relays the answer, and closes the stream when the browser goes away."""
        from zhipu_async.flows.relay import response

        return response(self._cursor, heartbeat)

    # ── what it adds up to ─────────────────────────────────────────────────────────────────────────

    async def finish(self) -> ChatCompletion:
        """Read to the end and return the whole completion. Cancelling closes the stream."""
        async for _ in self.batches():
            pass
        return self.result

    @property
    def result(self) -> ChatCompletion:
        """Return the whole completion, once the stream has been read to its end."""
        self._cursor.check_whole()
        return self.partial

    @property
    def partial(self) -> ChatCompletion:
        """Return the completion as far as it has arrived."""
        opened = self._cursor.opened
        completion = self._reader.partial(opened.request_id if opened else "")
        vars(completion)["_meta"] = opened.arrival if opened else UNKNOWN
        return completion

    @property
    def lost_frames(self) -> int:
        """Return how many broken frames were skipped; what they held is missing in the text."""
        return self._reader.lost_frames


def text_of(chunks: Iterable[ChatCompletionChunk]) -> list[str]:
    """The pieces of the first choice's text in these chunks."""
    return [
        content
        for chunk in chunks
        for choice in chunk.choices
        if (content := choice.delta.content) and not choice.index
    ]


def begins_answer(chunk: ChatCompletionChunk) -> bool:
    """Tell whether the chunk holds more than reasoning."""
    return any(answers(choice) for choice in chunk.choices)


def reasoning_of(chunk: ChatCompletionChunk) -> list[str]:
    """The first choice's reasoning in the chunk."""
    pieces = (choice.delta.reasoning_content for choice in chunk.choices if choice.index == 0)
    return [piece for piece in pieces if piece]


def answers(choice: ChunkChoice) -> bool:
    """Tell whether the first choice says something here: text, sound, or a tool call."""
    delta = choice.delta
    return choice.index == 0 and bool(delta.content or delta.tool_calls or delta.audio)


def without_reasoning(chunk: ChatCompletionChunk) -> ChatCompletionChunk:
    """The chunk for the view that follows `reasoning()`, which has handed that part out."""
    choices = [
        msgspec.structs.replace(choice, delta=msgspec.structs.replace(choice.delta, reasoning_content=None))
        for choice in chunk.choices
    ]
    return msgspec.structs.replace(chunk, choices=choices)
