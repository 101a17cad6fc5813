"""The conversation of one session: its items, and what of them is still to be answered. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .realtime_answer import Turn
from .realtime_events import Event, Invalid, Mint, is_list, is_object, without_nulls

if TYPE_CHECKING:
    from .realtime_input import Utterance

Item = dict[str, object]
ITEM_TYPES = ("message", "function_call", "function_call_output")
ROLES = ("user", "assistant", "system")
MAX_ITEMS = 200  # 20 rounds fit the model's context; ten times that bounds the memory of a session


class History:
    """Items in order. The first one of a conversation is announced with `conversation.created`."""

    def __init__(self, mint: Mint) -> None:
        self.items: list[Item] = []
        self._mint = mint
        self._audio_ms: dict[object, float] = {}
        self._announced = False

    def create(self, item: Item) -> list[Event]:
        """Add what `conversation.item.create` brings."""
        kept = checked(item)
        if not kept.get("id"):
            kept["id"] = self._mint.id("item")
        if any(known["id"] == kept["id"] for known in self.items):
            raise Invalid("An item with this id exists already.")
        return self._add(kept)

    def hear(self, utterance: Utterance, transcript: str | None) -> tuple[Item, list[Event]]:
        """Add a spoken turn; its event does not carry the transcript, a retrieved item does."""
        item: Item = {"id": self._mint.id("item"), "object": "realtime.item", "type": "message"}
        kind = "input_audio" if utterance.milliseconds else "input_video"
        events = self._add({**item, "role": "user", "status": "completed", "content": [{"type": kind}]})
        self.items[-1]["content"] = [{"type": kind, "transcript": transcript or ""}]
        self._audio_ms[item["id"]] = utterance.milliseconds
        return item, events

    def remember(self, items: list[Item]) -> None:
        self.items += items
        self._forget()

    def drop(self) -> None:
        self.items.clear()
        self._audio_ms.clear()
        self._announced = False

    def find(self, item_id: str) -> Item:
        for item in self.items:
            if item["id"] == item_id:
                return item
        raise Invalid("There is no item with this id.")

    def delete(self, item_id: str) -> str:
        self.items.remove(self.find(item_id))
        self._audio_ms.pop(item_id, None)
        return item_id

    def turn(self, tools: tuple[dict[str, object], ...], video_frames: int) -> Turn:
        """What waits for an answer: the function results at the end, else what the user said last."""
        results = self._results()
        said = next((item for item in reversed(self.items) if item.get("role") == "user"), None)
        return Turn(
            text=words(said) if said else "",
            spoken=said is not None and said["id"] in self._audio_ms,
            tools=tools,
            results=results,
            video_frames=video_frames,
        )

    def text(self) -> str:
        return "".join(words(item) for item in self.items)

    def audio_seconds(self) -> float:
        return sum(self._audio_ms.values()) / 1000

    def _results(self) -> tuple[str, ...]:
        outputs: list[str] = []
        for item in reversed(self.items):
            if item["type"] != "function_call_output":
                break
            outputs.append(str(item["output"]))
        return tuple(reversed(outputs))

    def _add(self, item: Item) -> list[Event]:
        self.items.append(item)
        self._forget()
        created = self._mint.event("conversation.item.created", item=dict(item))
        if self._announced:
            return [created]
        self._announced = True
        conversation = {"id": self._mint.id("conv"), "object": "realtime.conversation"}
        return [self._mint.event("conversation.created", conversation=conversation), created]

    def _forget(self) -> None:
        for item in self.items[:-MAX_ITEMS]:
            self._audio_ms.pop(item["id"], None)
        del self.items[:-MAX_ITEMS]


def checked(item: Item) -> Item:
    """Refuse what the platform refuses: unknown kinds, blank texts, empty function items."""
    kind = item.get("type")
    if kind not in ITEM_TYPES:
        raise Invalid("item.type must be message, function_call or function_call_output.")
    kept: Item = {"object": "realtime.item", "status": "completed", **without_nulls(item)}
    if kind == "message":
        _check_message(kept)
    elif kind == "function_call":
        _check_text(kept, "name")
    else:
        _check_text(kept, "output")
    return kept


def words(item: Item) -> str:
    """All that an item says, in whatever field it says it."""
    content = item.get("content")
    parts = [part for part in content if is_object(part)] if is_list(content) else []
    said = [part.get("text") or part.get("transcript") for part in parts]
    return "".join(str(word) for word in [*said, item.get("output"), item.get("arguments")] if word)


def _check_message(item: Item) -> None:
    if item.get("role") not in ROLES:
        raise Invalid("item.role must be user, assistant or system.")
    content = item.get("content")
    if not is_list(content) or not content:
        raise Invalid("item.content must be a list with at least one part.")
    for part in content:
        _check_part(part)


def _check_part(part: object) -> None:
    if not is_object(part):
        raise Invalid("Each content part must be an object.")
    if part.get("type") == "input_audio" and part.get("audio"):
        return
    _check_text(part, "text")


def _check_text(holder: Item, name: str) -> None:
    value = holder.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"'{name}' must be a text that is not blank.")
