"""Chat: whole, streamed, and as a task. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fields import an_object, anything, array, flag, integer, number, text
from ..models import ASYNC_CHAT, CHAT, CODING_SUBSTITUTES
from ..operation import Answer, Ask, Events, Operation, Whole, encode, sse
from ..shapes import Body, flag_of
from ..tasks import outcome, ticket
from ..turns import Call, Turn, take_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_TO_FIRST_TOKEN = 0.4
SECONDS_PER_TOKEN = 0.02
SECONDS_OF_A_TASK = 15
CHARACTERS_PER_ARGUMENTS_PIECE = 8


def complete(ask: Ask) -> Answer:
    turn = take_turn(ask)
    model = model_that_answers(ask)
    if flag_of(ask.body, "stream"):
        frames = chunks(ask, turn, model)
        return Events(frames, seconds=SECONDS_TO_FIRST_TOKEN, interval=SECONDS_PER_TOKEN)
    return Whole(completion(ask, turn, model), seconds=seconds_for(turn))


def model_that_answers(ask: Ask) -> str:
    return CODING_SUBSTITUTES.get(ask.model.lower(), ask.model) if ask.coding else ask.model


def seconds_for(turn: Turn) -> float:
    return SECONDS_TO_FIRST_TOKEN + SECONDS_PER_TOKEN * (len(turn.content) + len(turn.reasoning))


def completion(ask: Ask, turn: Turn, model: str) -> Body:
    """The answer in one piece."""
    message: Body = {"role": "assistant", "content": "".join(turn.content)}
    if turn.reasoning:
        message["reasoning_content"] = "".join(turn.reasoning)
    if turn.calls:
        message["tool_calls"] = [whole_call(index, call) for index, call in enumerate(turn.calls)]
    return {
        "id": ask.platform.new_id(),
        "request_id": ask.request_id,
        "created": ask.platform.now(),
        "model": model,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": turn.finish_reason}],
        "usage": turn.usage,
    }


def whole_call(index: int, call: Call) -> Body:
    return {
        "index": index,
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }


def chunks(ask: Ask, turn: Turn, model: str) -> Iterator[bytes]:
    """The answer cut into events, usage in the last chunk before `[DONE]`."""
    head: Body = {"id": ask.platform.new_id(), "created": ask.platform.now(), "model": model}
    if ask.platform.number("object", ask.model) % 2:
        head = {**head, "object": "chat.completion.chunk"}
    # Everything up to the piece is the same in each event, so it is written once.
    start = b"data: " + encode(head)[:-1] + b',"choices":[{"index":0,"delta":{"role":"assistant",'
    for piece in turn.reasoning:
        yield start + b'"reasoning_content":' + encode(piece) + b"}}]}\n\n"
    for piece in turn.content:
        yield start + b'"content":' + encode(piece) + b"}}]}\n\n"
    for delta in call_deltas(ask, turn):
        yield start + b'"tool_calls":' + encode([delta]) + b"}}]}\n\n"
    last = {"index": 0, "finish_reason": turn.finish_reason, "delta": {"role": "assistant", "content": ""}}
    yield sse({**head, "choices": [last], "usage": turn.usage})
    yield sse("[DONE]")


def call_deltas(ask: Ask, turn: Turn) -> Iterator[Body]:
    """Each call in one chunk, or with `tool_stream` its arguments in pieces."""
    for index, call in enumerate(turn.calls):
        whole = whole_call(index, call)
        if not flag_of(ask.body, "tool_stream"):
            yield whole
            continue
        cuts = cut_arguments(call.arguments)
        yield {**whole, "function": {"name": call.name, "arguments": cuts[0]}}
        for cut in cuts[1:]:
            yield {"index": index, "id": None, "function": {"name": None, "arguments": cut}}


def cut_arguments(arguments: str) -> list[str]:
    size = CHARACTERS_PER_ARGUMENTS_PIECE
    return [arguments[at : at + size] for at in range(0, len(arguments), size)] or [""]


def submit(ask: Ask) -> Answer:
    turn = take_turn(ask)

    def result() -> Body:
        whole = completion(ask, turn, ask.model)
        return {name: whole[name] for name in ("created", "choices", "usage")}

    return Whole(ticket(ask.platform.tasks.start(ask, result, seconds=SECONDS_OF_A_TASK)))


def async_result(ask: Ask) -> Answer:
    return Whole(outcome(*ask.platform.tasks.look(ask.key, ask.params["id"])))


CHAT_FIELDS = {
    "model": text().needed,
    "messages": array(1).needed,
    "stream": flag(),
    "thinking": an_object(),
    "reasoning_effort": text(),
    "do_sample": flag(),
    "temperature": number(0, 1),
    "top_p": number(0.01, 1),
    "max_tokens": integer(1),
    "stop": array(0, 4),
    "tools": array(0, 128),
    "tool_choice": anything(),
    "tool_stream": flag(),
    "response_format": an_object(),
    "watermark_enabled": flag(),
    "meta": an_object(),
}
ASYNC_FIELDS = {name: field for name, field in CHAT_FIELDS.items() if name not in ("stream", "tool_stream")}

OPERATIONS = (
    Operation("POST", "/paas/v4/chat/completions", complete, CHAT_FIELDS, models=CHAT, coding=True),
    Operation("POST", "/paas/v4/async/chat/completions", submit, ASYNC_FIELDS, models=ASYNC_CHAT, task=True),
    Operation("GET", "/paas/v4/async-result/{id}", async_result, body="none"),
)
