"""Knowledge bases: created, edited, listed, counted. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass

from ..fields import an_object, choice, integer, text
from ..keeping import Kept
from ..operation import Answer, Ask, Operation
from ..paging import numbered
from ..refusals import illegal
from ..shapes import Body, integer_of
from . import documents
from .enveloped import enveloped

EMBEDDINGS = {3: "Embedding-2", 11: "Embedding-3", 12: "Embedding-3-pro"}
BACKGROUNDS = ("blue", "red", "orange", "purple", "sky", "green", "yellow")
ICONS = ("question", "book", "seal", "wrench", "tag", "horn", "house")
TOTAL_WORDS, TOTAL_BYTES = 100_000_000, 2**30
"""What an account may store for nothing."""
NO_SUCH_BASE = "100013"
OPEN = "/llm-application/open"


@dataclass
class Base:
    """One knowledge base."""

    id: str
    settings: Body

    @property
    def is_contextual(self) -> bool:
        return integer_of(self.settings, "contextual") == 1

    def shown(self, ask: Ask) -> Body:
        own = documents.of_base(ask, self.id)
        return {
            "id": self.id,
            "contextual": 0,
            "description": "",
            "background": BACKGROUNDS[0],
            "icon": ICONS[0],
            **self.settings,
            "document_size": len(own),
            "length": sum(document.length for document in own),
            "word_num": sum(document.word_num for document in own),
        }


def find(ask: Ask, base_id: str) -> Base:
    return Kept(Base, ask).find(base_id, "knowledge base", code=NO_SUCH_BASE)


def checked_settings(ask: Ask) -> Body:
    """Take the settings of the request, or refuse those that do not fit together."""
    settings = {name: value for name, value in ask.body.items() if name in SETTINGS}
    model = settings.pop("embedding_model", None)
    if "embedding_id" in settings:
        embedding = integer_of(settings, "embedding_id")
        if embedding not in EMBEDDINGS:
            raise illegal("embedding_id", f"one of {sorted(EMBEDDINGS)} expected")
        if model and model != EMBEDDINGS[embedding]:
            raise illegal("embedding_model", f"{EMBEDDINGS[embedding]} belongs to this embedding_id")
    return settings


def create(ask: Ask) -> Answer:
    base_id = ask.platform.new_task_id()
    Kept(Base, ask).add(base_id, Base(base_id, checked_settings(ask)))
    return enveloped(ask, {"id": base_id})


def list_bases(ask: Ask) -> Answer:
    bases = [base.shown(ask) for base in reversed(Kept(Base, ask).all())]
    return enveloped(ask, numbered(bases, ask))


def show(ask: Ask) -> Answer:
    return enveloped(ask, find(ask, ask.params["id"]).shown(ask))


def edit(ask: Ask) -> Answer:
    """Change what is given; with another embedding model every document is vectorised again."""
    base, changed = find(ask, ask.params["id"]), checked_settings(ask)
    if base.is_contextual and changed.get("contextual") == 0:
        raise illegal("contextual", "it cannot be switched off again")
    rebuild = changed.get("embedding_id", base.settings["embedding_id"]) != base.settings["embedding_id"]
    base.settings.update(changed)
    for document in documents.of_base(ask, base.id) if rebuild else ():
        document.vectorise(ask)
    return enveloped(ask)


def delete(ask: Ask) -> Answer:
    base = find(ask, ask.params["id"])
    for document in documents.of_base(ask, base.id):
        Kept(documents.Document, ask).remove(document.id)
    Kept(Base, ask).remove(base.id)
    return enveloped(ask)


def capacity(ask: Ask) -> Answer:
    every = Kept(documents.Document, ask).all()
    used = {
        "word_num": sum(document.word_num for document in every),
        "length": sum(document.length for document in every),
    }
    return enveloped(ask, {"used": used, "total": {"word_num": TOTAL_WORDS, "length": TOTAL_BYTES}})


SETTINGS = {
    "embedding_id": integer(),
    "embedding_model": choice(*EMBEDDINGS.values()),
    "name": text(1),
    "description": text(),
    "contextual": integer(0, 1),
    "background": choice(*BACKGROUNDS),
    "icon": choice(*ICONS),
}
CREATE = {**SETTINGS, "embedding_id": integer().needed, "name": text(1).needed}
EDIT = {**SETTINGS, "callback_url": text(), "callback_header": an_object()}

OPERATIONS = (
    Operation("POST", f"{OPEN}/knowledge", create, CREATE, family="knowledge"),
    Operation("GET", f"{OPEN}/knowledge", list_bases, body="none", family="knowledge"),
    Operation("GET", f"{OPEN}/knowledge/capacity", capacity, body="none", family="knowledge"),
    Operation("GET", f"{OPEN}/knowledge/{{id}}", show, body="none", family="knowledge"),
    Operation("PUT", f"{OPEN}/knowledge/{{id}}", edit, EDIT, family="knowledge"),
    Operation("DELETE", f"{OPEN}/knowledge/{{id}}", delete, body="none", family="knowledge"),
)
