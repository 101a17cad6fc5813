"""Functions the model calls in a realtime session: run beside the reader, answered in order."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Protocol

import msgspec

from zhipu_async.errors import IllegalCall, RealtimeError, ToolRoundsExceeded, ZhipuError
from zhipu_async.flows.realtime_answer import Answers
from zhipu_async.protocol.realtime import Machine
from zhipu_async.protocol.realtime_answers import AnswerRecord, FunctionCall
from zhipu_async.protocol.realtime_calls import Refusal, Verdict
from zhipu_async.types.realtime_client import (
    ClientEvent,
    ConversationItemCreate,
    ResponseCreate,
    function_result,
)

if TYPE_CHECKING:
    from zhipu_async.flows.tools import ToolAnswer, Toolbox

# Rounds of calls without a word in between; a model that still calls then is going in circles.
MOST_ROUNDS = 8
BLANK_OUTPUT = '""'  # the platform refuses an empty result


class Talks(Protocol):
    """The driver, as far as a tool runner needs it."""

    machine: Machine
    answers: Answers

    async def allowed(self, event: ClientEvent) -> Verdict: ...

    def post(self, event: ClientEvent) -> None: ...


class Round(msgspec.Struct):
    """The calls of one response and the tasks that work on them."""

    record: AnswerRecord
    started: list[tuple[FunctionCall, asyncio.Task[ToolAnswer]]] = []
    settling: bool = False


class ToolRunner:
    """Starts tools as their calls come in, and hands over the results when the response is done."""

    def __init__(self, tools: Collection[object], manual: Iterable[str], driver: Talks) -> None:
        self._toolbox = _toolbox(tools)
        self._manual = frozenset(manual)
        self._driver = driver
        self.rounds: int = 0  # since the last answer without calls
        self.asking: bool = False  # while we ask for the next part of the same answer
        self._rounds: dict[int, Round] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        return self._toolbox is not None and len(self._toolbox) > 0

    def progress(self, record: AnswerRecord, due: list[FunctionCall]) -> None:
        """Look at a response again: it has more calls, or has settled."""
        if not self:
            return
        current = self._rounds.setdefault(id(record), Round(record))
        self._start(current)
        if record.settled and not current.settling:
            current.settling = True
            self._settle(current, due)

    def runs(self, call: FunctionCall) -> bool:
        """Whether the caller left this function to us; a name nobody knows is told to the model."""
        return bool(self) and call.name not in self._manual

    async def close(self) -> None:
        """Cancel everything under way."""
        running = [task for current in self._rounds.values() for _, task in current.started]
        for task in (*running, *self._tasks):
            task.cancel()
        await asyncio.gather(*running, *self._tasks, return_exceptions=True)
        self._rounds.clear()

    def _start(self, current: Round) -> None:
        for call in current.record.calls[len(current.started) :]:
            assert self._toolbox is not None  # without tools nothing gets here
            work = self._toolbox.answer(call.name, call.arguments) if self.runs(call) else _nothing()
            current.started.append((call, asyncio.ensure_future(work)))

    def _settle(self, current: Round, due: list[FunctionCall]) -> None:
        if not due:
            self._drop(current)
            return
        task = asyncio.ensure_future(self._hand_over(current, due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _drop(self, current: Round) -> None:
        """The response was cut off: its calls mean nothing any more."""
        del self._rounds[id(current.record)]
        for _, task in current.started:
            task.cancel()

    async def _hand_over(self, current: Round, due: list[FunctionCall]) -> None:
        answers = [(call, await task) for call, task in current.started]
        results = [
            (call, answer.output if answer.output.strip() else BLANK_OUTPUT)
            for call, answer in answers
            if call in due and self.runs(call)
        ]
        self._rounds.pop(id(current.record), None)
        try:
            await self._send(results)
            self._ask_on(current.record)
        except (IllegalCall, RealtimeError):
            # The connection went, or the user spoke meanwhile and another answer is on its way.
            self._end(current.record, None)

    async def _send(self, results: list[tuple[FunctionCall, str]]) -> None:
        for call, output in results:
            event = ConversationItemCreate(item=function_result(output, call.call_id))
            await self._driver.allowed(event)
            self._driver.post(event)

    def _ask_on(self, record: AnswerRecord) -> None:
        """Ask for the part of the answer that uses the results."""
        if self._driver.machine.state.calls_left():
            return  # the caller has results to send, too, and asks then
        self.rounds += 1
        if self.rounds > MOST_ROUNDS:
            message = f"The model called functions {MOST_ROUNDS} times without an answer."
            self._end(record, ToolRoundsExceeded(message))
            return
        event = ResponseCreate()
        self._driver.machine.judge(event, waived=(Refusal.MISSING_VIDEO_FRAME,))
        self.asking = True
        try:
            self._driver.post(event)
        finally:
            self.asking = False

    def _end(self, record: AnswerRecord, failure: ZhipuError | None) -> None:
        answer = self._driver.answers.of(record)
        if answer is not None:
            answer.finish(failure)


async def _nothing() -> ToolAnswer:
    """Stand in for a function that the caller runs."""
    from zhipu_async.flows.tools import ToolAnswer

    return ToolAnswer("", None)


def _toolbox(tools: Collection[object]) -> Toolbox | None:
    """Put the tools into a box; most calls have none, and it takes five milliseconds to import."""
    if not tools:
        return None
    from zhipu_async.flows.tools import Toolbox

    return Toolbox(tools)
