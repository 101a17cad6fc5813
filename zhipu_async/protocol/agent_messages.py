"""Messages to agents, assistants and applications: a string becomes what each of them takes. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.types.agents import AgentMessage

Plain: TypeAlias = "Mapping[str, object]"
Messages: TypeAlias = "str | Sequence[AgentMessage | Mapping[str, object]]"


def to_agent(messages: Messages) -> list[Plain]:
    """Return messages to an agent; a string goes as it is, since the subtitle agent takes nothing else."""
    return _each(messages, lambda text: text)


def to_assistant(messages: Messages) -> list[Plain]:
    """Return messages to an assistant, whose surest form is a list of parts."""
    return _each(messages, lambda text: [{"type": "text", "text": text}])


def to_application(messages: Messages) -> list[Plain]:
    """Return messages to an application made in the console."""
    return _each(messages, lambda text: [{"type": "input", "value": text}])


def _each(messages: Messages, content_of: Callable[[str], object]) -> list[Plain]:
    if isinstance(messages, str):
        return [{"role": "user", "content": content_of(messages)}]
    _check(messages)
    return [_sendable(message) for message in messages]


def _check(messages: object) -> None:
    if not isinstance(messages, Sequence):
        raise InvalidType(f"messages takes a string or a list of messages, not {type(messages).__name__}")
    if not messages:
        raise InvalidArgument("messages is empty")


def _sendable(message: AgentMessage | Plain) -> Plain:
    if isinstance(message, AgentMessage):
        return {"role": message.role, "content": _content(message)}
    if not isinstance(message, Mapping):
        raise InvalidType(f"a message is a dict or a message of a reply, not {type(message).__name__}")
    return message


def _content(message: AgentMessage) -> object:
    if isinstance(message.content, str):
        return message.content
    return [{"type": part.type, **part.to_dict()} for part in message.parts]
