"""Characters beyond U+FFFF that a server cut into two halves, one per event. No I/O here."""

from __future__ import annotations

from typing import TypeVar

from zhipu_async.protocol.decoding import is_array, is_object

T = TypeVar("T")


class Halves:
    """Keeps the first half of a cut character until the second one comes.

    A server that escapes its JSON and cuts text by UTF-16 units sends "\\ud83d" in one event and "\\ude00" in the
    next. Python would keep them as two characters that cannot be printed.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], str] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def forget(self) -> None:
        """Drop what is kept: something else has come in between."""
        self._kept.clear()

    def heal(self, index: object, delta: dict[str, object]) -> None:
        """Put together what is cut in the texts of a choice's delta, in place."""
        self._heal_member((index, "content"), delta, "content")
        self._heal_member((index, "reasoning"), delta, "reasoning_content")
        calls = delta.get("tool_calls")
        for call in calls if is_array(calls) else ():
            function = call.get("function") if is_object(call) else None
            if is_object(call) and is_object(function):
                self._heal_member((index, "call", call.get("index")), function, "arguments")

    def _heal_member(self, place: tuple[object, ...], holder: dict[str, object], name: str) -> None:
        text = holder.get(name)
        if isinstance(text, str) and text:
            holder[name] = self._healed(place, text)

    def _healed(self, place: tuple[object, ...], text: str) -> str:
        text = self._kept.pop(place, "") + text
        if "\ud800" <= text[-1] <= "\udbff":
            self._kept[place] = text[-1]
            text = text[:-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
