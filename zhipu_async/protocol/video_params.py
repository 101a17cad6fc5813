"""The parameters of a video, each once. No I/O here."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias

from zhipu_async.protocol.options import CallOptions
from zhipu_async.types.chat_request import SensitiveWordCheck

Picture: TypeAlias = "str | PathLike[str] | bytes"
"""A link, a data URI or base64 as a str; a file as a Path; or the picture's bytes."""


class VideoParams(CallOptions, total=False):
    """What a video takes beside `model`; None is not sent."""

    prompt: str | None
    """What to show, in at most 512 characters; there must be a prompt, a picture, or both."""
    image_url: Picture | Sequence[Picture] | None
    """A link, a `Path` or bytes. `cogvideox-2`, `cogvideox-flash`, `viduq1-image` and `vidu2-image` take one;
    `cogvideox-3` one, or two in a list, the first frame and the last; the `start-end` models those two in a list;
    `vidu2-reference` one to three subjects in a list; `viduq1-text` none."""
    quality: str | None
    """ "speed" or "quality" (CogVideoX)."""
    with_audio: bool | None
    """Sound effects (CogVideoX), background music (Vidu from pictures)."""
    watermark_enabled: bool | None
    """False needs the disclaimer signed in the console (CogVideoX)."""
    size: str | None
    """Width and height as "1920x1080"; each model has its own few."""
    fps: int | None
    """30 or 60 (CogVideoX)."""
    duration: int | None
    """Seconds: 5 or 10 with `cogvideox-3`, 5 with `viduq1` models, 4 with `vidu2` models."""
    style: str | None
    """ "general" or "anime" (`viduq1-text`)."""
    aspect_ratio: str | None
    """ "16:9", "9:16" or "1:1" (`viduq1-text`, `vidu2-reference`)."""
    movement_amplitude: str | None
    """How much moves: "auto", "small", "medium" or "large" (Vidu)."""
    off_peak: bool | None
    """Passed on; the platform does not say what it does."""
    sensitive_word_check: SensitiveWordCheck | None
    """The safety review, for approved accounts."""
    request_id: str | None
    """An id of your own for this request, never used twice; one is made if absent."""
    user_id: str | None
    """Your end user, 6 to 128 characters."""


FIELD_NAMES = frozenset(VideoParams.__annotations__) - frozenset(CallOptions.__annotations__)
