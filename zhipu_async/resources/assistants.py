"""Assistants: `zhipu.assistants`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from zhipu_async.flows.pages import Pages, Query, numbered
from zhipu_async.flows.request import Request, query, sent
from zhipu_async.protocol.agent_messages import to_assistant
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.streaming import Streaming, continuing
from zhipu_async.types.assistants import (
    Assistant,
    AssistantId,
    AssistantList,
    AssistantMessages,
    AssistantReply,
    Attachment,
    Conversation,
    ConversationPage,
    ExtraParameters,
)

if TYPE_CHECKING:
    from zhipu_async.flows.answer_stream import AnswerStream

STREAM = Endpoint(
    name="assistants.stream",
    path="/assistant",
    reply=AssistantReply,
    replay=Replay.COSTLY,
    takes_request_id=True,
)
LIST = Endpoint(
    name="assistants.list",
    path="/assistant/list",
    reply=AssistantList,
    replay=Replay.SAFE,
    envelope=Envelope.SUCCESS,
)
CONVERSATIONS = Endpoint(
    name="assistants.conversations",
    path="/assistant/conversation/list",
    reply=ConversationPage,
    replay=Replay.SAFE,
    envelope=Envelope.SUCCESS,
)


class Assistants(Streaming):
    """Assistants with tools: they search, compute, draw. The platform calls this API deprecated and still runs it."""

    def stream(
        self,
        *,
        messages: AssistantMessages,
        assistant_id: str = AssistantId.CHATGLM,
        model: str = "glm-4-assistant",
        conversation_id: str | None = None,
        do_sample: bool | None = None,
        attachments: Sequence[Attachment] | None = None,
        metadata: Mapping[str, object] | None = None,
        extra_parameters: ExtraParameters | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[AssistantReply, AssistantReply]:
        """Return the answer while it arrives: `async with ... as stream`, then `stream.text()` or its events.

        conversation_id: that of an earlier answer, to go on; the platform keeps what was said, so `messages` holds
            only the newest turn.
        extra_parameters: `{"translate": {"from": ..., "to": ...}}`, for the translation assistant only.
        Leaving the `async with` closes the connection.
        """
        from zhipu_async.protocol.assistant_stream import AssistantReader

        body = sent(
            assistant_id=assistant_id,
            model=model,
            messages=to_assistant(messages),
            stream=True,  # whole answers are documented, and refused
            conversation_id=conversation_id,
            do_sample=do_sample,
            attachments=attachments,
            metadata=metadata,
            extra_parameters=extra_parameters,
            user_id=user_id,
            request_id=request_id,
        )
        request = Request(body, model=model, options=options, stream=True)
        return self._stream(continuing(STREAM, conversation_id), AssistantReader(), request)

    def conversations(
        self,
        *,
        assistant_id: str = AssistantId.CHATGLM,
        page: int = 1,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pages[ConversationPage, Conversation]:
        """Return the conversations with an assistant: `await` a page of them, or `async for` all.

        page_size: at most 100; 5 by default. Cancelling closes the connection.
        """

        async def fetch(wanted: Query) -> ConversationPage:
            numbers = {name: int(value) for name, value in wanted.items()}
            return await self._call(CONVERSATIONS, options, assistant_id=assistant_id, **numbers)

        return Pages(fetch, query(page=page, page_size=page_size), _conversations, _following)

    def list(
        self, *, assistant_id_list: Sequence[str] = (), **options: Unpack[CallOptions]
    ) -> Pages[AssistantList, Assistant]:
        """Return the assistants with these ids, or all: `async for assistant in ...`, or `await` for all at once.

        Cancelling closes the connection.
        """

        async def fetch(wanted: Query) -> AssistantList:
            return await self._call(LIST, options, assistant_id_list=assistant_id_list)

        return Pages(fetch, {}, lambda found: found.data, lambda page, query: None)


def _conversations(page: ConversationPage) -> Sequence[Conversation]:
    return page.conversation_list


def _following(page: ConversationPage, wanted: Query) -> Query | None:
    return numbered(int(wanted["page"]) + 1, wanted) if page.has_more else None
