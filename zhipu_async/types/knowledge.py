"""Knowledge bases: what they are, what they hold, what is found in them."""

from __future__ import annotations

from typing import ClassVar, Literal, NotRequired, TypedDict

import msgspec

from zhipu_async.types.base import Part, Reply


class EmbeddingModel:
    """Values of `embedding_id`: what turns the documents into vectors; the set is open."""

    EMBEDDING_2: ClassVar = 3
    EMBEDDING_3: ClassVar = 11
    EMBEDDING_3_PRO: ClassVar = 12


class KnowledgeBase(Reply):
    """A knowledge base; its id is a text of digits too long for a number in JavaScript or a float."""

    id: str = ""
    embedding_id: int = 0
    embedding_model: str = ""
    name: str = ""
    description: str = ""
    contextual: int = 0
    background: str = ""
    icon: str = ""
    document_size: int = 0
    """How many documents it holds."""
    length: int = 0
    word_num: int = 0


class KnowledgeBaseList(Reply):
    """One page of knowledge bases."""

    data: list[KnowledgeBase] = msgspec.field(default_factory=list[KnowledgeBase], name="list")
    total: int = 0
    """How many there are on all pages."""


class KnowledgeBaseId(Reply):
    """What creating a knowledge base answers."""

    id: str = ""


class Accepted(Reply):
    """What edits and deletions answer."""

    code: int = 0
    message: str = ""
    timestamp: int = 0


class Volume(Part):
    """An amount of text."""

    word_num: int = 0
    length: int = 0
    """In bytes."""


class Capacity(Reply):
    """How much of the account's space for knowledge is used."""

    used: Volume = msgspec.field(default_factory=Volume)
    total: Volume = msgspec.field(default_factory=Volume)


# ── what is found in text ──────────────────────────────────────────────────────────────────────────


class SliceOrigin(Part):
    """Where a slice comes from."""

    id: str = msgspec.field(default="", name="_id")
    knowledge_id: str = ""
    doc_id: str = ""
    doc_name: str = ""
    doc_url: str = ""
    contextual_text: str = ""


class Slice(Part):
    """A piece of a document that fits the query, the better the higher its score."""

    text: str = ""
    score: float = 0.0
    metadata: SliceOrigin = msgspec.field(default_factory=SliceOrigin)


class Retrieval(Reply):
    """The pieces of documents that fit a query."""

    data: list[Slice] = []


# ── what is found in text, pictures, sound and video ───────────────────────────────────────────────


class Link(Part):
    """Where something lies."""

    url: str = ""


class Media(Part):
    """A picture, recording or clip of a slice."""

    id: str = ""
    url: str = ""
    description: str = ""


class MediaOrigin(Part):
    """Where in which document a slice stands; times are those of a recording or clip."""

    doc_type: str = ""
    doc_name: str = ""
    doc_url: str = ""
    index: int = 0
    page_index: int = 0
    clip_index: int = 0
    start_time: int = 0
    end_time: int = 0
    duration: int = 0
    frames: list[str] = []


class MediaSlice(Part):
    """A piece of a document that fits the query."""

    id: str = ""
    know_id: str = ""
    doc_id: str = ""
    text: str = ""
    medias: list[Media] = []
    image_url: Link = msgspec.field(default_factory=Link)
    video_url: Link = msgspec.field(default_factory=Link)
    index: int = 0
    rerank_index: int = 0
    score: float = 0.0
    rerank_score: float = 0.0
    metadata: MediaOrigin = msgspec.field(default_factory=MediaOrigin)


class RewrittenQuery(Part):
    """What was searched for in the end."""

    original_query: str = ""
    multi_queries: list[str] = []


class MultimodalRetrieval(Reply):
    """The pieces of documents that fit a query."""

    contents: list[MediaSlice] = []
    rewritten_query: RewrittenQuery = msgspec.field(default_factory=RewrittenQuery)
    elapsed_ms: int = 0
    total_tokens: int = 0
    request_id: str = ""


# ── what is sent ───────────────────────────────────────────────────────────────────────────────────


class SearchedBase(TypedDict):
    """A knowledge base to search, or only some documents of it."""

    id: str
    doc_ids: NotRequired[list[str]]


class SearchedImage(TypedDict):
    """A picture to search with."""

    type: Literal["image_url"]
    url: str


class SearchTurn(TypedDict):
    """A turn of the conversation, for a query that is to be rewritten."""

    role: Literal["user", "assistant"]
    content: str


class IndexType(TypedDict):
    """Which index of a knowledge base to search."""

    know_id: str
    index_type_id: int


class TagFilter(TypedDict):
    """What a tag must say. `filter_type`: 1 at least, 2 at most, 3 contains, 4 does not contain."""

    tag_id: str
    value_type: Literal["fixed", "ref"]
    filter_type: int
    filter_value: str
    multiple_value: list[str]


class AnswerIntervention(TypedDict):
    """Prepared answers that go before what is found."""

    qa_similarity_threshold: float
    qa_intervention_ids: list[str]


class SearchFilters(TypedDict, total=False):
    """What is searched at all."""

    index_types: list[IndexType]
    tags: list[TagFilter]
    qa_intervention: AnswerIntervention
