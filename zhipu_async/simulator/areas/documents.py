"""The documents of a knowledge base: uploaded, cut into slices, vectorised. No I/O here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..keeping import Kept
from ..papers import suffix
from ..refusals import illegal
from ..shapes import Body, integer_of, is_array, is_object, text_of, texts_of
from . import made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..operation import Ask
    from ..tasks import Life

WRITTEN = ("txt", "doc", "pdf", "url", "docx", "ppt", "pptx", "md")
TABLES = ("xls", "xlsx", "csv")
TYPES: Mapping[int, tuple[str, ...]] = {
    1: WRITTEN,
    2: WRITTEN,
    3: TABLES,
    5: WRITTEN,
    6: ("pdf", "ppt", "pptx"),
    7: TABLES,
}
"""Which files may be cut in which way; 4 is not used any more."""
BY_TITLE, BY_ROW, CUSTOM = 1, 3, 5
SENTENCE_SIZES = (20, 2000)
USUAL_SENTENCE_SIZE = 300
PENDING, VECTORISED, FAILED = 0, 1, 2
UNAVAILABLE, TOO_MANY_WORDS = 10001, 10002
SECONDS_TO_VECTORISE = 10
ILLUSTRATED = ("pdf", "docx", "doc", "ppt", "pptx")


@dataclass
class Slicing:
    """How a document is cut, and how much of it may be there."""

    knowledge_type: int
    separators: list[str]
    sentence_size: int
    words_allowed: int | None = None

    def cut(self, text: str) -> list[str]:
        """Cut at the separators, then at the size."""
        separators = self.separators if self.knowledge_type == CUSTOM else ["\n"]
        for separator in separators:
            text = text.replace(separator, "\0") if separator else text
        size = self.sentence_size
        parts = [part.strip() for part in text.split("\0")]
        return [part[at : at + size] for part in parts if part for at in range(0, len(part), size)]


@dataclass
class Document:
    """One document; it is vectorised when somebody looks often or late enough."""

    id: str
    base_id: str
    name: str
    url: str
    text: str = field(repr=False)
    length: int
    slicing: Slicing
    life: Life
    stat: int = PENDING

    @property
    def word_num(self) -> int:
        return len(self.text)

    @property
    def has_too_many_words(self) -> bool:
        return self.slicing.words_allowed is not None and self.word_num > self.slicing.words_allowed

    def look(self) -> int:
        """Say how the vectors stand."""
        if self.stat == PENDING:
            ends = {"running": PENDING, "done": VECTORISED, "failed": FAILED}
            self.stat = ends[self.life.look()]
            if self.stat == VECTORISED and self.has_too_many_words:
                self.stat = FAILED
        return self.stat

    def vectorise(self, ask: Ask) -> None:
        """Begin again."""
        self.stat, self.life = (
            PENDING,
            ask.platform.life(SECONDS_TO_VECTORISE, ask.script.fault if ask.script else None),
        )

    def slices(self) -> list[str]:
        return self.slicing.cut(self.text)

    def shown(self) -> Body:
        body: Body = {
            "id": self.id,
            "knowledge_type": self.slicing.knowledge_type,
            "custom_separator": self.slicing.separators,
            "sentence_size": self.slicing.sentence_size,
            "length": self.length,
            "word_num": self.word_num,
            "name": self.name,
            "url": self.url,
            "embedding_stat": self.look(),
        }
        return {**body, "failInfo": self.why_it_failed()} if self.stat == FAILED else body

    def why_it_failed(self) -> Body:
        if self.has_too_many_words:
            return {"embedding_code": TOO_MANY_WORDS, "embedding_msg": "The document has too many words"}
        return {"embedding_code": UNAVAILABLE, "embedding_msg": "The knowledge base is not available"}


def life_of(ask: Ask) -> Life:
    return ask.platform.life(SECONDS_TO_VECTORISE, ask.script.fault if ask.script else None)


def of_base(ask: Ask, base_id: str) -> list[Document]:
    return [document for document in Kept(Document, ask).all() if document.base_id == base_id]


def find(ask: Ask, document_id: str) -> Document:
    return Kept(Document, ask).find(document_id, "document")


def read_slicing(settings: Body, kind: str, *, otherwise: int | None = None) -> Slicing:
    """Read how to cut a document of this kind, from JSON or from the texts of a form."""
    usual = BY_ROW if kind in TABLES else BY_TITLE
    knowledge_type = whole_number(settings, "knowledge_type", otherwise or usual)
    if knowledge_type not in TYPES:
        raise illegal("knowledge_type", f"one of {sorted(TYPES)} expected")
    size = whole_number(settings, "sentence_size", USUAL_SENTENCE_SIZE)
    if not SENTENCE_SIZES[0] <= size <= SENTENCE_SIZES[1]:
        raise illegal("sentence_size", f"{SENTENCE_SIZES[0]} to {SENTENCE_SIZES[1]} expected")
    return Slicing(knowledge_type, separators_of(settings), size, words_allowed(settings))


def whole_number(settings: Body, name: str, otherwise: int) -> int:
    written = text_of(settings, name)
    return int(written) if written.isdigit() else integer_of(settings, name, otherwise)


def words_allowed(settings: Body) -> int | None:
    written = settings.get("word_num_limit")
    if written is None:
        return None
    if not isinstance(written, str) or not written.isdigit():
        raise illegal("word_num_limit", "digits expected")
    return int(written)


def separators_of(settings: Body) -> list[str]:
    """A form has one part, repeated parts, or a JSON list in one part."""
    given = settings.get("custom_separator")
    if isinstance(given, str) and given.startswith("["):
        try:
            given = json.loads(given)
        except ValueError:
            raise illegal("custom_separator", "a list of texts expected") from None
    if isinstance(given, str):
        return [given]
    return texts_of({"given": given}, "given") if is_array(given) else ["\n"]


def add(
    ask: Ask, base_id: str, name: str, content: bytes, text: str, slicing: Slicing, url: str = ""
) -> Document:
    """Store a document and begin to vectorise it."""
    document_id = ask.platform.new_task_id()
    link = url or made.to_content(ask, content, "application/octet-stream", suffix(name) or "bin")
    document = Document(document_id, base_id, name, link, text, len(content), slicing, life_of(ask))
    return Kept(Document, ask).add(document_id, document)


def images_of(ask: Ask, document: Document) -> list[Body]:
    """One picture in everything that is not plain text."""
    if suffix(document.name) not in ILLUSTRATED:
        return []
    return [{"text": "[fig_1]", "cos_url": made.to_picture(ask, 640, 480, document.id)}]


def is_header(value: object) -> bool:
    """Whether callback_header is an object, or JSON text of one as forms have it."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return False
    return value is None or is_object(value)
