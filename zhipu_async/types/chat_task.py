"""A chat answer that came by way of a task."""

from __future__ import annotations

from zhipu_async.types.chat import ChatCompletion


class ChatTaskResult(ChatCompletion):
    """A whole answer, with the status of the task that made it."""

    task_status: str = ""
