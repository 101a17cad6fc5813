"""The older SDK's names for chat tasks: `zhipu.chat.asyncCompletions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zhipu_async.protocol.chat_params import ChatParams
from zhipu_async.protocol.kinds import CHAT
from zhipu_async.protocol.signatures import expanded
from zhipu_async.resources.base import Resource
from zhipu_async.types.chat_task import ChatTaskResult
from zhipu_async.types.tasks import TaskRef

if TYPE_CHECKING:
    from zhipu_async.flows.tasks import PendingTask
    from zhipu_async.types.chat_request import Messages


class AsyncCompletions(Resource):
    """Chat tasks as the vendor's pages write them; `completions.submit` does the same and polls for you."""

    @expanded(ChatParams)
    async def create(
        self, *, model: str, messages: Messages, **params: Unpack[ChatParams]
    ) -> PendingTask[ChatTaskResult]:
        """Return a task; cancelled before the receipt came, the task may exist."""
        from zhipu_async.resources.chat import Completions

        return await Completions(self._calls).submit(model=model, messages=messages, **params)

    async def retrieve_completion_result(self, id: str) -> ChatTaskResult:
        """Return the task as it is now; `task_status` says whether it is done. Cancelling is harmless."""
        return await self._calls.tasking.flow.ask(CHAT, TaskRef(CHAT.name, id))
