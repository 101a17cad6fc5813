"""Pictures from text: at once, and as a task. No I/O here."""

from __future__ import annotations

import re

from ..fields import an_object, choice, flag, integer, text
from ..operation import Answer, Ask, Operation, Whole
from ..refusals import illegal
from ..safety import refuse_unsafe
from ..shapes import Body, text_of
from ..tasks import ticket
from . import made

GLM_IMAGE = "glm-image"
IMAGES = frozenset({GLM_IMAGE, "cogview-4-250304", "cogview-4", "cogview-3-flash", "cogview-3-plus"})
SIZE = re.compile(r"(\d{3,4})x(\d{3,4})")
GLM_SIZES = ("1280x1280", "1568x1056", "1056x1568", "1472x1088", "1088x1472", "1728x960", "960x1728")
OTHER_SIZES = ("1024x1024", "768x1344", "864x1152", "1344x768", "1152x864", "1440x720", "720x1440")
SECONDS = {"hd": 20.0, "standard": 7.0}
SECONDS_OF_A_TASK = 25


def generate(ask: Ask) -> Answer:
    prompt = text_of(ask.body, "prompt")
    refuse_unsafe(prompt)
    width, height = size_of(ask)
    url = made.to_picture(ask, width, height, ask.model, prompt)
    filters = [{"role": "assistant", "level": 3}]
    body: Body = {"created": ask.platform.now(), "data": [{"url": url}], "content_filter": filters}
    return Whole(body, seconds=SECONDS[quality_of(ask)])


def submit(ask: Ask) -> Answer:
    prompt = text_of(ask.body, "prompt")
    refuse_unsafe(prompt)
    width, height = size_of(ask)
    quality_of(ask)
    url = made.to_picture(ask, width, height, ask.model, prompt)
    task = ask.platform.tasks.start(ask, lambda: {"image_result": [{"url": url}]}, seconds=SECONDS_OF_A_TASK)
    return Whole(ticket(task))


def quality_of(ask: Ask) -> str:
    """Give the quality; glm-image has one only."""
    only_hd = ask.model.lower() == GLM_IMAGE
    quality = text_of(ask.body, "quality", "hd" if only_hd else "standard")
    ask.refuse_unless(quality == "hd" or not only_hd, "quality", "glm-image offers hd only")
    return quality


def size_of(ask: Ask) -> tuple[int, int]:
    """Read the size, or refuse what the model cannot draw."""
    is_glm = ask.model.lower() == GLM_IMAGE
    listed = GLM_SIZES if is_glm else OTHER_SIZES
    size = text_of(ask.body, "size", listed[0])
    found = SIZE.fullmatch(size)
    if found is None:
        raise illegal("size", "width and height with the letter x between them expected")
    width, height = int(found[1]), int(found[2])
    shortest, step, most = (1024, 32, 2**22) if is_glm else (512, 16, 2**21)
    even = width % step == 0 and height % step == 0
    fits = shortest <= min(width, height) and max(width, height) <= 2048 and width * height <= most
    if size not in listed and not (even and fits):
        raise illegal(
            "size", f"sides from {shortest} to 2048, multiples of {step}, at most {most} pixels expected"
        )
    return width, height


SUBMIT = {
    "model": text().needed,
    "prompt": text(1).needed,
    "quality": choice("hd", "standard"),
    "size": text(),
    "watermark_enabled": flag(),
}
GENERATE = {
    **SUBMIT,
    "n": integer(1, 1),
    "style": text(),
    "response_format": text(),
    "user": text(),
    "sensitive_word_check": an_object(),
}

OPERATIONS = (
    Operation("POST", "/paas/v4/images/generations", generate, GENERATE, models=IMAGES),
    Operation(
        "POST", "/paas/v4/async/images/generations", submit, SUBMIT, models=frozenset({GLM_IMAGE}), task=True
    ),
)
