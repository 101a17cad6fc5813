"""Pictures from text: `zhipu.images`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.kinds import IMAGES
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.images import ImageList, ImageResult
from zhipu_async.types.tasks import TaskReceipt

if TYPE_CHECKING:
    from zhipu_async.flows.tasks import PendingTask
    from zhipu_async.types.chat_request import SensitiveWordCheck

GENERATE = Endpoint(name="images.generate", path="/images/generations", reply=ImageList, replay=Replay.ONCE)
SUBMIT = Endpoint(
    name="images.submit", path="/async/images/generations", reply=TaskReceipt, replay=Replay.ONCE
)


class Images(Resource):
    """Pictures from text."""

    async def generate(
        self,
        *,
        model: str,
        prompt: str,
        quality: str | None = None,
        size: str | None = None,
        watermark_enabled: bool | None = None,
        sensitive_word_check: SensitiveWordCheck | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> ImageList:
        """Return one picture, after 5 to 20 seconds; `await reply.save("kite.png")` keeps it.

        Cancelling closes the connection; the platform may still make the picture, and charge for it.
        quality: "hd" or "standard"; `glm-image` knows "hd" only.
        size: width and height as "1280x1280". `glm-image`: sides from 1024 to 2048, multiples of 32; the others:
            from 512 to 2048, multiples of 16, 2^21 pixels at most.
        watermark_enabled: False needs the disclaimer signed in the console.
        """
        return await self._call(
            GENERATE,
            options,
            model=model,
            prompt=prompt,
            quality=quality,
            size=size,
            watermark_enabled=watermark_enabled,
            sensitive_word_check=sensitive_word_check,
            request_id=request_id,
            user_id=user_id,
        )

    async def submit(
        self,
        *,
        model: str = "glm-image",
        prompt: str,
        quality: str | None = None,
        size: str | None = None,
        watermark_enabled: bool | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> PendingTask[ImageResult]:
        """Return the task that makes one picture: `await task` gives it. The fields are those of `generate`.

        Cancelled before its answer came, the submission may have been accepted, and charged for.
        """
        return await self._submit(
            SUBMIT,
            IMAGES,
            options,
            model=model,
            prompt=prompt,
            quality=quality,
            size=size,
            watermark_enabled=watermark_enabled,
            request_id=request_id,
            user_id=user_id,
        )
