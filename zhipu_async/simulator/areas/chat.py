"""Chat: whole, streamed, and as a task. No I/O here."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .. import realtime_voice
from ..chat_rules import refuse_bad_chat
from ..fields import an_object, anything, array, flag, integer, number, text
from ..models import ASYNC_CHAT, ASYNC_SUBSTITUTES, AUDIO, CHAT
from ..operation import Answer, Ask, Events, Operation, Whole, encode, sse
from ..safety import unsafe
from ..shapes import Body, flag_of, integer_of, object_of, objects_of, text_of
from ..tasks import outcome, ticket
from ..turns import Call, Turn, prompt_of, take_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_TO_FIRST_TOKEN = 0.4
SECONDS_PER_TOKEN = 0.02
SECONDS_OF_A_TASK = 15
CHARACTERS_PER_ARGUMENTS_PIECE = 8
SECONDS_THAT_AUDIO_LASTS = 3600
RESULTS_PER_SEARCH = 10
LINKS_ARE_EMPTY_FOR = ("search_std", "search_pro")


def complete(ask: Ask) -> Answer:
    refuse_bad_chat(ask)
    turn = take_turn(ask)
    if flag_of(ask.body, "stream"):
        return Events(chunks(ask, turn), seconds=SECONDS_TO_FIRST_TOKEN, interval=SECONDS_PER_TOKEN)
    if turn.finish_reason == "sensitive":
        raise unsafe("assistant")
    return Whole(completion(ask, turn), seconds=seconds_for(turn))


def seconds_for(turn: Turn) -> float:
    return SECONDS_TO_FIRST_TOKEN + SECONDS_PER_TOKEN * (len(turn.content) + len(turn.reasoning))


def completion(ask: Ask, turn: Turn) -> Body:
    """The answer in one piece."""
    message: Body = {"role": "assistant", "content": "".join(turn.content)}
    if turn.reasoning:
        message["reasoning_content"] = "".join(turn.reasoning)
    if turn.calls:
        message["tool_calls"] = [whole_call(index, call) for index, call in enumerate(turn.calls)]
    if ask.model.lower() in AUDIO:
        message["audio"] = audio(ask, spoken(turn), ask.platform.new_id("audio_"))
    body: Body = {
        "id": ask.platform.new_id(),
        "request_id": ask.request_id,
        "created": ask.platform.now(),
        "model": turn.model,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": turn.finish_reason}],
        "usage": turn.usage,
    }
    found = search_results(ask)
    return {**body, "web_search": found} if found else body


def whole_call(index: int, call: Call) -> Body:
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": index, "id": call.id, "type": "function", "function": function}


def spoken(turn: Turn) -> bytes:
    """The answer as speech: bare 16-bit PCM, one channel."""
    return b"".join(realtime_voice.speak("".join(turn.content), "tongtong"))


def audio(ask: Ask, sound: bytes, audio_id: str) -> Body:
    expires = ask.platform.now() + SECONDS_THAT_AUDIO_LASTS
    return {"id": audio_id, "data": base64.b64encode(sound).decode(), "expires_at": str(expires)}


def search_results(ask: Ask) -> list[Body]:
    """What the web search of the request found, if the request wants to see it."""
    for tool in objects_of(ask.body, "tools"):
        search = object_of(tool, "web_search")
        if flag_of(search, "enable") and flag_of(search, "search_result"):
            query = text_of(search, "search_query") or prompt_of(ask)
            engine = text_of(search, "search_engine", "search_std")
            wanted = integer_of(search, "count", RESULTS_PER_SEARCH)
            return [found(query, engine, number) for number in range(1, wanted + 1)]
    return []


def found(query: str, engine: str, number: int) -> Body:
    return {
        "icon": "https://example.com/icon.png",
        "title": f"{query[:30]} ({number})",
        "link": "" if engine in LINKS_ARE_EMPTY_FOR else f"https://example.com/{number}",
        "media": "example.com",
        "publish_date": "2026-05-04",
        "content": f"Result {number}: {query[:60]}",
        "refer": f"ref_{number}",
    }


def chunks(ask: Ask, turn: Turn) -> Iterator[bytes]:
    """The answer cut into events, usage in the last chunk before `[DONE]`."""
    head: Body = {"id": ask.platform.new_id(), "created": ask.platform.now(), "model": turn.model}
    if ask.platform.number("object", ask.model) % 2:
        head = {**head, "object": "chat.completion.chunk"}  # some models name it, some do not
    # Everything up to the piece is the same in each event, so it is written once.
    start = b"data: " + encode(head)[:-1] + b',"choices":[{"index":0,"delta":{"role":"assistant",'
    for piece in turn.reasoning:
        yield start + b'"reasoning_content":' + encode(piece) + b"}}]}\n\n"
    for piece in turn.content:
        yield start + b'"content":' + encode(piece) + b"}}]}\n\n"
    for name, delta in other_deltas(ask, turn):
        yield start + b'"' + name + b'":' + encode(delta) + b"}}]}\n\n"
    yield sse({**head, **last_chunk(ask, turn)})
    yield sse("[DONE]")


def last_chunk(ask: Ask, turn: Turn) -> Body:
    """How the stream ended, and what it cost."""
    sensitive = turn.finish_reason == "sensitive"
    delta: Body = {"role": "user" if sensitive else "assistant", "content": ""}
    last: Body = {
        "choices": [{"index": 0, "finish_reason": turn.finish_reason, "delta": delta}],
        "usage": turn.usage,
    }
    results = search_results(ask)
    if results:
        last["web_search"] = results
    return {**last, "content_filter": [{"role": "assistant", "level": 1}]} if sensitive else last


def other_deltas(ask: Ask, turn: Turn) -> Iterator[tuple[bytes, object]]:
    for delta in call_deltas(ask, turn):
        yield b"tool_calls", [delta]
    if ask.model.lower() in AUDIO:
        audio_id = ask.platform.new_id("audio_")
        for piece in realtime_voice.cut(spoken(turn)):
            yield b"audio", audio(ask, piece, audio_id)


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
    refuse_bad_chat(ask)
    turn = take_turn(ask)
    if turn.finish_reason == "sensitive":
        raise unsafe("assistant")
    turn.model = ASYNC_SUBSTITUTES.get(ask.model.lower(), ask.model)
    whole = completion(ask, turn)
    wanted = ("created", "choices", "usage", "web_search")
    result: Body = {name: whole[name] for name in wanted if name in whole}
    return Whole(
        ticket(ask.platform.tasks.start(ask, lambda: result, seconds=SECONDS_OF_A_TASK, model=turn.model))
    )


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
    "sensitive_word_check": an_object(),
    "seed": integer(),
    "extra": an_object(),
}
ASYNC_FIELDS = {name: field for name, field in CHAT_FIELDS.items() if name not in ("stream", "tool_stream")}

OPERATIONS = (
    Operation("POST", "/paas/v4/chat/completions", complete, CHAT_FIELDS, models=CHAT, coding=True),
    Operation("POST", "/paas/v4/async/chat/completions", submit, ASYNC_FIELDS, models=ASYNC_CHAT, task=True),
    Operation("GET", "/paas/v4/async-result/{id}", async_result, body="none"),
)
