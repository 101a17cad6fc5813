"""Answers from knowledge bases: `zhipu.knowledge_agent`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zhipu_async.flows.request import Request, sent
from zhipu_async.protocol.agent_messages import to_agent
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay, Root, StreamEnd
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.streaming import Streaming, continuing
from zhipu_async.types.knowledge_agent import KnowledgeAnswer, KnowledgeEvent, Questions, Retrieval

if TYPE_CHECKING:
    from zhipu_async.flows.answer_stream import AnswerStream

MODEL = "glm-5v-turbo"  # the platform's default: the call counts against that model's limit

STREAM = Endpoint(
    name="knowledge_agent.stream",
    path="/zrag/agent/chat",
    reply=KnowledgeEvent,
    replay=Replay.COSTLY,
    root=Root.API,
    envelope=Envelope.CODE_200,
    ends=StreamEnd.EVENT,
    default_model=MODEL,
)


class KnowledgeAgent(Streaming):
    """An agent that searches knowledge bases step by step until it can answer; `zhipu.knowledge` manages the bases."""

    def stream(
        self,
        *,
        messages: Questions,
        retrieval: Retrieval,
        model: str | None = None,
        temperature: float | None = None,
        max_steps: int | None = None,
        enable_thinking: bool | None = None,
        session_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[KnowledgeEvent, KnowledgeAnswer]:
        """Return the answer while it arrives: `async with ... as stream`, then `stream.text()` or its events.

        retrieval: where to search: `{"know_ids": [...]}`.
        session_id: that of an earlier answer, to ask on. Leaving the `async with` closes the connection.
        """
        from zhipu_async.protocol.knowledge_stream import knowledge_reader

        body = sent(
            messages=to_agent(messages),
            retrieval=retrieval,
            model=model,
            temperature=temperature,
            max_steps=max_steps,
            enable_thinking=enable_thinking,
        )
        headers = {"X-Session-Id": session_id} if session_id else {}
        request = Request(body, model=model or "", headers=headers, options=options, stream=True)
        return self._stream(continuing(STREAM, session_id), knowledge_reader(), request)

    async def ask(
        self,
        *,
        messages: Questions,
        retrieval: Retrieval,
        model: str | None = None,
        temperature: float | None = None,
        max_steps: int | None = None,
        enable_thinking: bool | None = None,
        session_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> KnowledgeAnswer:
        """Return the whole answer; the platform has it only in events, which are read here. Cancelling closes them.

        retrieval: where to search: `{"know_ids": [...]}`.
        session_id: that of an earlier answer, to ask on.
        """
        return await self.stream(
            messages=messages,
            retrieval=retrieval,
            model=model,
            temperature=temperature,
            max_steps=max_steps,
            enable_thinking=enable_thinking,
            session_id=session_id,
            **options,
        ).finish()
