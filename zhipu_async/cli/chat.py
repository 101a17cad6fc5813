"""`zhipu-async chat`: a conversation in the terminal, or one answer in a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import shutil
import sys
from typing import TYPE_CHECKING

from zhipu_async.cli.chosen import CHAT_MODEL, OK, USAGE, Chosen
from zhipu_async.cli.connecting import Connection, connected
from zhipu_async.cli.orders import Orders
from zhipu_async.cli.screen import BOLD, CYAN, DIM, YELLOW, Screen
from zhipu_async.cli.talk import Talk
from zhipu_async.cli.wrapping import Wrapper
from zhipu_async.errors import ZhipuError

if TYPE_CHECKING:
    from zhipu_async import AsyncZhipuAI
    from zhipu_async.events import ChatEvent

PROMPT = "› "
# Outcomes of the platform that look like an ordinary end, and are none.
ENDINGS = {
    "length": "The answer was cut: it reached max_tokens.",
    "sensitive": "The safety review withheld the rest.",
    "model_context_window_exceeded": "The conversation is too long for the model; /new begins another.",
}


def chat(chosen: Chosen, screen: Screen) -> int:
    """Answer one question, or lead a conversation."""
    talk = Talk(chosen.model or CHAT_MODEL, chosen.system, chosen.max_tokens, chosen.thinking)
    question = " ".join(chosen.question)
    if not sys.stdin.isatty():
        piped = sys.stdin.buffer.read().decode("utf-8", "replace").strip()
        question = f"{question}\n\n{piped}" if question and piped else question or piped
        if not question:
            screen.notice("There is nothing to ask: the question is empty, and so is stdin.")
            return USAGE
    shows = screen.is_terminal if chosen.reasoning is None else chosen.reasoning
    with connected(chosen, screen) as connection, asyncio.Runner() as runner:
        conversation = Conversation(runner, connection, talk, screen, shows_reasoning=shows)
        try:
            if question:
                talk.ask(question, chosen.image)
                return conversation.answer_once()
            return conversation.go_on()
        finally:
            conversation.close()


class Conversation:
    """Questions and answers. The loop runs only while an answer is under way, so Ctrl-C stops just that."""

    def __init__(
        self,
        runner: asyncio.Runner,
        connection: Connection,
        talk: Talk,
        screen: Screen,
        *,
        shows_reasoning: bool,
    ) -> None:
        self.talk = talk
        self.screen = screen
        self._runner = runner
        self._zhipu: AsyncZhipuAI = connection.client()
        self._voice = Voice(screen, shows_reasoning=shows_reasoning)

    def close(self) -> None:
        """Hang up."""
        self._runner.run(self._zhipu.close())

    def answer_once(self) -> int:
        """Answer what was asked, and leave; Ctrl-C leaves as well."""
        self._reply()
        return OK

    def go_on(self) -> int:
        """Answer until the user leaves."""
        with contextlib.suppress(ImportError):  # not on Windows
            importlib.import_module("readline")  # gives input() its editing and its arrow keys
        self._greet()
        orders = Orders(self.talk, self.screen)
        while not orders.leaving:
            line = self._listen()
            if line is None:
                break
            if line and not orders.obey(line):
                self.talk.ask(line)
                self._answer_and_go_on()
        return OK

    def _greet(self) -> None:
        self.screen.notice(f"{self.talk.model} at {self._zhipu.base_url}", BOLD)
        self.screen.notice("/help shows what else there is, Ctrl-C stops an answer, Ctrl-D leaves.", DIM)

    def _listen(self) -> str | None:
        """Return what the user types, None when he leaves."""
        try:
            if self.screen.is_terminal:
                return input(PROMPT).strip()
            self.screen.notice(PROMPT, end="")  # stdout is for the answers
            return input().strip()
        except EOFError:
            self.screen.notice("")
            return None
        except KeyboardInterrupt:
            self.screen.notice("\nCtrl-D or /quit leaves.", DIM)
            return ""

    def _answer_and_go_on(self) -> None:
        try:
            self._reply()
        except KeyboardInterrupt:
            self._voice.end()
            self.screen.notice("(stopped)", YELLOW)
        except ZhipuError as error:
            self._voice.end()
            self.screen.failure(error)

    def _reply(self) -> None:
        if self.screen.json_wanted:
            self.screen.json(self._runner.run(self._whole()))
        else:
            self._runner.run(self._answer())
            self._voice.end()

    async def _answer(self) -> None:
        self._voice.begin()
        try:
            talk = self.talk
            async with self._zhipu.chat.completions.stream(
                model=talk.model, messages=talk.messages, **talk.params
            ) as stream:
                async for event in stream.events():
                    self._voice.utter(event)
        finally:
            self.talk.answered(self._voice.text)

    async def _whole(self) -> dict[str, object]:
        talk, text = self.talk, ""
        try:
            reply = await self._zhipu.chat.completions.create(
                model=talk.model, messages=talk.messages, **talk.params
            )
            text = reply.text
            return reply.raw
        finally:
            talk.answered(text)


class Voice:
    """Writes an answer while it arrives, what the model thinks apart from what it says."""

    def __init__(self, screen: Screen, *, shows_reasoning: bool) -> None:
        self.text: str = ""
        self._screen = screen
        self._shows_reasoning = shows_reasoning
        self._thinking = False
        # In a terminal lines break between words; in a pipe the text stays as the model wrote it.
        self._wrapper = Wrapper(shutil.get_terminal_size().columns) if screen.is_terminal else None

    def begin(self) -> None:
        """Begin another answer."""
        self.text, self._thinking = "", False

    def utter(self, event: ChatEvent) -> None:
        """Write one piece."""
        from zhipu_async.events import Finished, ReasoningDelta, Searched, TextDelta

        match event:
            case ReasoningDelta(text=text) if self._shows_reasoning:
                self._thinking = True
                self._screen.notice(self._wrapped(text), DIM, end="")
            case TextDelta(text=text):
                self._stop_thinking()
                self.text += text
                self._screen.say(self._wrapped(text), end="")
            case Searched(results=results):
                self._screen.notice(
                    "\n".join(f"[{each.refer}] {each.title} {each.link}" for each in results), CYAN
                )
            case Finished(reason=reason) if reason in ENDINGS:
                self._screen.notice(f"\n{ENDINGS[reason]}", YELLOW, end="")
            case _:
                pass

    def end(self) -> None:
        """Finish the line."""
        self._stop_thinking()
        self._screen.say(self._rest(), end="\n" if self.text and not self.text.endswith("\n") else "")

    def _stop_thinking(self) -> None:
        if self._thinking:
            self._screen.notice(self._rest(), DIM, end="\n\n")
        self._thinking = False

    def _wrapped(self, text: str) -> str:
        return text if self._wrapper is None else self._wrapper.feed(text)

    def _rest(self) -> str:
        return "" if self._wrapper is None else self._wrapper.end()
