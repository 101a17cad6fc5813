"""Pages of the web as text."""

from __future__ import annotations

import msgspec

from zhipu_async.types.base import Part, Reply


class PageContent(Part):
    """A page and what it says about itself."""

    content: str = ""
    """The text in the format that was asked for."""
    title: str = ""
    description: str = ""
    url: str = ""
    published_time: str = msgspec.field(default="", name="publishedTime")
    images: dict[str, str] = {}
    """Links by description, when `with_images_summary` asked for them."""
    links: dict[str, str] = {}
    """Links by their text, when `with_links_summary` asked for them."""
    metadata: dict[str, object] = {}
    external: dict[str, object] = {}


class WebPage(Reply):
    """A page that was read."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    model: str = ""
    reader_result: PageContent = msgspec.field(default_factory=PageContent)
