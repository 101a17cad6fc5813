"""Our own copy of the conversation, so that a new connection can be told what was said. No I/O here.

The platform keeps the history inside the one socket; when that is gone, so is the history. What we can tell
again is less than what was said: of speech only the transcript, of an interrupted answer only its beginning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from zhipu_async.types.realtime_client import InputItem, function_call, function_result, text_item

ROUNDS = 20  # the platform's own estimate of what an audio call remembers
TOKENS = 6_000  # of 8K context, with room for the instructions and the answer
KEPT_ENTRIES = 200  # 20 rounds with several function calls each; older ones would never be told again
RETIRED_IDS = 1_000  # ids to recognise as gone; a longer memory helps nobody
INTERRUPTED = "…"  # marks an answer that was cut off


class Entry(msgspec.Struct, eq=False):
    """One thing that was said, asked or computed."""

    item: InputItem | None  # None: speech whose transcript never came
    role: str = ""
    item_id: str = ""

    @property
    def tokens(self) -> int:
        """Estimate its size: a token is about four bytes, in English and in Chinese alike."""
        if self.item is None:
            return 0
        parts = [part.text for part in self.item.content or ()]
        parts += [self.item.arguments or "", self.item.output or ""]
        return sum(len(part.encode()) // 4 + 1 for part in parts if part)


class History(msgspec.Struct):
    """What was said in this conversation, oldest first, and which item ids are gone."""

    entries: deque[Entry] = msgspec.field(default_factory=lambda: deque[Entry](maxlen=KEPT_ENTRIES))
    retired: deque[str] = msgspec.field(default_factory=lambda: deque[str](maxlen=RETIRED_IDS))

    def add_text(self, item: InputItem) -> Entry:
        """Note a message or a function result that we send."""
        return self._add(Entry(item, item.role or ""))

    def add_speech(self, item_id: str) -> None:
        """Note a spoken turn; its words come later, or never."""
        if not any(entry.item_id == item_id for entry in self.entries if item_id):
            self._add(Entry(None, "user", item_id))

    def add_transcript(self, item_id: str, words: str) -> None:
        """Put the words to a spoken turn; ids may differ, then the oldest without words gets them."""
        waiting = [entry for entry in self.entries if entry.item is None]
        exact = [entry for entry in waiting if entry.item_id == item_id]
        for entry in (exact or waiting)[:1]:
            entry.item = text_item(words) if words.strip() else None
            entry.item_id = item_id

    def add_answer(self, words: str, *, interrupted: bool) -> None:
        """Note what the model said."""
        if words:
            self._add(Entry(text_item(words + INTERRUPTED * interrupted, "assistant"), "assistant"))

    def add_call(self, name: str, arguments: str, call_id: str) -> None:
        """Note a function call; its result follows by itself."""
        self._add(Entry(function_call(name, arguments, call_id)))

    def add_result(self, output: str, call_id: str) -> Entry:
        """Note the result of a function call."""
        return self._add(Entry(function_result(output, call_id)))

    def keep(self, entries: Iterable[Entry]) -> None:
        """Take back into it what is told again."""
        self.entries.extend(entry for entry in entries if entry not in self.entries)

    def forget(self, entry: Entry) -> None:
        """Take back what the platform refused."""
        if entry in self.entries:
            self.entries.remove(entry)

    def delete(self, item_id: str) -> None:
        """Take out an item that the platform deleted."""
        for entry in [entry for entry in self.entries if entry.item_id == item_id]:
            self.entries.remove(entry)
        self.retired.append(item_id)

    def drop(self) -> int:
        """Empty it: the platform forgot. Return how many things are gone."""
        gone = len(self.entries)
        self.retire()
        self.entries.clear()
        return gone

    def retire(self) -> None:
        """Make every item id unknown: another conversation begins."""
        for entry in self.entries:
            if entry.item_id:
                self.retired.append(entry.item_id)
                entry.item_id = ""

    def to_tell(self) -> tuple[list[Entry], int]:
        """Choose what to tell a new connection, oldest first, and count what is lost."""
        chosen: list[Entry] = []
        rounds = tokens = 0
        for entry in reversed(self.entries):
            rounds += entry.role == "user"
            tokens += entry.tokens
            if rounds > ROUNDS or tokens > TOKENS:
                break
            if entry.item is not None:
                chosen.append(entry)
        chosen.reverse()
        while chosen and chosen[0].item is not None and chosen[0].item.type == "function_call_output":
            del chosen[0]  # a result whose call was cut off means nothing
        return chosen, len(self.entries) - len(chosen)

    def _add(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        return entry
