"""What the user can type in a conversation beside questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhipu_async.cli.screen import DIM, RED, Screen
from zhipu_async.cli.talk import Talk


@dataclass(frozen=True, slots=True)
class Order:
    """One word after a slash."""

    takes: str
    means: str
    do: Callable[[str], None]


class Orders:
    """Carries out `/model glm-5` and the like."""

    def __init__(self, talk: Talk, screen: Screen) -> None:
        self.leaving: bool = False
        self._talk = talk
        self._screen = screen
        self._known = {
            "model": Order("[NAME]", "show the model, or go on with another", self._model),
            "system": Order(
                "[TEXT]", "show or set what the model is told beforehand; `-` takes it away", self._system
            ),
            "thinking": Order("on|off", "let the model think first, or not", self._thinking),
            "history": Order("", "show what was said", self._history),
            "undo": Order("", "take the last question and its answer back", self._undo),
            "new": Order("", "forget what was said", self._new),
            "save": Order("FILE", "write the conversation to FILE: Markdown, or JSON for .json", self._save),
            "help": Order("", "show this", self._help),
            "quit": Order("", "leave; so does Ctrl-D", self._quit),
        }

    def obey(self, line: str) -> bool:
        """Carry out an order; a line that is none is left alone."""
        if not line.startswith("/"):
            return False
        name, _, rest = line[1:].partition(" ")
        order = self._known.get(name)
        if order is None:
            self._screen.notice(f"There is no /{name}; /help shows what there is.", RED)
        else:
            order.do(rest.strip())
        return True

    def _model(self, name: str) -> None:
        self._talk.model = name or self._talk.model
        self._screen.notice(f"model: {self._talk.model}", DIM)

    def _system(self, text: str) -> None:
        if text:
            self._talk.system = "" if text == "-" else text
        self._screen.notice(f"system: {self._talk.system or '(nothing)'}", DIM)

    def _thinking(self, word: str) -> None:
        if word in ("on", "off"):
            self._talk.thinking = word == "on"
        known = {True: "on", False: "off", None: "as the model likes"}
        self._screen.notice(f"thinking: {known[self._talk.thinking]}", DIM)

    def _history(self, _: str) -> None:
        for message in self._talk.messages:
            content = message["content"]
            text = content if isinstance(content, str) else "(with a picture)"
            self._screen.notice(f"{message['role']}: {text}", DIM)

    def _undo(self, _: str) -> None:
        del self._talk.said[-2:]
        self._screen.notice(f"{len(self._talk.said)} messages are left.", DIM)

    def _new(self, _: str) -> None:
        self._talk.said.clear()
        self._screen.notice("Forgotten.", DIM)

    def _save(self, name: str) -> None:
        if not name:
            self._screen.notice("/save needs the name of a file.", RED)
            return
        try:
            self._talk.save(Path(name).expanduser())
        except OSError as error:
            self._screen.notice(f"{name}: {error.strerror}", RED)
        else:
            self._screen.notice(f"{len(self._talk.messages)} messages are in {name}.", DIM)

    def _help(self, _: str) -> None:
        for name, order in self._known.items():
            self._screen.notice(f"  /{f'{name} {order.takes}':17} {order.means}", DIM)

    def _quit(self, _: str) -> None:
        self.leaving = True
