"""The models: `zhipu.models`."""

from __future__ import annotations

from typing import Unpack

from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.models import ModelList

LIST = Endpoint(name="models.list", method="GET", path="/models", reply=ModelList, replay=Replay.SAFE)


class Models(Resource):
    """What the platform names of its models."""

    async def list(self, **options: Unpack[CallOptions]) -> ModelList:
        """Return some text models; a model that is missing here may still exist. Cancelling closes the connection."""
        return await self._get(LIST, options)
