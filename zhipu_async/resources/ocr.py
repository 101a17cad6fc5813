"""Text from pictures: `zhipu.ocr`."""

from __future__ import annotations

from typing import Unpack

from zhipu_async.errors import TaskFailed
from zhipu_async.flows.request import query
from zhipu_async.flows.upload import Form, Named, Progress, file_field
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay
from zhipu_async.protocol.kinds import explained
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.ocr import Recognition

RECOGNIZE = Endpoint(
    name="ocr.recognize",
    path="/files/ocr",
    reply=Recognition,
    replay=Replay.COSTLY,
    envelope=Envelope.TASK,
)
SUCCEEDED = "succeeded"


class Ocr(Resource):
    """Text from pictures of handwriting and print."""

    async def recognize(
        self,
        *,
        file: Named,
        tool_type: str = "hand_write",
        language_type: str | None = None,
        probability: bool | None = None,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> Recognition:
        """Return the text of a picture and where it stands. Cancelling closes the connection.

        file: png, jpg or bmp of at most 8 MB: a path, bytes, an open binary file or an async iterator, alone
            or as (file name, content).
        language_type: "CHN_ENG" by default; "AUTO", "ENG", "JAP", "KOR", "FRE" and others.
        probability: whether to say how sure the reading is.
        """
        values = query(tool_type=tool_type, language_type=language_type, probability=probability)
        form = Form(values, [await file_field("file", file)], on_progress)
        found = await self._upload(RECOGNIZE, form, options)
        if found.status != SUCCEEDED:
            raise _failure(found)
        return found


def _failure(found: Recognition) -> TaskFailed:
    """The error for a picture that could not be read, which the platform reports with HTTP 200."""
    code, message = explained(found.raw)
    return TaskFailed(
        message,
        task_id=found.task_id,
        kind="ocr",
        status=found.status or "failed",
        code=code,
        body=found.to_json(),
        endpoint=RECOGNIZE.name,
        request_id=found.meta.request_id,
        log_id=found.meta.log_id,
    )
