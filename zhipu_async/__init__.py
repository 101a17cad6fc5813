"""The asyncio client for Zhipu AI's GLM models.

    async with AsyncZhipuAI() as zhipu:
        reply = await zhipu.chat.completions.create(model="glm-4.7", messages="你好")

The names below are public, and so are the modules `errors`, `parts`, `types` and `simulator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhipu_async.version import __version__

if TYPE_CHECKING:
    from zhipu_async import errors, events, parts
    from zhipu_async.client import AsyncZhipuAI
    from zhipu_async.errors import *  # noqa: F403
    from zhipu_async.flows.answer_stream import AnswerStream
    from zhipu_async.flows.download import Download
    from zhipu_async.flows.event_stream import EventStream
    from zhipu_async.flows.ledger import Ledger
    from zhipu_async.flows.observe import CallRecord, Observer, TaskRecord
    from zhipu_async.flows.outcomes import Outcomes
    from zhipu_async.flows.pages import Pages
    from zhipu_async.flows.parse import Parsed
    from zhipu_async.flows.progress import Progress
    from zhipu_async.flows.realtime import RealtimeSession
    from zhipu_async.flows.stream import ChatStream
    from zhipu_async.flows.tasks import PendingTask
    from zhipu_async.flows.toolrun import ToolRun
    from zhipu_async.flows.tools import Tool, tool
    from zhipu_async.protocol.chat_params import ChatParams, ChatRequest
    from zhipu_async.protocol.endpoint import Replay
    from zhipu_async.protocol.explaining import explain
    from zhipu_async.protocol.options import CallOptions
    from zhipu_async.protocol.realtime_ends import Reconnect
    from zhipu_async.protocol.realtime_timing import Patience
    from zhipu_async.protocol.timeouts import Timeout
    from zhipu_async.types.base import Meta, Reply
    from zhipu_async.types.chat import ChatCompletion, ChatCompletionChunk
    from zhipu_async.types.tasks import Outcome, TaskRef, Unfinished
    from zhipu_async.types.toolrun import ToolRunResult

# Where each lazily imported name lives: `import zhipu_async` itself must cost next to nothing.
_HOMES = {
    "AnswerStream": "flows.answer_stream",
    "AsyncZhipuAI": "client",
    "CallOptions": "protocol.options",
    "CallRecord": "flows.observe",
    "ChatCompletion": "types.chat",
    "ChatCompletionChunk": "types.chat",
    "ChatParams": "protocol.chat_params",
    "ChatRequest": "protocol.chat_params",
    "ChatStream": "flows.stream",
    "Download": "flows.download",
    "EventStream": "flows.event_stream",
    "Ledger": "flows.ledger",
    "Meta": "types.base",
    "Observer": "flows.observe",
    "Outcome": "types.tasks",
    "Outcomes": "flows.outcomes",
    "Pages": "flows.pages",
    "Parsed": "flows.parse",
    "Patience": "protocol.realtime_timing",
    "PendingTask": "flows.tasks",
    "Progress": "flows.progress",
    "RealtimeSession": "flows.realtime",
    "Reconnect": "protocol.realtime_ends",
    "Replay": "protocol.endpoint",
    "Reply": "types.base",
    "TaskRecord": "flows.observe",
    "TaskRef": "types.tasks",
    "Timeout": "protocol.timeouts",
    "Tool": "flows.tools",
    "ToolRun": "flows.toolrun",
    "ToolRunResult": "types.toolrun",
    "Unfinished": "types.tasks",
    "explain": "protocol.explaining",
    "tool": "flows.tools",
}
# What other packages call their clients.
_CLIENTS = ("AsyncOpenAI", "OpenAI", "ZaiClient", "ZhipuAI", "ZhipuAiClient")
_MODULES = ("errors", "events", "parts", "simulator")

__all__ = [
    "AnswerStream",
    "AsyncZhipuAI",
    "CallOptions",
    "CallRecord",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatParams",
    "ChatRequest",
    "ChatStream",
    "Download",
    "EventStream",
    "Ledger",
    "Meta",
    "Observer",
    "Outcome",
    "Outcomes",
    "Pages",
    "Parsed",
    "Patience",
    "PendingTask",
    "Progress",
    "RealtimeSession",
    "Reconnect",
    "Replay",
    "Reply",
    "TaskRecord",
    "TaskRef",
    "Timeout",
    "Tool",
    "ToolRun",
    "ToolRunResult",
    "Unfinished",
    "__version__",
    "errors",
    "events",
    "explain",
    "parts",
    "tool",
]

# Hidden from type checkers, so that a typo is still an error there.
if not TYPE_CHECKING:

    def __getattr__(name):
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"zhipu_async.{name}")
        if name in _CLIENTS:  # `from zhipu_async import ...` swallows an AttributeError with all that it says
            raise ImportError(f"zhipu_async has no {name}: its client is called AsyncZhipuAI", name=__name__)
        home = _HOMES.get(name)
        module = import_module(f"zhipu_async.{home}") if home else import_module("zhipu_async.errors")
        if home is None and name not in module.__all__:
            here = import_module(__name__)  # for Python's "Did you mean"
            raise AttributeError(f"module 'zhipu_async' has no attribute {name!r}", name=name, obj=here)
        value = globals()[name] = getattr(module, name)
        return value

    def __dir__():
        from zhipu_async import errors

        return sorted({*__all__, *_HOMES, *errors.__all__})
