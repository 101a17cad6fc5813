"""Counting tokens: `zhipu.tokenizer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from zhipu_async.flows.parts import with_files
from zhipu_async.flows.request import Request, sent
from zhipu_async.protocol.chat_request import prepare
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.chat_request import AnyTool, Messages
from zhipu_async.types.tokenizer import TokenCount

CREATE = Endpoint(
    name="tokenizer.create", path="/tokenizer", reply=TokenCount, replay=Replay.COSTLY, takes_request_id=True
)


class Tokenizer(Resource):
    """How many tokens messages are."""

    async def create(
        self,
        *,
        model: str,
        messages: Messages,
        tools: Sequence[AnyTool] | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> TokenCount:
        """Return how many tokens the messages and tools are. Cancelling closes the connection."""
        given = sent(tools=tools, request_id=request_id, user_id=user_id)
        prepared = prepare(model, messages, given)
        return await self._calls.call(
            CREATE, Request(await with_files(prepared), model=model, options=options)
        )
