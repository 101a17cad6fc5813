"""`@tool`: a typed function as a tool that models can call."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, NamedTuple, ParamSpec, TypeGuard, TypeVar, overload

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.threads import in_thread
from zhipu_async.protocol.jsonschema import Schema
from zhipu_async.protocol.tools import read_function, render, told, unknown_tool

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Tool(Generic[P, R_co]):
    """A function with its schema; calling it calls the function."""

    def __init__(self, function: Callable[P, R_co], *, name: str = "", description: str = "") -> None:
        self._function = function
        self._by_name: Callable[..., object] = function  # for calls with arguments that a model wrote
        self._shape = read_function(function, name, description)
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @property
    def name(self) -> str:
        """Return the name that models call it by."""
        return self._shape.name

    @property
    def description(self) -> str:
        """Return what models are told about it: the docstring without its sections."""
        return self._shape.description

    @property
    def parameters(self) -> Schema:
        """Return the JSON Schema of the arguments."""
        return self._shape.parameters

    @property
    def schema(self) -> Schema:
        """Return the tool as it goes into a request."""
        return self._shape.to_param()

    def to_param(self) -> Mapping[str, object]:
        """Return the tool as it goes into a request."""
        return self.schema

    async def invoke(self, arguments: str) -> str:
        """Return the result as text for the model, of a call with JSON arguments.

        A sync function runs in a thread. Raises `InvalidToolArguments`, or what the function raises.
        Cancelling cancels an async function, and leaves a sync one to finish alone.
        """
        bound = self._shape.bind(arguments)
        return render(await self._call(functools.partial(self._by_name, **bound)))

    async def _call(self, call: Callable[[], object]) -> object:
        if inspect.iscoroutinefunction(self._by_name):
            return await _awaited(call())
        return await _awaited(await in_thread(call))


async def _awaited(result: object) -> object:
    """The result itself: a sync function may hand out a coroutine, too."""
    return await result if inspect.isawaitable(result) else result


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(*, name: str = "", description: str = "") -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Callable[P, R] | None = None, /, *, name: str = "", description: str = ""
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Give a typed function the schema that models need: from its annotations and docstring.

    @tool
    async def weather(city: str, days: int = 1) -> str:
        '''Forecast the weather.

        Args:
            city: name of the city, in Chinese
        '''
    """
    if function is not None:
        return Tool(function)
    return functools.partial(_decorate, name=name, description=description)


def _decorate(function: Callable[P, R], *, name: str, description: str) -> Tool[P, R]:
    return Tool(function, name=name, description=description)


class ToolAnswer(NamedTuple):
    """What a call came to: text for the model, and the error behind it, if there was one."""

    output: str
    error: Exception | None


class Toolbox:
    """Tools by name, for a model that may call them wrongly."""

    def __init__(self, tools: Iterable[object]) -> None:
        self._tools: dict[str, Tool[..., object]] = {}
        for each in tools:
            if _is_tool(each):
                self._add(each)

    def __len__(self) -> int:
        return len(self._tools)

    def _add(self, added: Tool[..., object]) -> None:
        if added.name in self._tools:
            raise InvalidArgument(
                f"two tools are called {added.name!r}.", hint="Name one with @tool(name=...)."
            )
        self._tools[added.name] = added

    async def answer(self, name: str, arguments: str) -> ToolAnswer:
        """Return what to tell the model. Only cancelling raises; it cancels the tool."""
        try:
            return ToolAnswer(await self._find(name).invoke(arguments), None)
        except asyncio.CancelledError as exc:
            if _is_cancelled_here():
                raise
            stray = RuntimeError("the tool was cancelled from inside")
            stray.__cause__ = exc
            return ToolAnswer(told(stray), stray)
        except Exception as exc:  # noqa: BLE001  whatever a tool raises is the model's and the caller's to know
            return ToolAnswer(told(exc), exc)

    def _find(self, name: str) -> Tool[..., object]:
        found = self._tools.get(name)
        if found is None:
            raise unknown_tool(name, self._tools)
        return found


def _is_tool(value: object) -> TypeGuard[Tool[..., object]]:
    return isinstance(value, Tool)


def _is_cancelled_here() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
