"""Pictures: what a finished one looks like."""

from __future__ import annotations

from zhipu_async.types.base import Part
from zhipu_async.types.tasks import AsyncResult


class ImageLink(Part):
    """One picture; the link lives for 30 days."""

    url: str = ""


class ImageResult(AsyncResult):
    """A picture made by a task."""

    image_result: list[ImageLink] = []

    @property
    def url(self) -> str:
        """Return the link of the first picture, "" when there is none."""
        return self.image_result[0].url if self.image_result else ""
