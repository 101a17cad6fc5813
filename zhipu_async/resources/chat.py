"""Chat completions: `zhipu.chat.completions`."""

from __future__ import annotations

from functools import cached_property
from typing import Unpack

from zhipu_async.flows.parts import with_files
from zhipu_async.flows.request import Request
from zhipu_async.protocol.chat_params import ChatParams
from zhipu_async.protocol.chat_request import prepare
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

    @expanded(ChatParams)
    async def create(self, *, model: str, messages: Messages, **params: Unpack[ChatParams]) -> ChatCompletion:
        """Return the model's answer, whole. Cancelling closes the connection."""
        return await self._calls.call(CREATE, await self._request(model, messages, params))

    async def _request(
        self, model: str, messages: Messages, params: ChatParams, *, stream: bool = False
    ) -> Request:
        prepared = prepare(model, messages, params, stream=stream)
        body = await with_files(prepared) if prepared.unread else prepared.body
        return Request(body, model=model, options=prepared.options, stream=stream)
