"""Chat completions: `zhipu.chat.completions`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, Unpack, overload

from zhipu_async.errors import InvalidType
from zhipu_async.flows.request import Request
from zhipu_async.flows.veil import veiled
from zhipu_async.protocol.chat_params import MOST_ROUNDS, REPAIR_TURNS, ChatParams
from zhipu_async.protocol.chat_request import Prepared, prepare
from zhipu_async.protocol.checked_options import check_flag
from zhipu_async.protocol.completions import refuse_broken
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.signatures import expanded
from zhipu_async.resources.base import Resource
from zhipu_async.types.chat import ChatCompletion
from zhipu_async.types.chat_request import Messages

if TYPE_CHECKING:
    from zhipu_async.flows.bulk import Via
    from zhipu_async.flows.job import Opened
    from zhipu_async.flows.jobs import Repeat
    from zhipu_async.flows.outcomes import Outcomes
    from zhipu_async.flows.parse import Parsed
    from zhipu_async.flows.progress import OnError, OnProgress
    from zhipu_async.flows.stream import ChatStream
    from zhipu_async.flows.tasks import PendingTask
    from zhipu_async.flows.toolrun import ToolRun
    from zhipu_async.protocol.chat_params import ChatRequest
    from zhipu_async.resources.async_completions import AsyncCompletions
    from zhipu_async.types.chat_task import ChatTaskResult

T = TypeVar("T")

Requests: TypeAlias = (
    "Iterable[ChatRequest | tuple[str, ChatRequest]] | AsyncIterable[ChatRequest | tuple[str, ChatRequest]]"
)

CREATE = Endpoint(
    name="chat.completions.create",
    path="/chat/completions",
    reply=ChatCompletion,
    replay=Replay.COSTLY,
    takes_request_id=True,
    check=refuse_broken,
)


class Chat(Resource):
    """What talks."""

    @cached_property
    def completions(self) -> Completions:
        """Return the completions: `zhipu.chat.completions.create(...)`."""
        return Completions(self._calls)

    @cached_property
    def asyncCompletions(self) -> AsyncCompletions:
        """Return chat tasks under the name of the vendor's older SDK; `completions.submit` is the one to use."""
        from zhipu_async.resources.async_completions import AsyncCompletions

        return AsyncCompletions(self._calls)


class Completions(Resource):
    """Answers of the chat models."""

    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: Literal[False] = False, **params: Unpack[ChatParams]
    ) -> ChatCompletion: ...
    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: Literal[True], **params: Unpack[ChatParams]
    ) -> ChatStream: ...
    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: bool, **params: Unpack[ChatParams]
    ) -> ChatCompletion | ChatStream: ...
    @expanded(ChatParams)
    async def create(
        self, *, model: str, messages: Messages, stream: bool = False, **params: Unpack[ChatParams]
    ) -> ChatCompletion | ChatStream:
        """Return the model's answer, whole; with `stream=True`, the opened stream of it.

        messages: a string is one user message; else dicts, or messages of replies put back as they are.
        Cancelling closes the connection.
        """
        if stream:
            check_flag("stream", stream)
            return await self.stream(model=model, messages=messages, **params).open()
        prepared = prepare(model, messages, params)
        request = await _request_with_files(prepared) if prepared.unread else _request(prepared)
        return await self._calls.call(CREATE, request)

    @expanded(ChatParams)
    def stream(self, *, model: str, messages: Messages, **params: Unpack[ChatParams]) -> ChatStream:
        """Return the model's answer while it arrives: `async with ... as stream`, then one of its views.

        The connection opens on entering, or at the first delta asked for; leaving closes it.
        """
        from zhipu_async.flows.stream import ChatStream

        prepared = prepare(model, messages, params, stream=True)
        return ChatStream(self._opener(prepared), resync="tools" not in prepared.body)

    @expanded(ChatParams)
    async def submit(
        self, *, model: str, messages: Messages, **params: Unpack[ChatParams]
    ) -> PendingTask[ChatTaskResult]:
        """Return a task that the platform works on by itself; awaiting it gives the answer.

        Cancelled before the receipt came, the task may exist: with a ledger, its intent stays visible.
        """
        from zhipu_async.protocol.kinds import CHAT, SUBMIT_CHAT

        prepared = prepare(model, messages, params)
        request = await _request_with_files(prepared)
        return await self._calls.tasking.flow.submit(self._calls, SUBMIT_CHAT, CHAT, request)

    @expanded(ChatParams)
    async def parse(
        self,
        *,
        model: str,
        messages: Messages,
        into: type[T],
        repairs: int = REPAIR_TURNS,
        **params: Unpack[ChatParams],
    ) -> Parsed[T]:
        """Return the answer as a checked value of a type: Struct, dataclass, TypedDict or pydantic model.

        repairs: how often an answer that does not fit is sent back with what is wrong with it.
        Cancelling cancels the call that is under way.
        """
        from zhipu_async.flows.parse import parse

        return await parse(
            self._whole, model=model, messages=messages, into=into, params=params, repairs=repairs
        )

    @expanded(ChatParams)
    def run(
        self, *, model: str, messages: Messages, max_rounds: int = MOST_ROUNDS, **params: Unpack[ChatParams]
    ) -> ToolRun:
        """Return a run that calls your tools until the model is done: await it, or `async with` its events.

        Cancelling cancels the tools that are under way.
        """
        from zhipu_async.flows.toolrun import ToolRun

        return ToolRun(
            self._whole, self.stream, model=model, messages=messages, params=params, max_rounds=max_rounds
        )

    def map(
        self,
        requests: Requests,
        *,
        via: Via = "direct",
        ordered: bool = False,
        concurrency: int | None = None,
        on_progress: OnProgress | None = None,
        on_error: OnError = "collect",
        job: str | None = None,
        repeat: Repeat = "nothing",
    ) -> Outcomes[ChatCompletion]:
        """Return how each of many requests ends: `async for outcome in ...`; they are pulled as there is room.

        requests: `ChatRequest` dicts, or pairs of a key of yours and one; a list, a generator, an async generator.
        via: "direct" calls; "task" submits and polls; "batch" writes files that the platform works off within
            a day, at half the price.
        ordered: yield in the order of the input; by default in the order of the ends.
        concurrency: items under way at one time; the limiter decides below that. For batches, files.
        on_progress: called with a `Progress` after each item.
        on_error: "collect" yields failures as outcomes, "raise" raises the first.
        job: a name under which the client's ledger remembers each item: run again, what has ended is not
            paid for again, what was submitted is waited for, and what may have arrived is reported.
        repeat: what a job sends again: "failed" items, "unknown" ones that may have arrived, or "both".

        A cancelled wait loses nothing: `outcomes.finished()` gives at once what has ended, in a `finally` after
        Ctrl-C for example, `unfinished()` what has not. Nothing new begins while nobody asks. Dropping the outcomes,
        `aclose()` and closing the client cancel the calls under way; tasks and batches live on. `stop()` lets them end.
        """
        from zhipu_async.flows.bulk import Wishes
        from zhipu_async.protocol.kinds import CHAT, SUBMIT_CHAT
        from zhipu_async.resources.bulk import Mappable

        wishes = Wishes(ordered=ordered, concurrency=concurrency, on_progress=on_progress, on_error=on_error)
        mappable = Mappable(
            endpoint=CREATE, prepare=_mapped, submission=(SUBMIT_CHAT, CHAT), batch_url="/v4/chat/completions"
        )
        return mappable.outcomes(self._calls, requests, via=via, job=job, repeat=repeat, wishes=wishes)

    @veiled
    async def _whole(self, *, model: str, messages: Messages, **params: Unpack[ChatParams]) -> ChatCompletion:
        request = await _request_with_files(prepare(model, messages, params))
        return await self._calls.call(CREATE, request)

    def _opener(self, prepared: Prepared) -> Callable[[], Awaitable[Opened]]:
        def open_now() -> Awaitable[Opened]:
            if prepared.unread:
                return self._open_with_files(prepared)
            return self._calls.open(CREATE, _request(prepared, stream=True))

        return open_now

    async def _open_with_files(self, prepared: Prepared) -> Opened:
        return await self._calls.open(CREATE, await _request_with_files(prepared, stream=True))


def _request(prepared: Prepared, *, stream: bool = False) -> Request:
    body = prepared.body
    return Request(body, model=str(body["model"]), options=prepared.options, stream=stream)


async def _request_with_files(prepared: Prepared, *, stream: bool = False) -> Request:
    if prepared.unread:
        from zhipu_async.flows.parts import with_files

        prepared = prepared._replace(body=await with_files(prepared))
    return _request(prepared, stream=stream)


async def _mapped(request: ChatRequest) -> Request:
    if not isinstance(request, Mapping):
        came = type(request).__name__
        raise InvalidType(
            f"an item of map is a dict with model and messages, or a pair of a key and one, not {came}.",
            hint='For prompts: ({"model": "glm-4.7", "messages": prompt} for prompt in prompts).',
        )
    params = {name: value for name, value in request.items() if name not in ("model", "messages")}
    return await _request_with_files(prepare(request.get("model"), request.get("messages"), params))
