"""One turn of the simulated model: what it answers to a conversation, and what that costs. No I/O here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import calling, schema, writing
from .calling import Call
from .models import ALWAYS_THINKS, CODING_SUBSTITUTES, THINKS
from .safety import UNSAFE_ANSWER
from .shapes import Body, array_of, integer_of, object_of, objects_of, text_of, texts_of
from .writing import count, pieces

if TYPE_CHECKING:
    from .operation import Ask
    from .scripts import Script

__all__ = ["Call", "Turn", "message_text", "prompt_of", "take_turn", "tokens_of_prompt"]

TOKENS_PER_MESSAGE = 3
"""What the template around each message costs."""
TOKENS_PER_PART = {"image_url": 600, "video_url": 4000, "file_url": 1000, "file": 1000, "input_audio": 125}
"""What each picture, video, file or recording costs; made up, but always the same."""


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
    model: str = ""
    """The model that answers, which the Coding Plan swaps."""

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
    texts = [text_of(part, "text") for part in objects_of(message, "content")]
    return " ".join(text for text in texts if text)


def tokens_of_message(message: Body) -> int:
    total = TOKENS_PER_MESSAGE + count(message_text(message)) + count(text_of(message, "reasoning_content"))
    total += sum(
        count(text_of(object_of(call, "function"), "arguments")) for call in objects_of(message, "tool_calls")
    )
    return total + sum(
        TOKENS_PER_PART.get(text_of(part, "type"), 0) for part in objects_of(message, "content")
    )


def tokens_of_prompt(body: Body) -> int:
    """What the conversation and the tools cost; the same prompt always costs the same."""
    tools = sum(count(json.dumps(tool, ensure_ascii=False)) for tool in array_of(body, "tools"))
    return sum(map(tokens_of_message, objects_of(body, "messages"))) + tools


def take_turn(ask: Ask) -> Turn:
    """Answer the conversation: as scripted, else as plausibly as a program without a model can."""
    script = ask.script
    turn = scripted_turn(ask, script) if script and speaks(script) else made_up_turn(ask)
    turn.prompt_tokens = tokens_of_prompt(ask.body)
    turn.cached_tokens = cached_tokens(ask)
    turn.model = CODING_SUBSTITUTES.get(ask.model.lower(), ask.model) if ask.coding else ask.model
    if script is None or script.pieces is None:
        shorten(turn, ask)
    if script is not None and script.finish_reason is not None:
        turn.finish_reason = script.finish_reason
    return turn


def cached_tokens(ask: Ask) -> int:
    """The platform keeps what came before the last message, once a conversation has gone on for a while."""
    messages = objects_of(ask.body, "messages")
    return sum(map(tokens_of_message, messages[:-2])) if len(messages) > 2 else 0


def speaks(script: Script) -> bool:
    return script.text is not None or script.pieces is not None or script.tool_calls is not None


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
        reasoning = (
            writing.thoughts(prompt, ask.platform.rng("chat", ask.model, prompt)) if thinks(ask) else ""
        )
    if UNSAFE_ANSWER in prompt:
        return Turn(pieces(writing.echo(prompt.replace(UNSAFE_ANSWER, ""))), finish_reason="sensitive")
    answered = tool_results(ask)
    functions = [] if answered else calling.offered(ask.body)
    if functions:
        called = calling.chosen(functions, prompt)
        return Turn(
            [], pieces(reasoning), [made_up_call(ask, function, prompt) for function in called], "tool_calls"
        )
    return Turn(pieces(answer_text(ask, prompt, answered)), pieces(reasoning))


def made_up_call(ask: Ask, function: Body, prompt: str) -> Call:
    name = text_of(function, "name")
    chance = ask.platform.rng("call", name, prompt)
    return Call(ask.platform.new_id("call_"), name, calling.arguments_for(function, prompt, chance))


def tool_results(ask: Ask) -> list[str]:
    """What the caller's functions gave since the last user message."""
    results: list[str] = []
    for message in objects_of(ask.body, "messages"):
        if text_of(message, "role") == "tool":
            results.append(message_text(message))
        elif text_of(message, "role") == "user":
            results.clear()
    return results


def answer_text(ask: Ask, prompt: str, results: list[str]) -> str:
    kind = text_of(object_of(ask.body, "response_format"), "type")
    if kind == "json_object":
        return json.dumps(wanted_json(ask, prompt), ensure_ascii=False)
    if results:
        said = "; ".join(results).rstrip("。.")
        return f"工具的结果是：{said}。" if writing.is_chinese(prompt) else f"The tools gave: {said}."
    if repeated := writing.to_repeat(prompt):
        return repeated
    return writing.essay(prompt, ask.platform.rng("text", ask.model, prompt), beside=seen(ask, prompt))


def wanted_json(ask: Ask, prompt: str) -> object:
    """JSON that fits the last schema of the prompt, or looks like its last example."""
    filler = schema.Filler(own_words(prompt), ask.platform.rng("json", prompt))
    for message in reversed(objects_of(ask.body, "messages")):
        found = list(schema.schemas_in(message_text(message)))
        schemas = [one for one in found if schema.looks_like_a_schema(one)]
        if schemas:
            return filler.fill(schemas[-1])
        if found and text_of(message, "role") != "assistant":
            return schema.like(found[-1], filler)
    return {"answer": writing.to_repeat(prompt) or writing.echo(prompt)}


def own_words(prompt: str) -> str:
    """The prompt without the JSON in it, whose names and numbers are no content."""
    for found in schema.schemas_in(prompt):
        if found:
            return prompt.partition("{")[0] + prompt.rpartition("}")[2]
    return prompt


def seen(ask: Ask, prompt: str) -> str:
    """A remark about pictures and the like, so that it shows that they arrived."""
    parts = [part for message in objects_of(ask.body, "messages") for part in objects_of(message, "content")]
    others = [text_of(part, "type") for part in parts if text_of(part, "type") not in ("text", "")]
    if not others:
        return ""
    listed = ", ".join(f"{others.count(kind)} {kind}" for kind in dict.fromkeys(others))
    return f"我收到了：{listed}。" if writing.is_chinese(prompt) else f" I received {listed}."


def thinks(ask: Ask) -> bool:
    model = ask.model.lower()
    if model not in THINKS or text_of(ask.body, "reasoning_effort") in ("minimal", "none", "low"):
        return False
    disabled = text_of(object_of(ask.body, "thinking"), "type") == "disabled"
    return not disabled or (model in ALWAYS_THINKS and not ask.coding)


def shorten(turn: Turn, ask: Ask) -> None:
    """End at the stop word and at max_tokens, in which the thinking counts."""
    text = "".join(turn.content)
    for word in texts_of(ask.body, "stop"):
        if word and word in text:
            text = text.partition(word)[0]
            turn.content = pieces(text)
    budget = integer_of(ask.body, "max_tokens")
    if not budget or turn.calls or len(turn.reasoning) + len(turn.content) <= budget:
        return
    turn.reasoning = turn.reasoning[:budget]
    turn.content = turn.content[: budget - len(turn.reasoning)]
    turn.finish_reason = "length"
