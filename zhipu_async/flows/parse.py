"""Structured output: ask, check, tell the model what was wrong, ask again."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, Unpack

from zhipu_async.errors import InvalidOutput
from zhipu_async.flows.parts import history
from zhipu_async.protocol.chat_params import REPAIR_TURNS, ChatParams
from zhipu_async.protocol.checked_options import check_count
from zhipu_async.protocol.completions import refuse_unusable, summed
from zhipu_async.protocol.jsonschema import Misfit, name_of
from zhipu_async.protocol.structured import JSON_OBJECT, Shape, folded, repair
from zhipu_async.types.chat import ChatCompletion, Usage
from zhipu_async.types.chat_request import Messages

T = TypeVar("T")


class Create(Protocol):
    """What `chat.completions.create` does for a whole answer."""

    def __call__(
        self, *, model: str, messages: Messages, **params: Unpack[ChatParams]
    ) -> Awaitable[ChatCompletion]: ...


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """A checked value, and what it took to get it."""

    value: T
    completion: ChatCompletion
    """The answer that held the value."""
    attempts: int
    usage: Usage
    """Of all attempts together."""


async def parse(
    create: Create,
    *,
    model: str,
    messages: Messages,
    into: type[T],
    params: ChatParams,
    repairs: int = REPAIR_TURNS,
) -> Parsed[T]:
    """Return a value of the type; cancelling cancels the call that is under way.

    An answer that does not fit is sent back with its fault, `repairs` times at most; then `InvalidOutput`.
    """
    check_count("repairs", repairs, 0)
    shape = Shape(into)
    asked: ChatParams = {"response_format": JSON_OBJECT, **params}
    talk = folded(await history(messages), shape.schema)
    usages: list[Usage] = []
    while True:
        reply = await create(model=model, messages=talk, **asked)
        usages.append(reply.usage)
        refuse_unusable(reply)
        try:
            return Parsed(shape.read(reply.text), reply, len(usages), summed(usages))
        except Misfit as misfit:
            if len(usages) > repairs:
                raise _never_fitted(reply, len(usages), name_of(into)) from misfit
            talk = [*talk, reply.message, repair(str(misfit))]
        asked.pop("request_id", None)  # the platform refuses an id that it has seen


def _never_fitted(completion: ChatCompletion, attempts: int, wanted: str) -> InvalidOutput:
    return InvalidOutput(
        f"no valid {wanted} in {attempts} {'attempt' if attempts == 1 else 'attempts'}.",
        attempts=attempts,
        completion=completion,
        hint="`.completion` is the last answer, the cause says what is wrong with it.",
    )
