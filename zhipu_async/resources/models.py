"""The models: `zhipu.models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.models import Model, ModelList

if TYPE_CHECKING:
    from zhipu_async.flows.pages import Pages

LIST = Endpoint(name="models.list", method="GET", path="/models", reply=ModelList, replay=Replay.SAFE)


class Models(Resource):
    """What the platform names of its models."""

    def list(self, **options: Unpack[CallOptions]) -> Pages[ModelList, Model]:
        """Return some text models: `async for model in ...`, or `await` for all at once.

        A model that is missing here may still exist. Cancelling closes the connection.
        """
        return self._pages(
            LIST, options, {}, items=lambda page: page.data, following=lambda page, query: None
        )
