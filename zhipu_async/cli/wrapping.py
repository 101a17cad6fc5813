"""Breaking lines between words while text arrives in pieces. No I/O here."""

from __future__ import annotations

from unicodedata import east_asian_width

FENCE = "```"
HANGING = frozenset("，。、；：？！）》」』”’…")
"""What must not begin a line; the margin has room for one."""
MARGIN = 2


class Wrapper:
    """Holds a word back until it is whole, and puts it where it fits. Code stays as it is."""

    def __init__(self, columns: int) -> None:
        self._width: int = max(columns - MARGIN, 1)
        self._begin()

    def _begin(self) -> None:
        self._column, self._spaces, self._word, self._head, self._in_code = 0, 0, "", "", False

    def feed(self, text: str) -> str:
        """Return what can be written now."""
        return "".join(map(self._take, text))

    def end(self) -> str:
        """Return what was held back, and begin anew."""
        rest = self._place()
        self._begin()
        return rest

    def _take(self, character: str) -> str:
        if character == "\n":
            return self._end_line()
        if character == " ":
            placed = self._place()
            self._spaces += 1
            return placed
        if east_asian_width(character) not in "WF":
            self._word += character
            return ""
        placed = self._place()
        self._word = character
        return placed + self._place()

    def _end_line(self) -> str:
        placed = self._place()
        if self._head.startswith(FENCE):
            self._in_code = not self._in_code
        self._column, self._spaces, self._head = 0, 0, ""
        return placed + "\n"

    def _place(self) -> str:
        if not self._word:
            return ""
        word, before = self._word, " " * self._spaces
        self._word, self._spaces = "", 0
        self._head = (self._head + before + word)[: len(FENCE)]
        width = sum(2 if east_asian_width(character) in "WF" else 1 for character in word)
        if self._fits(word, len(before) + width):
            self._column += len(before) + width
            return before + word
        self._column = width
        return "\n" + word

    def _fits(self, word: str, width: int) -> bool:
        if self._in_code or not self._column or word in HANGING:
            return True
        return self._column + width <= self._width
