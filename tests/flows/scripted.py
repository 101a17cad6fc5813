"""A model that says what the script says, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Unpack

from zhipu_async.protocol.chat_params import ChatParams
from zhipu_async.protocol.chat_request import prepare
from zhipu_async.protocol.sendable import as_list, as_object
from zhipu_async.types.chat import ChatCompletion, Choice, FunctionCall, Message, ToolCall, Usage
from zhipu_async.types.chat_events import ChatEvent, TextDelta
from zhipu_async.types.chat_request import Messages


def said(text: str = "", *, finish: str = "stop", tokens: int = 1, **calls: str) -> ChatCompletion:
    """An answer; keywords are calls, by the name of the tool, with their arguments."""
    wanted = [
        ToolCall(id=f"call_{name}", function=FunctionCall(name=name.rstrip("_"), arguments=arguments))
        for name, arguments in calls.items()
    ]
    message = Message(content=text, tool_calls=wanted)
    choice = Choice(finish_reason="tool_calls" if calls else finish, message=message)
    return ChatCompletion(choices=[choice], usage=Usage(total_tokens=tokens))


class Model:
    """Stands in for `chat.completions`: `create` and `stream` give the answers of the script in turn."""

    def __init__(self, *answers: ChatCompletion) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, object]] = []
        self.open_streams = 0

    async def create(self, *, model: str, messages: Messages, **params: Unpack[ChatParams]) -> ChatCompletion:
        self.asked.append(prepare(model, messages, params).body)
        return self.answers.pop(0)

    def stream(self, *, model: str, messages: Messages, **params: Unpack[ChatParams]) -> Stream:
        self.asked.append(prepare(model, messages, params, stream=True).body)
        return Stream(self, self.answers.pop(0))

    def messages(self, round_number: int) -> list[dict[str, object]]:
        messages = self.asked[round_number]["messages"]
        assert as_list(messages)
        return [dict(message) for message in messages if as_object(message)]


class Stream:
    """Stands in for a ChatStream: its text arrives letter by letter."""

    def __init__(self, model: Model, answer: ChatCompletion) -> None:
        self.model = model
        self.answer = answer

    async def __aenter__(self) -> Stream:
        self.model.open_streams += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.model.open_streams -= 1

    async def events(self) -> AsyncIterator[ChatEvent]:
        for letter in self.answer.text:
            yield TextDelta(letter)

    async def finish(self) -> ChatCompletion:
        return self.answer
