"""A run: the model calls tools, is told what they returned, and goes on until it is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from types import TracebackType
from typing import Protocol, TypeAlias, Unpack

from zhipu_async.errors import InvalidArgument, InvalidType, StreamClosed, ToolRoundsExceeded
from zhipu_async.flows.only_async import OnlyAsyncWith
from zhipu_async.flows.parse import Create
from zhipu_async.flows.parts import history
from zhipu_async.flows.tools import Tool, Toolbox
from zhipu_async.flows.veil import Veiled, veiled
from zhipu_async.protocol.chat_params import MOST_ROUNDS, ChatParams
from zhipu_async.protocol.chat_request import normalised, split, tool_param
from zhipu_async.protocol.checked_options import check_count
from zhipu_async.protocol.completions import refuse_unusable, summed
from zhipu_async.types.chat import ChatCompletion, ToolCall, Usage
from zhipu_async.types.chat_events import ChatEvent
from zhipu_async.types.chat_request import AnyTool, Messages
from zhipu_async.types.toolrun import RoundFinished, ToolFinished, ToolRunResult, ToolStarted


class Answering(Protocol):
    """An open stream, as far as a run needs it."""

    def events(self) -> AsyncIterator[ChatEvent]: ...

    async def finish(self) -> ChatCompletion: ...


class Stream(Protocol):
    """What `chat.completions.stream` does."""

    def __call__(
        self, *, model: str, messages: Messages, **params: Unpack[ChatParams]
    ) -> AbstractAsyncContextManager[Answering]: ...


Step: TypeAlias = RoundFinished | ToolStarted | ToolFinished
RunEvent: TypeAlias = ChatEvent | Step


class ToolRun(Veiled, OnlyAsyncWith):
    """A run with tools: await it for the result, or enter it and read its `events()`."""

    def __init__(
        self,
        create: Create,
        stream: Stream,
        *,
        model: str,
        messages: Messages,
        params: ChatParams,
        max_rounds: int = MOST_ROUNDS,
    ) -> None:
        check_count("max_rounds", max_rounds, 1)
        split(params)
        normalised(messages)
        self._create = create
        self._stream = stream
        self._model = model
        self._messages = messages
        self._params = params
        self._max_rounds = max_rounds
        self._toolbox = _toolbox(params.get("tools"))
        self._events: AsyncGenerator[RunEvent, None] | None = None
        self._entered = False
        self._result: ToolRunResult | None = None

    def __repr__(self) -> str:
        state = (
            f"done in {self._result.rounds} rounds"
            if self._result
            else "under way"
            if self._events
            else "new"
        )
        return f"<ToolRun of {self._model}, {len(self._toolbox)} tools: {state}>"

    @property
    def result(self) -> ToolRunResult:
        """Return what the run ended with."""
        if self._result is None:
            raise StreamClosed(
                "the run has no result yet.", hint="Await it, or read its events to their end."
            )
        return self._result

    def __await__(self) -> Generator[object, None, ToolRunResult]:
        return self._finish().__await__()

    async def __aenter__(self) -> ToolRun:
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        if self._events is not None:
            await self._events.aclose()

    def events(self) -> AsyncIterator[RunEvent]:
        """Tell everything as it happens: pieces of the answers, tools that start and finish, ends of rounds.

        Leaving the `async with` cancels tools that still run and closes the stream.
        """
        if not self._entered:
            raise StreamClosed("events() belongs inside of `async with run`")
        return self._start(streaming=True)

    @veiled
    async def _finish(self) -> ToolRunResult:
        """Return the result. Cancelling cancels the tools and the call that is under way."""
        if self._result is None:
            async with aclosing(self._start(streaming=False)) as events:
                async for _ in events:
                    pass
        return self.result

    def _start(self, *, streaming: bool) -> AsyncGenerator[RunEvent, None]:
        if self._events is not None:
            raise StreamClosed("the run is under way already, or over")
        self._events = self._rounds(streaming=streaming)
        return self._events

    async def _rounds(self, *, streaming: bool) -> AsyncGenerator[RunEvent, None]:
        talk = _Talk(await history(self._messages), self._params)
        while True:
            async with aclosing(self._ask(talk, streaming=streaming)) as pieces:
                async for piece in pieces:
                    yield piece
            yield RoundFinished(talk.rounds, talk.reply)
            wanted = talk.wanted()
            if not wanted:
                break
            if talk.rounds == self._max_rounds:
                raise _exceeded(talk.reply, self._max_rounds)
            async with aclosing(self._call_all(talk, wanted)) as steps:
                async for step in steps:
                    yield step
        self._result = talk.result()

    async def _ask(self, talk: _Talk, *, streaming: bool) -> AsyncGenerator[ChatEvent, None]:
        if not streaming:
            talk.hear(await self._create(model=self._model, messages=talk.messages, **talk.params))
            return
        async with self._stream(model=self._model, messages=talk.messages, **talk.params) as answering:
            async for event in answering.events():
                yield event
            talk.hear(await answering.finish())

    async def _call_all(self, talk: _Talk, calls: list[ToolCall]) -> AsyncGenerator[Step, None]:
        """Run the calls at the same time; tell each as it finishes, and the model all of them in its order."""
        for call in calls:
            yield ToolStarted(call)
        # A group of tasks owned by hand: an asyncio.TaskGroup must not be left open across a yield.
        tasks = [asyncio.create_task(self._call(call)) for call in calls]
        try:
            for finished in asyncio.as_completed(tasks):
                yield await finished
            talk.answer([task.result() for task in tasks])
        finally:
            await _end(tasks)

    async def _call(self, call: ToolCall) -> ToolFinished:
        output, error = await self._toolbox.answer(call.name, call.arguments)
        return ToolFinished(call, output, error)


class _Talk:
    """What was said so far."""

    def __init__(self, messages: Sequence[Mapping[str, object]], params: ChatParams) -> None:
        self.messages: list[Mapping[str, object]] = [*messages]
        self.params = params.copy()
        self.reply = ChatCompletion()
        self._usages: list[Usage] = []
        self._calls: list[ToolFinished] = []

    @property
    def rounds(self) -> int:
        """How often the model has answered."""
        return len(self._usages)

    def hear(self, reply: ChatCompletion) -> None:
        """Take an answer of the model."""
        refuse_unusable(reply)
        self.reply = reply
        self.messages.append(reply.to_param())
        self._usages.append(reply.usage)
        self.params.pop("request_id", None)  # the platform refuses an id that it has seen

    def wanted(self) -> list[ToolCall]:
        """The calls that are ours to make; the others are reports of what the platform did."""
        return [call for call in self.reply.tool_calls if call.type != "mcp" and call.mcp is None]

    def answer(self, finished: list[ToolFinished]) -> None:
        """Tell the model what its calls came to."""
        self._calls.extend(finished)
        self.messages.extend(each.call.answer(each.output) for each in finished)

    def result(self) -> ToolRunResult:
        """The end of the run."""
        messages, calls = tuple(self.messages), tuple(self._calls)
        return ToolRunResult(self.reply, messages, calls, self.rounds, summed(self._usages))


async def _end(tasks: Collection[asyncio.Task[ToolFinished]]) -> None:
    """Cancel what still runs, and wait until it has ended."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)


def _toolbox(tools: Sequence[AnyTool] | None) -> Toolbox:
    """The tools to run; a function that only the model knows about could never be answered."""
    toolbox = Toolbox(tools or ())
    for position, each in enumerate(tools or ()):
        param = tool_param(each, position)
        if param["type"] == "function" and not isinstance(each, Tool):
            hint = "Decorate the function with @tool and give that."
            raise InvalidType(f"tools[{position}] describes a function but is none.", hint=hint)
    if not len(toolbox):
        raise InvalidArgument(
            "a run needs tools to call.", hint="Use create(...) for an answer without tools."
        )
    return toolbox


def _exceeded(completion: ChatCompletion, rounds: int) -> ToolRoundsExceeded:
    hint = "max_rounds raises the cap; `.completion` holds the calls that were not made."
    return ToolRoundsExceeded(
        f"the model still called tools in round {rounds}.", completion=completion, hint=hint
    )
