"""The slides agent: a stream of thoughts, tools and pages, and the export of what came out. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..keeping import Kept
from ..operation import sse
from ..saying import say_in_pieces, usage
from ..shapes import Body, flag_of, number_of, objects_of, text_of
from . import made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..operation import Ask

PAGES_A_TURN = 3
CENTIMETRES_TO_PIXELS = 40
PAGE_SIZE = (1280, 720)


@dataclass
class Deck:
    """The slides of one conversation."""

    id: str
    wishes: list[str] = field(default_factory=list[str])

    @property
    def pages(self) -> int:
        return PAGES_A_TURN * len(self.wishes)


def deck_of(ask: Ask) -> Deck:
    """Give the deck of the conversation that goes on, or begin one."""
    wanted, decks = text_of(ask.body, "conversation_id"), Kept(Deck, ask)
    if wanted:
        return decks.find(wanted, "conversation")
    deck_id = ask.platform.new_id("conversation-")
    return decks.add(deck_id, Deck(deck_id))


def events(ask: Ask, wish: str) -> Iterator[bytes]:
    """Thoughts, a search, the new pages, an answer; every event counts up."""
    deck = deck_of(ask)  # a conversation that does not exist is refused before the stream begins
    deck.wishes.append(wish)
    return frames(ask, deck, wish)


def frames(ask: Ask, deck: Deck, wish: str) -> Iterator[bytes]:
    head: Body = {"id": ask.request_id, "agent_id": "slides_glm_agent", "conversation_id": deck.id}
    messages = [thought("先想一想结构。"), tool("search", wish, "10 results", [])]
    for page in range(deck.pages - PAGES_A_TURN + 1, deck.pages + 1):
        html = f"<html><body><h1>{wish}</h1><p>{page}</p></body></html>"
        messages.append(tool("insert_page", f"page {page}", html, [page]))
    answer = say_in_pieces(ask, f"幻灯片完成了，共{deck.pages}页。")
    messages += [text("assistant", "answer", piece) for piece in answer]
    for index, message in enumerate(messages):
        yield sse({**head, "choices": [{"index": index, "messages": [message]}]})
    last = {"index": len(messages), "finish_reason": "stop", "messages": list[object]()}
    yield sse({**head, "choices": [last], "usage": usage(wish, "".join(answer))})
    yield sse("[DONE]")


def thought(said: str) -> Body:
    return text("assistant", "thinking", said)


def text(role: str, phase: str, said: str) -> Body:
    part = {"type": "text", "tag_cn": "文本", "tag_en": "text", "text": said}
    return {"role": role, "phase": phase, "content": [part]}


def tool(name: str, given: str, output: str, position: list[int]) -> Body:
    call = {"tool_name": name, "input": given, "output": output, "position": position, "title": given}
    part = {"type": "object", "tag_cn": "工具", "tag_en": "tool", "object": call}
    return {"role": "tool", "phase": "tool", "content": [part]}


def export(ask: Ask, wishes: Body) -> list[Body]:
    """The wanted pages as pictures, and the files that were asked for."""
    deck = Kept(Deck, ask).find(text_of(ask.body, "conversation_id"), "conversation")
    contents = [file(ask, deck, "PPT")]
    contents += [file(ask, deck, "PDF")] if flag_of(wishes, "include_pdf") else []
    contents += [file(ask, deck, "HTML")] if flag_of(wishes, "include_html") else []
    for page in objects_of(wishes, "pages"):
        width, height = size_of(page)
        url = made.to_picture(ask, width, height, deck.id, page.get("position"))
        contents.append({"type": "image_url", "tag_cn": "页面", "tag_en": "page", "image_url": url})
    return contents


def size_of(page: Body) -> tuple[int, int]:
    """The size in pixels of a page given in centimetres, within what a picture may have."""
    sides = [number_of(page, name) * CENTIMETRES_TO_PIXELS for name in ("width", "height")]
    width, height = (
        int(side) if 16 <= side <= 4096 else usual for side, usual in zip(sides, PAGE_SIZE, strict=True)
    )
    return width, height


def file(ask: Ask, deck: Deck, kind: str) -> Body:
    url = made.to_paper(ask, max(deck.pages, 1), deck.id, kind)
    return {"type": "file_url", "tag_cn": kind, "tag_en": kind, "file_url": url}
