"""Videos: what a finished clip looks like."""

from __future__ import annotations

from zhipu_async.types.chat import VideoLink as VideoLink
from zhipu_async.types.links import Linked
from zhipu_async.types.tasks import AsyncResult


class VideoResult(AsyncResult, Linked):
    """A finished clip. `await result.save("clip.mp4")` keeps it."""

    video_result: list[VideoLink] = []

    @property
    def links(self) -> list[str]:
        """Return the clips' links."""
        return [video.url for video in self.video_result]

    @property
    def cover_image_url(self) -> str:
        """Return the link of the first clip's still picture, "" when there is none."""
        return self.video_result[0].cover_image_url if self.video_result else ""
