"""The safety review: `zhipu.moderations`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.moderations import Moderation

CREATE = Endpoint(name="moderations.create", path="/moderations", reply=Moderation, replay=Replay.COSTLY)


class Moderations(Resource):
    """What the platform's safety review thinks."""

    async def create(
        self,
        *,
        model: str = "moderation",
        input: str | Mapping[str, object] | Sequence[Mapping[str, object]],
        **options: Unpack[CallOptions],
    ) -> Moderation:
        """Return what the review says about each input. Cancelling closes the connection.

        input: a text of at most 2000 characters, or one or more parts, {"type": "text", "text": ...} or
            {"type": "image_url", "image_url": {"url": ...}}, likewise "video_url" and "audio_url".
        """
        return await self._call(CREATE, options, model=model, input=input)
