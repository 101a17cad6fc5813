"""Videos from text and pictures: `zhipu.videos`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zhipu_async.flows.pictures import with_pictures
from zhipu_async.flows.request import Request
from zhipu_async.protocol.chat_request import split
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.kinds import VIDEOS
from zhipu_async.protocol.signatures import expanded
from zhipu_async.protocol.video_params import FIELD_NAMES, VideoParams
from zhipu_async.resources.base import Resource
from zhipu_async.types.tasks import TaskReceipt
from zhipu_async.types.videos import VideoResult

if TYPE_CHECKING:
    from zhipu_async.flows.tasks import PendingTask

SUBMIT = Endpoint(
    name="videos.submit",
    path="/videos/generations",
    reply=TaskReceipt,
    replay=Replay.ONCE,
    takes_request_id=True,
)


class Videos(Resource):
    """Clips from text and pictures; `VideoParams` says which model takes which field."""

    @expanded(VideoParams)
    async def generate(self, *, model: str, **params: Unpack[VideoParams]) -> VideoResult:
        """Return a finished clip, after some minutes; `await result.save("clip.mp4")` keeps it.

        The options, `timeout` too, are those of the submission; the wait for the clip lasts three hours at most.
        Cancelling ends the wait, not the task, which is charged for: `submit` gives what finds it again.
        """
        return await (await self.submit(model=model, **params))

    @expanded(VideoParams)
    async def submit(self, *, model: str, **params: Unpack[VideoParams]) -> PendingTask[VideoResult]:
        """Return the task that makes a clip: `await task` gives it.

        Cancelled before its answer came, the submission may have been accepted, and charged for.
        """
        fields, options = split(params, FIELD_NAMES)
        body = {"model": model, **await with_pictures(fields)}
        request = Request(body, model=model, options=options)
        return await self._calls.tasking.flow.submit(self._calls, SUBMIT, VIDEOS, request)
