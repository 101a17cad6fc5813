"""Agents: `zhipu.agents`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Unpack

from zhipu_async.errors import APIResponseError, InvalidArgument
from zhipu_async.flows.request import Request, sent
from zhipu_async.protocol.agent_messages import to_agent
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay, Root
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.streaming import Streaming, continuing
from zhipu_async.types.agent_request import AgentMessages, AgentVariables, SensitiveWordCheck, SlideExport
from zhipu_async.types.agents import AgentId, AgentReply, HomeworkQuestion
from zhipu_async.types.tasks import TaskReceipt

if TYPE_CHECKING:
    from zhipu_async.flows.answer_stream import AnswerStream
    from zhipu_async.flows.tasks import PendingTask

INVOKE = Endpoint(
    name="agents.invoke", path="/v1/agents", reply=AgentReply, replay=Replay.COSTLY, root=Root.API
)
STREAM = Endpoint(
    name="agents.stream", path="/v1/agents", reply=AgentReply, replay=Replay.COSTLY, root=Root.API
)
SUBMIT = Endpoint(
    name="agents.submit", path="/v1/agents", reply=TaskReceipt, replay=Replay.ONCE, root=Root.API
)
CONVERSATION = Endpoint(
    name="agents.conversation",
    path="/v1/agents/conversation",
    reply=AgentReply,
    replay=Replay.COSTLY,
    root=Root.API,
    envelope=Envelope.ANSWER,
)


class Agents(Streaming):
    """Ready-made agents: translation, slides, drawing, recognition, checks, homework. `AgentId` lists them.

    Which way an agent can be called is its own: most answer whole, some only in a stream (slides, homework solving and
    analysis), some only as a task (documents, video templates).
    """

    async def invoke(
        self,
        *,
        agent_id: str,
        messages: AgentMessages,
        custom_variables: AgentVariables | None = None,
        conversation_id: str | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        sensitive_word_check: SensitiveWordCheck | None = None,
        **options: Unpack[CallOptions],
    ) -> AgentReply:
        """Return the agent's answer, whole. Cancelling closes the connection.

        custom_variables: what this agent needs to know; types/agent_request.py has a TypedDict for each agent.
        """
        request = _request(
            options,
            agent_id=agent_id,
            messages=to_agent(messages),
            custom_variables=custom_variables,
            conversation_id=conversation_id,
            request_id=request_id,
            user_id=user_id,
            sensitive_word_check=sensitive_word_check,
        )
        return await self._calls.call(continuing(INVOKE, conversation_id), request)

    def stream(
        self,
        *,
        agent_id: str,
        messages: AgentMessages,
        custom_variables: AgentVariables | None = None,
        conversation_id: str | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        sensitive_word_check: SensitiveWordCheck | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[AgentReply, AgentReply]:
        """Return the agent's answer while it arrives: `async with ... as stream`, then one of its views.

        The slides agent tells its thoughts and steps in `event.messages`, by their `phase`; the `conversation_id` of
        its result goes on with the same slides. Leaving the `async with` closes the connection.
        """
        from zhipu_async.protocol.agent_stream import agent_reader

        request = _request(
            options,
            stream=True,
            agent_id=agent_id,
            messages=to_agent(messages),
            custom_variables=custom_variables,
            conversation_id=conversation_id,
            request_id=request_id,
            user_id=user_id,
            sensitive_word_check=sensitive_word_check,
        )
        return self._stream(continuing(STREAM, conversation_id), agent_reader(), request)

    async def submit(
        self,
        *,
        agent_id: str,
        messages: AgentMessages,
        custom_variables: AgentVariables | None = None,
        conversation_id: str | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        sensitive_word_check: SensitiveWordCheck | None = None,
        **options: Unpack[CallOptions],
    ) -> PendingTask[AgentReply]:
        """Return a task that the agent works on by itself; awaiting it gives the answer with its links.

        Cancelled before the receipt came, the task may exist: with a ledger, its intent stays visible.
        """
        from zhipu_async.protocol.kinds import AGENTS

        return await self._submit(
            SUBMIT,
            AGENTS,
            options,
            agent_id=agent_id,
            messages=to_agent(messages),
            custom_variables=custom_variables,
            conversation_id=conversation_id,
            request_id=request_id,
            user_id=user_id,
            sensitive_word_check=sensitive_word_check,
        )

    async def async_result(
        self,
        *,
        agent_id: str,
        async_id: str | None = None,
        custom_variables: AgentVariables | None = None,
        conversation_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> AgentReply:
        """Return where a task stands, once; a task from `submit` asks by itself. Cancelling is safe.

        The agent `intelligent_education_correction_polling` takes variables instead of an id: `trace_id` and
        `images`, with the questions that are not finished.
        """
        from zhipu_async.protocol.homework import ASYNC_RESULT

        return await self._call(
            ASYNC_RESULT,
            options,
            agent_id=agent_id,
            async_id=async_id,
            custom_variables=custom_variables,
            conversation_id=conversation_id,
        )

    async def corrections(self, reply: AgentReply) -> AsyncGenerator[HomeworkQuestion]:
        """Give the questions of a homework as each is corrected, asking until none is left.

        reply: what `intelligent_education_correction_agent` answered. Cancelling ends the asking, not the correcting.
        """
        from zhipu_async.protocol.homework import questions_in

        found = questions_in(reply.raw)
        open_questions = {question.uuid: question for question in found}
        while True:
            for question in found:
                if question.finished and question.uuid in open_questions:
                    del open_questions[question.uuid]
                    yield question
            if not open_questions:
                return
            found = await self._corrected([*open_questions.values()])

    async def conversation(
        self,
        *,
        conversation_id: str,
        agent_id: str = AgentId.SLIDES,
        custom_variables: SlideExport | None = None,
        **options: Unpack[CallOptions],
    ) -> AgentReply:
        """Return the links to the slides of a conversation, exported as asked for. Cancelling closes the connection.

        What could not be exported is told in `reply.error`, beside the links that there are.
        """
        return await self._call(
            CONVERSATION,
            options,
            agent_id=agent_id,
            conversation_id=conversation_id,
            custom_variables=custom_variables,
        )

    async def _corrected(self, questions: list[HomeworkQuestion]) -> list[HomeworkQuestion]:
        from zhipu_async.flows.tasks import PendingTask
        from zhipu_async.protocol.homework import homework_kind, homework_ref, questions_in

        if not questions[0].trace_id:
            raise InvalidArgument("the reply names no trace_id, so its questions cannot be asked for")
        flow, now = self._calls.tasking.flow, self._calls.clock.now()
        kind, ref = homework_kind(questions), homework_ref(questions)
        reply = await PendingTask(flow, kind, ref, submitted=now)
        found = questions_in(reply.raw)
        if not found:
            raise APIResponseError("the answer to the polling holds no question", status=reply.meta.status)
        return found


def _request(options: CallOptions, *, stream: bool = False, **fields: object) -> Request:
    """Return the request; each agent has limits of its own, as a model has."""
    body = sent(**fields, stream=stream or None)
    return Request(body, model=str(body.get("agent_id", "")), options=options, stream=stream)
