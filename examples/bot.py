"""How does a bot show an answer as it grows, without flooding the chat?

With aiogram and TELEGRAM_TOKEN it is a Telegram bot, without them it talks to this terminal.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import ZhipuError

SECONDS_BETWEEN_EDITS = 1.0  # Telegram allows about one message a second in one chat
LONGEST_MESSAGE = 4096


class Message(Protocol):
    """What the bot needs of `aiogram.types.Message`."""

    text: str | None

    async def answer(self, text: str) -> "Message": ...
    async def edit_text(self, text: str) -> object: ...


async def on_message(message: Message, zhipu: AsyncZhipuAI, pause: float = SECONDS_BETWEEN_EDITS) -> None:
    """Answer one message of a user."""
    if not message.text:
        return
    sent = await message.answer("…")
    try:
        async with zhipu.chat.completions.stream(model="glm-4.7", messages=message.text) as stream:
            async for text, rest in growing(stream.text(), pause):
                await sent.edit_text(text)
                if rest:  # full: the answer goes on in another message
                    sent = await sent.answer("…")
    except ZhipuError as error:
        await sent.edit_text(f"Sorry, that did not work: {type(error).__name__}")


async def growing(pieces: AsyncIterator[str], pause: float) -> AsyncIterator[tuple[str, bool]]:
    """Give the text so far, at most once in a pause and at its end, and whether another message must follow."""
    now: Callable[[], float] = asyncio.get_running_loop().time
    text = shown = ""
    next_edit = now()
    async for piece in pieces:
        text += piece
        while len(text) > LONGEST_MESSAGE:
            yield text[:LONGEST_MESSAGE], True
            text, shown = text[LONGEST_MESSAGE:], ""
        if now() >= next_edit and text.strip() != shown:
            yield text, False
            shown, next_edit = text.strip(), now() + pause
    if text.strip() != shown:  # an edit that changes nothing is an error in Telegram
        yield text, False


async def telegram(zhipu: AsyncZhipuAI, token: str) -> None:
    from aiogram import Bot, Dispatcher

    dispatcher = Dispatcher(zhipu=zhipu)  # handed to every handler that names it
    dispatcher.message.register(on_message)
    await dispatcher.start_polling(Bot(token))


class TerminalMessage:
    """A message that is a line of the terminal."""

    def __init__(self, text: str) -> None:
        self.text: str | None = text

    async def answer(self, text: str) -> "TerminalMessage":
        return TerminalMessage(text)

    async def edit_text(self, text: str) -> None:
        print(f"(edit) {text}")


async def main() -> None:
    async with AsyncZhipuAI() as zhipu:
        token = os.environ.get("TELEGRAM_TOKEN")
        bot: Awaitable[None] = (
            telegram(zhipu, token)
            if token
            else on_message(TerminalMessage("Write 80 words about tea"), zhipu)
        )
        await bot


if __name__ == "__main__":
    asyncio.run(main())
