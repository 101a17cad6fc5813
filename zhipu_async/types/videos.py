"""Videos: what a finished clip looks like."""

from __future__ import annotations

from zhipu_async.types.base import Part
from zhipu_async.types.tasks import AsyncResult


class VideoLink(Part):
    """One clip; download it soon, nobody says how long the link lives."""

    url: str = ""
    cover_image_url: str = ""


class VideoResult(AsyncResult):
    """A finished clip."""

    video_result: list[VideoLink] = []

    @property
    def url(self) -> str:
        """Return the link of the first clip, "" when there is none."""
        return self.video_result[0].url if self.video_result else ""
