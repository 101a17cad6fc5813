"""The asyncio client for Zhipu AI's GLM models.

    async with AsyncZhipuAI() as zhipu:
        reply = await zhipu.chat.completions.create(model="glm-4.7", messages="你好")

The names below are public, and so are the modules `errors`, `parts`, `types` and `simulator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhipu_async.version import __version__

if TYPE_CHECKING:
    from zhipu_async import errors, parts
    from zhipu_async.client import AsyncZhipuAI
    from zhipu_async.errors import *  # noqa: F403
    from zhipu_async.flows.observe import CallRecord, Observer
    from zhipu_async.protocol.endpoint import Replay
    from zhipu_async.protocol.options import CallOptions
    from zhipu_async.protocol.timeouts import Timeout

# Where each lazily imported name lives: `import zhipu_async` itself must cost next to nothing.
_HOMES = {
    "AsyncZhipuAI": "client",
    "CallOptions": "protocol.options",
    "CallRecord": "flows.observe",
    "Observer": "flows.observe",
    "Replay": "protocol.endpoint",
    "Timeout": "protocol.timeouts",
}
_MODULES = ("errors", "parts", "simulator")

__all__ = [
    "AsyncZhipuAI",
    "CallOptions",
    "CallRecord",
    "Observer",
    "Replay",
    "Timeout",
    "__version__",
    "errors",
    "parts",
]

# Hidden from type checkers, so that a typo is still an error there.
if not TYPE_CHECKING:

    def __getattr__(name):
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"zhipu_async.{name}")
        home = _HOMES.get(name)
        module = import_module(f"zhipu_async.{home}") if home else import_module("zhipu_async.errors")
        if home is None and name not in module.__all__:
            raise AttributeError(f"module 'zhipu_async' has no attribute {name!r}")
        value = globals()[name] = getattr(module, name)
        return value

    def __dir__():
        from zhipu_async import errors

        return sorted({*__all__, *_HOMES, *errors.__all__})
