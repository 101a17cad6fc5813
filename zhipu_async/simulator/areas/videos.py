"""Videos from text and pictures: always a task. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass

from ..fields import an_object, anything, choice, flag, integer, text
from ..operation import Answer, Ask, Operation, Whole
from ..refusals import illegal, missing
from ..safety import refuse_unsafe
from ..shapes import integer_of, is_array, is_object, text_of
from ..tasks import ticket
from . import made

SECONDS_OF_A_TASK = 60
BASE64_OF_A_MEGABYTE = 2**20 * 4 / 3
HD, FULL_HD = "1280x720", "1920x1080"
LARGE = ("1024x1024", "1920x1080", "1080x1920", "2048x1080", "3840x2160")


@dataclass(frozen=True)
class Model:
    """What one video model takes: the first size and duration are what it makes unless told otherwise."""

    sizes: tuple[str, ...]
    durations: tuple[int, ...]
    pictures: tuple[int, ...]
    """How many pictures it may be given."""
    in_array: bool = False
    """True where pictures always come as a list."""
    megabytes: int = 50

    @property
    def needs_picture(self) -> bool:
        return 0 not in self.pictures


COGVIDEOX_2 = Model((FULL_HD, "720x480", "1280x960", "960x1280", *LARGE), (5,), (0, 1), megabytes=5)
MODELS = {
    "cogvideox-3": Model((FULL_HD, HD, "720x1280", *LARGE), (5, 10), (0, 1, 2), megabytes=5),
    "cogvideox-2": COGVIDEOX_2,
    "cogvideox-flash": COGVIDEOX_2,
    "viduq1-text": Model((FULL_HD,), (5,), (0,)),
    "viduq1-image": Model((FULL_HD,), (5,), (1,)),
    "vidu2-image": Model((HD,), (4,), (1,)),
    "viduq1-start-end": Model((FULL_HD,), (5,), (1, 2), in_array=True),
    "vidu2-start-end": Model((HD, "480x360"), (4,), (1, 2), in_array=True),
    "vidu2-reference": Model((HD,), (4,), (1, 2, 3), in_array=True),
}
VIDEOS = frozenset(MODELS)


def submit(ask: Ask) -> Answer:
    model = MODELS.get(ask.model.lower(), MODELS["cogvideox-3"])
    prompt = text_of(ask.body, "prompt")
    refuse_unsafe(prompt)
    pictures = pictures_of(ask, model)
    if not prompt and not pictures:
        raise missing("prompt")
    size = text_of(ask.body, "size", model.sizes[0])
    ask.refuse_unless(size in model.sizes, "size", "one of " + ", ".join(model.sizes) + " expected")
    duration = integer_of(ask.body, "duration", model.durations[0])
    ask.refuse_unless(duration in model.durations, "duration", f"one of {model.durations} seconds expected")
    rate = integer_of(ask.body, "fps", 30)
    ask.refuse_unless(rate in (30, 60), "fps", "30 or 60 expected")
    width, height = map(int, size.split("x"))
    subject = (ask.model, prompt, *pictures)
    result = {
        "url": made.to_clip(ask, width, height, rate, duration, *subject),
        "cover_image_url": made.to_picture(ask, width, height, *subject),
    }
    task = ask.platform.tasks.start(ask, lambda: {"video_result": [result]}, seconds=SECONDS_OF_A_TASK)
    return Whole(ticket(task))


def pictures_of(ask: Ask, model: Model) -> list[str]:
    """Read image_url: one picture or a list of as many as the model takes."""
    given = ask.body.get("image_url")
    if model.pictures == (0,):
        return []  # not a field of this model, and so ignored
    if given is None or given == "":
        if model.needs_picture:
            raise missing("image_url")
        return []
    if model.in_array and not is_array(given):
        raise illegal("image_url", "a list expected")
    pictures = [picture_of(one, model) for one in (given if is_array(given) else [given])]
    # A list without need must hold exactly the first and the last picture.
    wrong_list = is_array(given) and not model.in_array and not len(pictures) == max(model.pictures) == 2
    if wrong_list or len(pictures) not in model.pictures:
        raise illegal("image_url", f"{max(model.pictures)} expected")
    return pictures


def picture_of(value: object, model: Model) -> str:
    """Read one picture: a link, a data URI, or for the older models bare base64."""
    picture = text_of(value, "url") if is_object(value) else value
    if not isinstance(picture, str) or not picture:
        raise illegal("image_url", "links or base64 expected")
    if len(picture) > model.megabytes * BASE64_OF_A_MEGABYTE + 100:
        raise illegal("image_url", f"a picture of at most {model.megabytes} MB expected")
    if not picture.startswith(("http://", "https://", "data:image/")) and model.megabytes > 5:
        raise illegal("image_url", "a link or a data URI expected")
    return picture


SUBMIT = {
    "model": text().needed,
    "prompt": text(0, 512),
    "image_url": anything(),
    "quality": choice("speed", "quality"),
    "with_audio": flag(),
    "watermark_enabled": flag(),
    "size": text(),
    "fps": integer(),
    "duration": integer(),
    "style": choice("general", "anime"),
    "aspect_ratio": choice("16:9", "9:16", "1:1"),
    "movement_amplitude": choice("auto", "small", "medium", "large"),
    "off_peak": flag(),
    "sensitive_word_check": an_object(),
}

OPERATIONS = (Operation("POST", "/paas/v4/videos/generations", submit, SUBMIT, models=VIDEOS, task=True),)
