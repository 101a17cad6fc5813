"""Chat completions: `zhipu.chat.completions`."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, Unpack, overload

from zhipu_async.flows.job import Opened
from zhipu_async.flows.parts import with_files
from zhipu_async.flows.request import Request
from zhipu_async.flows.stream import ChatStream
from zhipu_async.protocol.chat_params import ChatParams
from zhipu_async.protocol.chat_request import Prepared, prepare
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.signatures import expanded
from zhipu_async.resources.base import Resource
from zhipu_async.types.chat import ChatCompletion
from zhipu_async.types.chat_request import Messages

CREATE = Endpoint(
    name="chat.completions.create",
    path="/chat/completions",
    reply=ChatCompletion,
    replay=Replay.COSTLY,
    takes_request_id=True,
)


class Chat(Resource):
    """What talks."""

    @cached_property
    def completions(self) -> Completions:
        """Return the completions: `zhipu.chat.completions.create(...)`."""
        return Completions(self._calls)


class Completions(Resource):
    """Answers of the chat models."""

    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: Literal[False] = False, **params: Unpack[ChatParams]
    ) -> ChatCompletion: ...
    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: Literal[True], **params: Unpack[ChatParams]
    ) -> ChatStream: ...
    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: bool, **params: Unpack[ChatParams]
    ) -> ChatCompletion | ChatStream: ...
    @expanded(ChatParams)
    async def create(
        self, *, model: str, messages: Messages, stream: bool = False, **params: Unpack[ChatParams]
    ) -> ChatCompletion | ChatStream:
        """Return the model's answer, whole; with `stream=True` the stream that it arrives in.

        Cancelling closes the connection.
        """
        prepared = prepare(model, messages, params, stream=bool(stream))
        if stream:
            return await self._stream(model, prepared).open()
        return await self._calls.call(CREATE, await self._request(model, prepared))

    @expanded(ChatParams)
    def stream(self, *, model: str, messages: Messages, **params: Unpack[ChatParams]) -> ChatStream:
        """Return the model's answer as a stream, for `async with`; the request is sent there."""
        return self._stream(model, prepare(model, messages, params, stream=True))

    def _stream(self, model: str, prepared: Prepared) -> ChatStream:
        async def opened() -> Opened:
            return await self._calls.open(CREATE, await self._request(model, prepared, stream=True))

        return ChatStream(opened)

    async def _request(self, model: str, prepared: Prepared, *, stream: bool = False) -> Request:
        body = await with_files(prepared) if prepared.unread else prepared.body
        return Request(body, model=model, options=prepared.options, stream=stream)
