"""What the resources with streams of their own rest on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from zhipu_async.flows.request import Request
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.resources.base import Resource
from zhipu_async.types.base import Reply

if TYPE_CHECKING:
    from zhipu_async.flows.answer_stream import AnswerStream
    from zhipu_async.flows.job import Opened
    from zhipu_async.protocol.gathering import GatheringReader

T = TypeVar("T")
R = TypeVar("R", bound=Reply)


class Streaming(Resource):
    """The methods of an area whose answers arrive in events."""

    def _stream(
        self,
        endpoint: Endpoint[object],
        reader: GatheringReader[T, R],
        request: Request | Callable[[], Awaitable[Request]],
    ) -> AnswerStream[T, R]:
        """Return a stream that sends the request when it is entered; a callable makes it then."""
        from zhipu_async.flows.answer_stream import AnswerStream

        async def open_now() -> Opened:
            made = request if isinstance(request, Request) else await request()
            return await self._calls.open(endpoint, made)

        return AnswerStream(self._calls, open_now, reader)


def continuing(endpoint: Endpoint[T], conversation: str | None) -> Endpoint[T]:
    """Return the endpoint as it is for a turn of a conversation, which must not be told twice."""
    return msgspec.structs.replace(endpoint, replay=Replay.ONCE) if conversation else endpoint
