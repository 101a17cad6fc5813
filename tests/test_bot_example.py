"""The bot example with a chat that is a list: the answer grows, and the chat is not flooded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from tests import example
from zhipu_async import AsyncZhipuAI
from zhipu_async.simulator import Cut, Simulator

bot = example.load("bot")
NEVER = 3600.0


class Chat:
    """What was sent and edited, as a Telegram chat would show it."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []


class Message:
    """Shaped like aiogram's."""

    def __init__(self, chat: Chat, text: str | None, number: int = -1) -> None:
        self.text = text
        self._chat = chat
        self._number = number

    async def answer(self, text: str) -> Message:
        self._chat.messages.append([text])
        return Message(self._chat, text, len(self._chat.messages) - 1)

    async def edit_text(self, text: str) -> None:
        versions = self._chat.messages[self._number]
        assert 0 < len(text) <= bot.LONGEST_MESSAGE
        assert text.strip() != versions[-1].strip(), "Telegram refuses an edit that changes nothing"
        versions.append(text)


async def pieces(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def grown(pause: float, texts: Sequence[str]) -> list[tuple[str, bool]]:
    return [step async for step in bot.growing(pieces(*texts), pause)]


async def test_a_long_stream_costs_two_edits_in_one_pause(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(pieces=[f"word{number} " for number in range(300)])
    chat = Chat()
    await bot.on_message(Message(chat, "Write a lot"), zhipu, NEVER)
    [versions] = chat.messages
    assert [len(version.split()) for version in versions] == [1, 1, 300]


async def test_without_a_pause_every_piece_is_shown(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(pieces=["One, ", "two, ", "three."])
    chat = Chat()
    await bot.on_message(Message(chat, "Count"), zhipu, 0.0)
    assert chat.messages == [["…", "One, ", "One, two, ", "One, two, three."]]


async def test_an_answer_that_is_too_long_goes_on_in_another_message(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(pieces=["a" * 3000, "b" * 3000, "c" * 3000])
    chat = Chat()
    await bot.on_message(Message(chat, "Write a novel"), zhipu, 0.0)
    assert "".join(versions[-1] for versions in chat.messages) == "a" * 3000 + "b" * 3000 + "c" * 3000
    assert len(chat.messages) == 3


async def test_one_huge_piece_is_split_too() -> None:
    steps = await grown(0.0, ["x" * 10_000])
    assert [(len(text), more) for text, more in steps] == [(4096, True), (4096, True), (1808, False)]


async def test_blanks_alone_are_no_edit() -> None:
    assert await grown(0.0, ["\n", " "]) == []


@pytest.mark.parametrize("code", ["1113", "1301"])
async def test_a_failure_is_told_in_the_chat(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, code: str
) -> None:
    zhipu_simulator.script(code=code)
    chat = Chat()
    await bot.on_message(Message(chat, "Hello"), zhipu)
    assert chat.messages[0][-1].startswith("Sorry, that did not work: ")


async def test_a_stream_that_breaks_is_told_too(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(pieces=["Once ", "upon ", "a time"], fault=Cut(after_events=3))
    chat = Chat()
    await bot.on_message(Message(chat, "A tale"), zhipu)
    assert chat.messages[0][-1] == "Sorry, that did not work: StreamInterrupted"


async def test_a_message_without_text_is_left_alone(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    chat = Chat()
    await bot.on_message(Message(chat, None), zhipu)
    assert chat.messages == []
    assert zhipu_simulator.requests == []
