"""The file parser: `zhipu.file_parser`."""

from __future__ import annotations

from typing import Literal, Unpack

from zhipu_async.flows.request import query
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.flows.upload import Form, Named, Progress, file_field
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay
from zhipu_async.protocol.kinds import FILE_PARSER, failure
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.schedule import Phase
from zhipu_async.resources.base import Resource
from zhipu_async.types.file_parser import ParsedFile, ParserTool
from zhipu_async.types.tasks import TaskReceipt, TaskRef

SUBMIT = Endpoint(
    name="file_parser.submit",
    path="/files/parser/create",
    reply=TaskReceipt,
    replay=Replay.ONCE,
    default_model="file_parser",  # tasks hold a place until they end: it must not be one that calls need
)
PARSE = Endpoint(
    name="file_parser.parse",
    path="/files/parser/sync",
    reply=ParsedFile,
    replay=Replay.COSTLY,
    envelope=Envelope.TASK,
)


class FileParser(Resource):
    """Documents to text."""

    async def parse(
        self,
        *,
        file: Named,
        tool_type: str = ParserTool.PRIME_SYNC,
        file_type: str | None = None,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> ParsedFile:
        """Return a document as text, and as the link of an archive where the platform gives one.

        "prime-sync" is answered at once; with another tool this submits and waits for the text. The options,
        `timeout` too, are those of the request; a wait after it lasts an hour at most. Cancelling closes the
        connection, or ends the wait; the work may be charged for.
        file: a path, bytes, an open binary file or an async iterator, alone or as (file name, content).
        file_type: "PDF", "DOCX" and so on, where the file's name does not say it.
        """
        if tool_type != ParserTool.PRIME_SYNC:
            return await (
                await self.submit(
                    file=file, tool_type=tool_type, file_type=file_type, on_progress=on_progress, **options
                )
            )
        form = await _form(file, tool_type, file_type, on_progress)
        return await self._finished(await self._upload(PARSE, form, options))

    async def submit(
        self,
        *,
        file: Named,
        tool_type: str,
        file_type: str | None = None,
        format_type: Literal["text", "download_link"] = "text",
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> PendingTask[ParsedFile]:
        """Return the task that parses a document: `await task` gives its text, or the link of an archive.

        Cancelling closes the connection; the task may have begun.
        file: a path, bytes, an open binary file or an async iterator, alone or as (file name, content).
        tool_type: "lite" for plain text, "expert" for PDF, "prime" for Markdown with pictures and layout.
        file_type: "PDF", "DOCX" and so on, where the file's name does not say it.
        format_type: "download_link" for the archive; of "lite" there is only the text.
        """
        form = await _form(file, tool_type, file_type, on_progress)
        return await self._submit(SUBMIT, FILE_PARSER, options, content=form, extra={"format": format_type})

    async def _finished(self, parsed: ParsedFile) -> ParsedFile:
        """Return what is parsed, raise what failed, and wait for what the platform answered too early."""
        ref = TaskRef[ParsedFile](FILE_PARSER.name, parsed.task_id)
        reading = FILE_PARSER.read(parsed)
        if reading.phase is Phase.SUCCEEDED:
            return parsed
        if reading.phase is Phase.FAILED or not parsed.task_id:
            raise failure(FILE_PARSER, ref, parsed, reading.status)
        task: PendingTask[ParsedFile] = self._calls.tasking.flow.attach(ref)
        return await task


async def _form(file: Named, tool_type: str, file_type: str | None, on_progress: Progress | None) -> Form:
    kind = None if file_type is None else file_type.upper()  # as the platform's list has them
    return Form(query(tool_type=tool_type, file_type=kind), [await file_field("file", file)], on_progress)
