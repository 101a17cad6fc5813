"""Documents taken apart into text, tables, formulas and pictures."""

from __future__ import annotations

import msgspec

from zhipu_async.types.base import Part
from zhipu_async.types.chat import Usage
from zhipu_async.types.links import Linked


class LayoutElement(Part):
    """One element of a page."""

    index: int = 0
    label: str = ""
    """text, table, formula or image."""
    bbox_2d: list[float] = []
    """Left, top, right and bottom, each from 0 to 1."""
    content: str = ""
    """Text, the HTML of a table, or the link of a picture."""
    height: int = 0
    """Of the page."""
    width: int = 0
    """Of the page."""


class PageSize(Part):
    """How large a page is, in pixels."""

    width: int = 0
    height: int = 0


class DocumentShape(Part):
    """How many pages there are, and how large."""

    num_pages: int = 0
    pages: list[PageSize] = []


class ParsedLayout(Linked):
    """A document as Markdown, and element by element: one list for each page.

    Pictures of the layout, when asked for, are its `.links`; `await parsed.save("page.png", index=0)` keeps one.
    """

    id: str = ""
    created: int = 0
    model: str = ""
    request_id: str = ""
    md_results: str = ""
    layout_details: list[list[LayoutElement]] = []
    layout_visualization: list[str] = []
    data_info: DocumentShape = msgspec.field(default_factory=DocumentShape)
    usage: Usage = msgspec.field(default_factory=Usage)

    @property
    def links(self) -> list[str]:
        """Return the links of the pictures of the layout."""
        return self.layout_visualization
