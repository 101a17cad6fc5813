"""The safety review of texts and media. No I/O here."""

from __future__ import annotations

from ..fields import anything, text
from ..operation import Answer, Ask, Operation, Whole
from ..refusals import illegal
from ..safety import UNSAFE
from ..shapes import Body, is_array, is_object, object_of, text_of

LONGEST_TEXT = 2000
REVIEW = "[review]"
"""A text or a link that holds it is found suspicious, as one with the mark for unsafe text is rejected."""
MEDIA = ("image", "video", "audio")


def moderate(ask: Ask) -> Answer:
    given = ask.body.get("input")
    inputs = given if is_array(given) else [given]
    if not inputs:
        raise illegal("input", "something to review expected")
    results: list[object] = [verdict(*subject_of(one)) for one in inputs]
    body: Body = {
        "id": ask.platform.new_id(),
        "created": ask.platform.now(),
        "request_id": ask.request_id,
        "result_list": results,
        "usage": {"moderation_text": {"call_count": len(results)}},
    }
    return Whole(body, seconds=0.2)


def subject_of(given: object) -> tuple[str, str]:
    """Give the kind of the content, and its text or link."""
    if isinstance(given, str):
        return "text", short(given)
    if not is_object(given):
        raise illegal("input", "texts or objects with a type expected")
    kind = text_of(given, "type")
    if kind == "text":
        return "text", short(text_of(given, "text"))
    medium = kind.removesuffix("_url")
    if medium not in MEDIA or not kind.endswith("_url"):
        raise illegal("input", "the type text, image_url, video_url or audio_url expected")
    url = text_of(object_of(given, kind), "url")
    if not url:
        raise illegal("input", f"{kind} with a url expected")
    return medium, url


def short(written: str) -> str:
    if not 0 < len(written) <= LONGEST_TEXT:
        raise illegal("input", f"a text of 1 to {LONGEST_TEXT} characters expected")
    return written


def verdict(content_type: str, subject: str) -> Body:
    level, risks = "PASS", list[str]()
    if UNSAFE in subject:
        level, risks = "REJECT", ["violence"]
    elif REVIEW in subject:
        level, risks = "REVIEW", ["advertising"]
    return {"content_type": content_type, "risk_level": level, "risk_type": risks}


MODERATE = {"model": text().needed, "input": anything().needed}

OPERATIONS = (
    Operation("POST", "/paas/v4/moderations", moderate, MODERATE, models=frozenset({"moderation"})),
)
