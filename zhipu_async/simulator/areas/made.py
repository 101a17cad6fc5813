"""Links in answers: pictures, clips, recordings and documents, fetched without a key. No I/O here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..clips import mp4
from ..operation import Answer, Ask, Operation, Raw, Whole
from ..papers import pdf
from ..pictures import png
from ..sounds import speech, wav

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/made/"
PREVIEW = "你好，很高兴认识你。"
HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
KEPT_FILES = 200
"""Stored contents that links lead to; the oldest expire, as links of the platform do."""


def to_picture(ask: Ask, width: int, height: int, *about: object) -> str:
    return link(ask, f"image-{width}x{height}-{ask.platform.number(*about):08x}.png")


def to_clip(ask: Ask, width: int, height: int, rate: int, seconds: int, *about: object) -> str:
    return link(ask, f"video-{width}x{height}-{rate}-{seconds}-{ask.platform.number(*about):08x}.mp4")


def to_voice(ask: Ask, voice: str) -> str:
    """Link to a preview of one of the platform's own voices."""
    return link(ask, f"voice-{voice}.wav")


def to_paper(ask: Ask, pages: int, *about: object) -> str:
    return link(ask, f"document-{pages}-{ask.platform.number(*about):08x}.pdf")


def to_content(ask: Ask, content: bytes, content_type: str, suffix: str) -> str:
    """Keep the content and link to it."""
    name = f"{ask.platform.new_id('kept-')}.{suffix}"
    shelf = ask.platform.shelf("made", "")
    shelf[name] = {"content": content, "content_type": content_type}
    if len(shelf) > KEPT_FILES:
        del shelf[next(iter(shelf))]
    return link(ask, name)


def link(ask: Ask, name: str) -> str:
    return f"{origin(ask)}/api{PATH}{name}"


def origin(ask: Ask) -> str:
    """Where the caller reached the simulator: behind a container's port only the caller knows."""
    host = ask.headers.get("Host", "")
    return (
        f"{ask.platform.origin.partition('://')[0]}://{host}" if HOST.fullmatch(host) else ask.platform.origin
    )


def fetch(ask: Ask) -> Answer:
    name = ask.params["name"]
    kept = ask.platform.shelf("made", "").get(name, {})
    content, content_type = kept.get("content"), kept.get("content_type")
    if isinstance(content, bytes) and isinstance(content_type, str):
        return Raw(content, content_type)
    for pattern, make in MAKERS.items():
        found = pattern.fullmatch(name)
        if found:
            return make(found)
    return Whole({"status": 404, "error": "Not Found", "path": PATH + name}, 404)


def picture(found: re.Match[str]) -> Raw:
    width, height, number = found.groups()
    return Raw(png(int(width), int(height), int(number, 16)), "image/png")


def clip(found: re.Match[str]) -> Raw:
    *sizes, number = found.groups()
    width, height, rate, seconds = map(int, sizes)
    return Raw(mp4(width, height, rate, seconds, int(number, 16) % 1000), "video/mp4")


def recording(found: re.Match[str]) -> Raw:
    return Raw(wav(speech(PREVIEW, found[1], marked=False)), "audio/wav")


def paper(found: re.Match[str]) -> Raw:
    return Raw(pdf("Page", int(found[1])), "application/pdf")


MAKERS: dict[re.Pattern[str], Callable[[re.Match[str]], Raw]] = {
    re.compile(r"image-(\d{2,4})x(\d{2,4})-([0-9a-f]{8})\.png"): picture,
    re.compile(r"video-(\d{2,4})x(\d{2,4})-(30|60)-(\d{1,2})-([0-9a-f]{8})\.mp4"): clip,
    re.compile(r"voice-(\w{1,40})\.wav"): recording,
    re.compile(r"document-(\d{1,2})-([0-9a-f]{8})\.pdf"): paper,
}
"""Names that say all there is to know, so that nothing has to be kept for them."""

OPERATIONS = (Operation("GET", PATH + "{name}", fetch, body="none", public=True),)
