"""One turn of the simulated model: what it answers to a conversation, and what that costs. No I/O here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .models import ALWAYS_THINKS, THINKS
from .shapes import Body, array_of, integer_of, is_array, is_object, object_of, objects_of, text_of, texts_of
from .writing import count, is_chinese, pieces

if TYPE_CHECKING:
    from .operation import Ask
    from .scripts import Script

TOKENS_PER_MESSAGE = 3
"""What the template around each message costs."""
LONGEST_ECHO = 60
"""Characters of the prompt that an answer repeats."""


@dataclass(slots=True)
class Call:
    """One function call of the model."""

    id: str
    name: str
    arguments: str


@dataclass(slots=True)
class Turn:
    """What the model says in one answer."""

    content: list[str]
    """The text in tokens, or in the pieces of the script."""
    reasoning: list[str] = field(default_factory=list[str])
    calls: list[Call] = field(default_factory=list[Call])
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0

    @property
    def usage(self) -> Body:
        thinking = len(self.reasoning)
        written = sum(count(call.name) + count(call.arguments) for call in self.calls)
        completion = thinking + len(self.content) + written
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": thinking},
        }


def prompt_of(ask: Ask) -> str:
    """The text of the last user message."""
    for message in reversed(objects_of(ask.body, "messages")):
        if text_of(message, "role") == "user":
            return message_text(message)
    return ""


def message_text(message: Body) -> str:
    """The text of a message, whether its content is a text or a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return (
        " ".join(text_of(part, "text") for part in objects_of(message, "content"))
        if is_array(content)
        else ""
    )


def tokens_of_prompt(ask: Ask) -> int:
    total = 0
    for message in objects_of(ask.body, "messages"):
        total += (
            TOKENS_PER_MESSAGE + count(message_text(message)) + count(text_of(message, "reasoning_content"))
        )
        for call in objects_of(message, "tool_calls"):
            total += count(text_of(object_of(call, "function"), "arguments"))
    return total + sum(count(json.dumps(tool, ensure_ascii=False)) for tool in array_of(ask.body, "tools"))


def take_turn(ask: Ask) -> Turn:
    """Answer the conversation: as scripted, else as plausibly as a program without a model can."""
    script = ask.script
    turn = scripted_turn(ask, script) if script and speaks(script) else made_up_turn(ask)
    turn.prompt_tokens = tokens_of_prompt(ask)
    if script is None or script.pieces is None:
        shorten(turn, ask)
    if script is not None and script.finish_reason is not None:
        turn.finish_reason = script.finish_reason
    return turn


def speaks(script: Script) -> bool:
    spoken = (script.text, script.pieces, script.tool_calls)
    return any(part is not None for part in spoken)


def scripted_turn(ask: Ask, script: Script) -> Turn:
    content = list(script.pieces) if script.pieces is not None else pieces(script.text or "")
    calls = [scripted_call(ask, dict(call)) for call in script.tool_calls or ()]
    return Turn(content, pieces(script.reasoning or ""), calls, "tool_calls" if calls else "stop")


def scripted_call(ask: Ask, call: Body) -> Call:
    arguments = call.get("arguments", {})
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return Call(text_of(call, "id") or ask.platform.new_id("call_"), text_of(call, "name"), written)


def made_up_turn(ask: Ask) -> Turn:
    prompt = prompt_of(ask)
    reasoning = ask.script.reasoning if ask.script else None
    if reasoning is None:
        reasoning = thoughts(prompt) if thinks(ask) else ""
    return Turn(pieces(echo(prompt)), pieces(reasoning))


def thinks(ask: Ask) -> bool:
    model = ask.model.lower()
    if model not in THINKS:
        return False
    disabled = text_of(object_of(ask.body, "thinking"), "type") == "disabled"
    light = text_of(ask.body, "reasoning_effort") in ("minimal", "none", "low")
    return (not disabled and not light) or (model in ALWAYS_THINKS and not light)


def thoughts(prompt: str) -> str:
    if is_chinese(prompt):
        return f"用户说了“{prompt[:LONGEST_ECHO]}”。我来想一想怎样回答。"
    return f'The user says "{prompt[:LONGEST_ECHO]}". Let me think about an answer.'


def echo(prompt: str) -> str:
    if is_chinese(prompt):
        return f"你说的是：“{prompt[:LONGEST_ECHO]}”。"
    return f'You said: "{prompt[:LONGEST_ECHO]}".'


def shorten(turn: Turn, ask: Ask) -> None:
    """End at the stop word and at max_tokens, in which the thinking counts."""
    text = "".join(turn.content)
    for word in texts_of(ask.body, "stop"):
        if word and word in text:
            turn.content = pieces(text.partition(word)[0])
            text = "".join(turn.content)
    budget = integer_of(ask.body, "max_tokens")
    if not budget or len(turn.reasoning) + len(turn.content) <= budget:
        return
    turn.reasoning = turn.reasoning[:budget]
    turn.content = turn.content[: budget - len(turn.reasoning)]
    turn.finish_reason = "length"


def offered_functions(ask: Ask) -> list[Body]:
    """The function tools of the request."""
    tools = objects_of(ask.body, "tools")
    return [object_of(tool, "function") for tool in tools if is_object(tool.get("function"))]
