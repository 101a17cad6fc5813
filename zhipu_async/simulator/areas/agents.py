"""Agents: called whole, streamed or as a task; slides and homework keep a conversation. No I/O here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..fields import an_object, array, check, flag, text
from ..operation import Answer, Ask, Events, Operation, Whole, sse
from ..refusals import Refusal, illegal, missing
from ..safety import refuse_unsafe
from ..saying import quirk, say_in_pieces, usage
from ..shapes import Body, flag_of, is_array, is_object, object_of, objects_of, text_of, texts_of
from . import agent_decks, agent_homework
from .agent_catalogue import AGENTS, KNOWN_FIELDS, Agent, Content, Parts, variables, words

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND = "agent"
PART_TYPES = ("text", "file_id", "file_url", "image_url")
SECONDS, SECONDS_PER_PIECE, SECONDS_OF_A_TASK = 2.0, 0.03, 30
STATES = {"running": "pending", "done": "success", "failed": "failed"}


def invoke(ask: Ask) -> Answer:
    name = text_of(ask.body, "agent_id")
    agent = AGENTS.get(name)
    if agent is None:
        raise illegal("agent_id", "there is no such agent")
    parts = parts_of(ask)
    check_call(ask, name, agent, parts)
    refuse_unsafe(words(parts))
    streamed = flag_of(ask.body, "stream")
    if agent.style in ("stream", "deck") and not streamed:
        raise Refusal("1212", "This agent can only be called with stream: true")
    if agent.style == "deck":
        return Events(agent_decks.events(ask, words(parts)), seconds=SECONDS, interval=SECONDS_PER_PIECE)
    if agent.style == "task":
        return submit(ask, agent, parts)
    if agent.style == "homework":
        return Whole({**head(ask), "choices": [choice(ask, agent_homework.hand_in(ask))]}, seconds=SECONDS)
    content = agent.answer(ask, parts)
    if streamed:
        return Events(chunks(ask, parts, content), seconds=SECONDS / 4, interval=SECONDS_PER_PIECE)
    counted = usage(words(parts), json.dumps(content, ensure_ascii=False))
    return Whole({**head(ask), "choices": [choice(ask, content)], "usage": counted}, seconds=SECONDS)


def parts_of(ask: Ask) -> Parts:
    """Read the contents of the last message: a text, one object, or a list of objects."""
    messages = objects_of(ask.body, "messages")
    for message in messages:
        if text_of(message, "role") not in ("system", "user", "assistant"):
            raise illegal("messages", "the role system, user or assistant expected")
    content = messages[-1].get("content") if messages else None
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    given = content if is_array(content) else [content]
    parts = [part for part in given if is_object(part)]
    if not parts or len(parts) != len(given):
        raise illegal("messages", "a content of texts or objects with a type expected")
    for part in parts:
        kind = text_of(part, "type")
        if kind not in PART_TYPES or not text_of(part, kind):
            raise illegal(
                "messages", f"contents of the types {', '.join(PART_TYPES)}, all of them texts, expected"
            )
    return parts


def check_call(ask: Ask, name: str, agent: Agent, parts: Parts) -> None:
    """Refuse what this agent cannot work with."""
    check(variables(ask), agent.variables, inside="custom_variables.")
    known = KNOWN_FIELDS.get(name)
    unknown = [field for field in texts_of(variables(ask), "default_fields") if known and field not in known]
    if unknown:
        raise illegal("custom_variables.default_fields", "unknown: " + ", ".join(unknown))
    kinds = {text_of(part, "type") for part in parts}
    for needed in agent.needs:
        if needed not in kinds:
            raise missing(needed)
    if agent.one_part and len(parts) != 1:
        raise illegal("messages", "exactly one content expected")


def head(ask: Ask) -> Body:
    return {
        "id": ask.request_id,
        "agent_id": text_of(ask.body, "agent_id"),
        "conversation_id": text_of(ask.body, "conversation_id") or ask.platform.new_id(),
    }


def choice(ask: Ask, content: Content) -> Body:
    """The reference has a list of messages, older documents and the vendor's client have one message."""
    message = {"role": "assistant", "content": content}
    said: Body = {"message": message} if quirk(ask) else {"messages": [message]}
    return {"index": 0, "finish_reason": "stop", **said}


def chunks(ask: Ask, parts: Parts, content: Content) -> Iterator[bytes]:
    start = head(ask)
    for piece in pieces_of(ask, content):
        delta = {"role": "assistant", "content": piece}
        yield sse({**start, "choices": [{"index": 0, "delta": delta}]})
    last = {"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": ""}}
    counted = usage(words(parts), json.dumps(content, ensure_ascii=False))
    yield sse({**start, "choices": [last], "usage": counted})
    yield sse("[DONE]")


def pieces_of(ask: Ask, content: Content) -> list[object]:
    """Cut a text into pieces that have the form of the whole; other contents stay in one piece."""
    if isinstance(content, str):
        return [*say_in_pieces(ask, content)]
    only = content[0] if isinstance(content, list) and len(content) == 1 else content
    if isinstance(only, dict) and only.get("type") == "text":
        return [{"type": "text", "text": piece} for piece in say_in_pieces(ask, text_of(only, "text"))]
    return [content]


def submit(ask: Ask, agent: Agent, parts: Parts) -> Answer:
    content, name = agent.answer(ask, parts), text_of(ask.body, "agent_id")

    def result() -> Body:
        message = {"role": "assistant", "content": content}
        counted = usage(words(parts), json.dumps(content))
        return {"agent_id": name, "choices": [{"index": 0, "messages": [message]}], "usage": counted}

    task = ask.platform.tasks.start(ask, result, seconds=SECONDS_OF_A_TASK, kind=KIND)
    return Whole({**head(ask), "async_id": task.id, "status": "pending"})


def async_result(ask: Ask) -> Answer:
    name = text_of(ask.body, "agent_id")
    if name == agent_homework.POLLING:
        found = agent_homework.look(ask)
        return Whole({"agent_id": name, "status": "success", "choices": [choice(ask, [found])]})
    async_id = text_of(ask.body, "async_id")
    if not async_id:
        raise missing("async_id")
    task, state = ask.platform.tasks.look(ask.key, async_id, kind=KIND)
    result = task.result()
    if result["agent_id"] != name:
        raise illegal("agent_id", "the task belongs to another agent")
    body: Body = {"agent_id": name, "async_id": async_id, "status": STATES[state]}
    if state == "done":
        body.update(result)
    if state == "failed":
        body["error"] = {"code": "1234", "message": "The task could not be finished"}
    return Whole(body)


def conversation(ask: Ask) -> Answer:
    """Export the slides of a conversation."""
    name = text_of(ask.body, "agent_id")
    if name and name != "slides_glm_agent":
        raise illegal("agent_id", "only slides_glm_agent keeps conversations")
    if not text_of(ask.body, "conversation_id"):
        raise missing("conversation_id")
    contents = agent_decks.export(ask, object_of(ask.body, "custom_variables"))
    message = {"role": "assistant", "content": contents}
    spelling = "messages" if quirk(ask) else "message"
    body: Body = {"agent_id": "slides_glm_agent", "conversation_id": text_of(ask.body, "conversation_id")}
    return Whole({**body, "choices": [{"index": 0, spelling: [message]}]}, seconds=SECONDS)


INVOKE = {
    "agent_id": text(1).needed,
    "messages": array(1).needed,
    "stream": flag(),
    "custom_variables": an_object(),
    "conversation_id": text(),
    "sensitive_word_check": an_object(),
}
RESULT = {
    "agent_id": text(1).needed,
    "async_id": text(),
    "custom_variables": an_object(),
    "conversation_id": text(),
}
CONVERSATION = {"agent_id": text(), "conversation_id": text(), "custom_variables": an_object()}

OPERATIONS = (
    Operation("POST", "/v1/agents", invoke, INVOKE, task=True),
    Operation("POST", "/v1/agents/async-result", async_result, RESULT),
    Operation("POST", "/v1/agents/conversation", conversation, CONVERSATION),
    # The guide prints the path with a slash at its end.
    Operation("POST", "/v1/agents/conversation/", conversation, CONVERSATION),
)
