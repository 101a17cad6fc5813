"""Searches of the web: what was meant and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from zhipu_async.types.base import Part, Reply


class SearchEngine:
    """Who searches; the set is open, so the parameter is a plain string."""

    STD: ClassVar = "search_std"
    PRO: ClassVar = "search_pro"
    SOGOU: ClassVar = "search_pro_sogou"
    QUARK: ClassVar = "search_pro_quark"


class Intent:
    """Whether a search is wanted at all; the set is open, so the field is a plain string."""

    ALL: ClassVar = "SEARCH_ALL"
    NONE: ClassVar = "SEARCH_NONE"
    ALWAYS: ClassVar = "SEARCH_ALWAYS"
    """It was not asked: the request had `search_intent=False`."""


class SearchIntent(Part):
    """What the query was understood as; `.intent` is one of `Intent`, `.keywords` is what was searched for."""

    index: int = 0
    query: str = ""
    intent: str = ""
    keywords: str = ""
    category: str = ""


class SearchResult(Part):
    """One page that was found."""

    index: int = 0
    title: str = ""
    content: str = ""
    link: str = ""
    media: str = ""
    """The name of the site."""
    icon: str = ""
    refer: str = ""
    """How answers refer to it, such as "ref_1"."""
    publish_date: str = ""
    images: list[str] = []


class SearchRecommendation(Part):
    """A search that may be of use next."""

    index: int = 0
    query: str = ""


class WebSearchReply(Reply):
    """What was found; nothing where the intent is `Intent.NONE`."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    search_intent: list[SearchIntent] = []
    search_result: list[SearchResult] = []


# ── the older web-search-pro ───────────────────────────────────────────────────────────────────────

# Each of the three comes as a list, or alone as an object; readers get a list.
if TYPE_CHECKING:
    Intents = list[SearchIntent]
    Results = list[SearchResult]
    Recommendations = list[SearchRecommendation]
else:
    Intents = list[SearchIntent] | SearchIntent
    Results = list[SearchResult] | SearchResult
    Recommendations = list[SearchRecommendation] | SearchRecommendation


class SearchCall(Part):
    """One step of the tool; `.type` says which of the three lists it fills."""

    index: int = 0
    id: str = ""
    type: str = ""
    search_intent: Intents = []
    search_result: Results = []
    search_recommend: Recommendations = []

    def __post_init__(self) -> None:
        for name in ("search_intent", "search_result", "search_recommend"):
            found: object = getattr(self, name)
            if isinstance(found, Part):
                setattr(self, name, [found])


class SearchMessage(Part):
    """The steps of the tool."""

    role: str = ""
    tool_calls: list[SearchCall] = []


class SearchChoice(Part):
    """The one choice of a search."""

    index: int = 0
    finish_reason: str = ""
    message: SearchMessage = msgspec.field(default_factory=SearchMessage)


class SearchDelta(Part):
    """The part of a choice that a chunk brings."""

    index: int = 0
    finish_reason: str = ""
    delta: SearchMessage = msgspec.field(default_factory=SearchMessage)


class WebSearchPro(Reply):
    """What web-search-pro found."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    choices: list[SearchChoice] = []

    @property
    def results(self) -> list[SearchResult]:
        """Return the pages that were found."""
        return [page for choice in self.choices for page in results_of(choice.message)]


class WebSearchProChunk(Reply):
    """What web-search-pro has found by now; each step comes whole."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    choices: list[SearchDelta] = []

    @property
    def results(self) -> list[SearchResult]:
        """Return the pages that this chunk brings."""
        return [page for choice in self.choices for page in results_of(choice.delta)]


def results_of(message: SearchMessage) -> list[SearchResult]:
    """Return the pages of all steps."""
    return [page for call in message.tool_calls for page in call.search_result]
