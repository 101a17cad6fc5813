"""Pictures: made at once, and made by a task."""

from __future__ import annotations

from zhipu_async.types.base import Part
from zhipu_async.types.chat import ContentFilter
from zhipu_async.types.links import Linked
from zhipu_async.types.tasks import AsyncResult


class ImageLink(Part):
    """One picture; the link lives for 30 days."""

    url: str = ""


class ImageList(Linked):
    """Pictures made at once; today there is one. `await reply.save("kite.png")` keeps it."""

    created: int = 0
    data: list[ImageLink] = []
    content_filter: list[ContentFilter] = []

    @property
    def links(self) -> list[str]:
        """Return the pictures' links."""
        return [image.url for image in self.data]


class ImageResult(AsyncResult, Linked):
    """A picture made by a task. `await result.save("kite.png")` keeps it."""

    image_result: list[ImageLink] = []

    @property
    def links(self) -> list[str]:
        """Return the pictures' links."""
        return [image.url for image in self.image_result]
