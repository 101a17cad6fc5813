"""What one may say to agents, assistants and applications."""

from __future__ import annotations

import pytest

from zhipu_async.errors import UsageError
from zhipu_async.protocol.agent_messages import to_agent, to_application, to_assistant
from zhipu_async.types.agents import AgentMessage, AgentPart


def test_a_string_becomes_what_each_of_them_takes() -> None:
    assert to_agent("hi") == [{"role": "user", "content": "hi"}]
    assert to_assistant("hi") == [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    assert to_application("hi") == [{"role": "user", "content": [{"type": "input", "value": "hi"}]}]


def test_messages_go_as_they_are() -> None:
    message = {"role": "user", "content": {"type": "image_url", "image_url": "https://example.com/a.png"}}
    assert to_agent([message]) == [message]


def test_messages_of_replies_can_be_put_back() -> None:
    said = AgentMessage(content="Good morning")
    shown = AgentMessage(content=AgentPart(type="file_url", file_url="https://example.com/a.pdf"))
    told = AgentMessage(role="user", content=[AgentPart(text="hi")])
    assert to_agent((said, shown, told)) == [
        {"role": "assistant", "content": "Good morning"},
        {"role": "assistant", "content": [{"type": "file_url", "file_url": "https://example.com/a.pdf"}]},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]


@pytest.mark.parametrize("messages", [[], 7, {"role": "user"}, ["hi"], [None]])
def test_what_is_no_message_is_said_before_anything_is_sent(messages: object) -> None:
    with pytest.raises(UsageError, match="message"):
        to_agent(messages)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
