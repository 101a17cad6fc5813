"""A conversation: what was said, with which settings, and how it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zhipu_async import parts

if TYPE_CHECKING:
    from zhipu_async import ChatParams

SPEAKERS = {"system": "System", "user": "You", "assistant": "Model"}


@dataclass(slots=True)
class Talk:
    """What was said so far; what is told beforehand stays apart, so that it can be changed."""

    model: str
    system: str = ""
    max_tokens: int | None = None
    thinking: bool | None = None
    said: list[Mapping[str, object]] = field(default_factory=list[Mapping[str, object]])

    @property
    def messages(self) -> list[Mapping[str, object]]:
        """Return all of it, as it is sent."""
        beforehand = [{"role": "system", "content": self.system}] if self.system else []
        return [*beforehand, *self.said]

    @property
    def params(self) -> ChatParams:
        """Return what is sent beside the messages."""
        params: ChatParams = {"max_tokens": self.max_tokens}
        if self.thinking is not None:
            params["thinking"] = {"type": "enabled" if self.thinking else "disabled"}
        return params

    def ask(self, question: str, images: Sequence[str] = ()) -> None:
        """Say something, and show pictures with it."""
        shown = [parts.image(image) for image in images]
        content = [*shown, parts.text(question)] if shown else question
        self.said.append({"role": "user", "content": content})

    def answered(self, text: str) -> None:
        """Keep an answer, also a part of one; a question that got none is taken back."""
        if text:
            self.said.append({"role": "assistant", "content": text})
        elif self.said:
            self.said.pop()

    def save(self, path: Path) -> None:
        """Write it down: Markdown to read, or the messages as JSON for a `.json` file."""
        text = json.dumps(self.messages, ensure_ascii=False, indent=2, default=repr) + "\n"
        if path.suffix.lower() != ".json":
            text = "\n".join(_as_markdown(message) for message in self.messages)
        path.write_text(text, encoding="utf-8")


def _as_markdown(message: Mapping[str, object]) -> str:
    speaker = SPEAKERS[str(message["role"])]
    content = message["content"]
    text = content if isinstance(content, str) else "(with a picture)"
    return f"**{speaker}**\n\n{text}\n"
