"""Applications made in the platform's console: `zhipu.applications`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from zhipu_async.flows.request import Request, sent
from zhipu_async.flows.upload import Form, Named, Progress, file_field, form_values
from zhipu_async.protocol.agent_messages import to_application
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay, Root
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.streaming import Streaming, continuing
from zhipu_async.types.applications import (
    ApplicationFiles,
    ApplicationMessages,
    ApplicationReply,
    ApplicationSlices,
    FileStates,
    NewConversation,
    Suggestions,
    VariableList,
)

if TYPE_CHECKING:
    from zhipu_async.flows.answer_stream import AnswerStream

_V2 = "/llm-application/open/v2/application"

INVOKE = Endpoint(
    name="applications.invoke",
    path="/llm-application/open/v3/application/invoke",
    reply=ApplicationReply,
    replay=Replay.COSTLY,
    root=Root.API,
)
STREAM = Endpoint(
    name="applications.stream",
    path="/llm-application/open/v3/application/invoke",
    reply=ApplicationReply,
    replay=Replay.COSTLY,
    root=Root.API,
)
VARIABLES = Endpoint(
    name="applications.variables",
    method="GET",
    path=_V2 + "/{app_id}/variables",
    reply=VariableList,
    replay=Replay.SAFE,
    root=Root.API,
    envelope=Envelope.CODE_200,
)
UPLOAD = Endpoint(
    name="applications.upload",
    path=_V2 + "/file_upload",
    reply=ApplicationFiles,
    replay=Replay.ONCE,
    root=Root.API,
    envelope=Envelope.CODE_200,
)
FILE_STATES = Endpoint(
    name="applications.file_states",
    path=_V2 + "/file_stat",
    reply=FileStates,
    replay=Replay.SAFE,
    root=Root.API,
    envelope=Envelope.CODE_200,
)
CREATE_CONVERSATION = Endpoint(
    name="applications.create_conversation",
    path=_V2 + "/{app_id}/conversation",
    reply=NewConversation,
    replay=Replay.ONCE,
    root=Root.API,
    envelope=Envelope.CODE_200,
)
SLICES = Endpoint(
    name="applications.slices",
    path=_V2 + "/slice_info",
    reply=ApplicationSlices,
    replay=Replay.SAFE,
    root=Root.API,
    envelope=Envelope.CODE_200,
)
SUGGESTIONS = Endpoint(
    name="applications.suggestions",
    method="GET",
    path="/llm-application/open/history_session_record/{app_id}/{conversation_id}",
    reply=Suggestions,
    replay=Replay.SAFE,
    root=Root.API,
    envelope=Envelope.CODE_200,
)


class Applications(Streaming):
    """Applications that were put together in the platform's console: chats, and forms that make a text.

    The platform calls this API deprecated and still runs it. Ids are strings of digits, too long for a float.
    """

    async def invoke(
        self,
        *,
        app_id: str,
        messages: ApplicationMessages,
        conversation_id: str | None = None,
        third_request_id: str | None = None,
        role: str | None = None,
        send_log_event: bool | None = None,
        document_ids: Sequence[str] | None = None,
        knowledge_ids: Sequence[str] | None = None,
        **options: Unpack[CallOptions],
    ) -> ApplicationReply:
        """Return the application's answer, whole. Cancelling closes the connection.

        messages: a string for chats; forms take contents with the names of their `variables` as `key`.
        role: passed on; the messages have roles of their own.
        send_log_event: tell the steps too, as `reply.events`.
        """
        request = _request(
            options,
            stream=False,
            app_id=app_id,
            messages=to_application(messages),
            conversation_id=conversation_id,
            third_request_id=third_request_id,
            role=role,
            send_log_event=send_log_event,
            document_ids=document_ids,
            knowledge_ids=knowledge_ids,
        )
        return await self._calls.call(continuing(INVOKE, conversation_id), request)

    def stream(
        self,
        *,
        app_id: str,
        messages: ApplicationMessages,
        conversation_id: str | None = None,
        third_request_id: str | None = None,
        role: str | None = None,
        send_log_event: bool | None = None,
        document_ids: Sequence[str] | None = None,
        knowledge_ids: Sequence[str] | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[ApplicationReply, ApplicationReply]:
        """Return the application's answer while it arrives: `async with ... as stream`, then one of its views.

        messages: a string for chats; forms take contents with the names of their `variables` as `key`.
        role: passed on; the messages have roles of their own.
        send_log_event: tell the steps too, as `event.events`. Leaving the `async with` closes the connection.
        """
        from zhipu_async.protocol.application_stream import application_reader

        request = _request(
            options,
            stream=True,
            app_id=app_id,
            messages=to_application(messages),
            conversation_id=conversation_id,
            third_request_id=third_request_id,
            role=role,
            send_log_event=send_log_event,
            document_ids=document_ids,
            knowledge_ids=knowledge_ids,
        )
        return self._stream(continuing(STREAM, conversation_id), application_reader(), request)

    async def variables(self, app_id: str, **options: Unpack[CallOptions]) -> VariableList:
        """Return what the application asks for. Cancelling closes the connection."""
        return await self._get(VARIABLES, options, path={"app_id": app_id})

    async def create_conversation(self, app_id: str, **options: Unpack[CallOptions]) -> NewConversation:
        """Begin a conversation, to which files can be uploaded. Cancelled, it may exist."""
        return await self._get(CREATE_CONVERSATION, options, path={"app_id": app_id})

    async def upload(
        self,
        *,
        app_id: str,
        files: Named | list[Named],
        upload_unit_id: str | None = None,
        conversation_id: str | None = None,
        file_type: int | None = None,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> ApplicationFiles:
        """Upload one file or a list of them, and return what became of each; `file_states` tells when they are read.

        upload_unit_id: for forms, the id of the variable that takes the files.
        conversation_id, file_type: for chats, the conversation that uses them, and one of `FileType`.
        Cancelling closes the connection; the files may have been kept.
        """
        listed = files if isinstance(files, list) else [files]
        fields = [await file_field("files", file, by_extension=True) for file in listed]
        values = form_values(
            app_id=app_id,
            upload_unit_id=upload_unit_id,
            conversation_id=conversation_id,
            file_type=file_type,
        )
        return await self._upload(UPLOAD, Form(values, fields, on_progress), options)

    async def file_states(
        self, *, app_id: str, file_ids: Sequence[str], **options: Unpack[CallOptions]
    ) -> FileStates:
        """Return how far the platform has come with reading uploaded files. Cancelling closes the connection."""
        return await self._call(FILE_STATES, options, app_id=app_id, file_ids=file_ids)

    async def slices(
        self, *, request_id: str, node_id: str, **options: Unpack[CallOptions]
    ) -> ApplicationSlices:
        """Return the passages that a step of an answer found, with their places. Cancelling closes the connection.

        request_id, node_id: of the reply, and of one of its events.
        """
        return await self._call(SLICES, options, request_id=request_id, node_id=node_id)

    async def suggestions(
        self, *, app_id: str, conversation_id: str, **options: Unpack[CallOptions]
    ) -> Suggestions:
        """Return questions that one might ask next in a conversation. Cancelling closes the connection."""
        path = {"app_id": app_id, "conversation_id": conversation_id}
        return await self._get(SUGGESTIONS, options, path=path)


def _request(options: CallOptions, **fields: object) -> Request:
    """Return the request; each application has limits of its own, as a model has."""
    body = sent(**fields)
    return Request(body, model=str(body.get("app_id", "")), options=options, stream=body["stream"] is True)
