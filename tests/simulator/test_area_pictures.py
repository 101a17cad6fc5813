"""Images and videos in the simulator: what each model takes, and links to media that open."""

from __future__ import annotations

import io
import json
import struct
import zlib

import pytest

from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.simulator.clips import Bits
from zhipu_async.simulator.shapes import text_of

from .asking import first, task_result
from .conftest import Caller

PICTURE = "https://example.org/a.png"
DATA_URI = "data:image/png;base64,iVBORw0KGgo="


def png_size(content: bytes) -> tuple[int, int]:
    """Check the checksums and the length of the pixels, and give the size."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    position, parts = 8, dict[bytes, bytes]()
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        name, inside = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", content, position + 8 + length)[0] == zlib.crc32(name + inside)
        parts[name] = inside
        position += 12 + length
    width, height = struct.unpack_from(">II", parts[b"IHDR"])
    assert len(zlib.decompress(parts[b"IDAT"])) == height * (width * 3 + 1)
    return int(width), int(height)


def boxes(content: bytes) -> dict[bytes, bytes]:
    """The boxes on one level of an MP4 file."""
    position, found = 0, dict[bytes, bytes]()
    while position < len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        found[name] = content[position + 8 : position + length]
        position += length
    assert position == len(content)
    return found


async def test_links_lead_to_where_the_caller_reached_the_simulator(caller: Caller) -> None:
    wish = {"model": "cogview-4", "prompt": "a cat"}
    for sent, told in (("sim.example:80", "http://sim.example:80/"), ("not a host", caller.sim.root_url)):
        reply = await caller.send("POST", "/images/generations", body=wish, headers={"Host": sent})
        assert text_of(first(reply.json, "data"), "url").startswith(told)


@pytest.mark.parametrize(
    ("model", "body", "size"),
    [
        ("glm-image", {}, (1280, 1280)),
        ("glm-image", {"size": "1728x960", "quality": "hd"}, (1728, 960)),
        ("glm-image", {"size": "2048x1024"}, (2048, 1024)),
        ("cogview-4-250304", {}, (1024, 1024)),
        ("cogview-4", {"size": "720x1440", "quality": "standard"}, (720, 1440)),
        ("CogView-3-Flash", {"size": "528x512"}, (528, 512)),
    ],
)
async def test_a_picture_of_the_wanted_size_opens_without_a_key(
    caller: Caller, model: str, body: dict[str, object], size: tuple[int, int]
) -> None:
    reply = await caller.post("/images/generations", model=model, prompt="a cat", **body)
    picture = await caller.send("GET", text_of(first(reply.json, "data"), "url"), auth=False)

    assert reply.json["content_filter"] == [{"role": "assistant", "level": 3}]
    assert picture.content_type == "image/png"
    assert png_size(picture.content) == size


async def test_the_same_prompt_gives_the_same_picture(caller: Caller) -> None:
    urls = [
        first((await caller.post("/images/generations", model="cogview-4", prompt=prompt)).json, "data")
        for prompt in ("a cat", "a cat", "a dog")
    ]

    assert urls[0] == urls[1] != urls[2]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"prompt": "a cat"}, "1213"),
        ({"model": "cogview-4"}, "1213"),
        ({"model": "cogview-9", "prompt": "a cat"}, "1211"),
        ({"model": "glm-4.7", "prompt": "a cat"}, "1212"),
        ({"model": "glm-image", "prompt": "a cat", "quality": "standard"}, "1214"),
        ({"model": "glm-image", "prompt": "a cat", "size": "1024x1000"}, "1214"),
        ({"model": "glm-image", "prompt": "a cat", "size": "1024×1024"}, "1214"),
        ({"model": "cogview-4", "prompt": "a cat", "size": "2048x2048"}, "1214"),
        ({"model": "cogview-4", "prompt": "a cat", "size": "1000x1000"}, "1214"),
        ({"model": "cogview-4", "prompt": "a cat", "n": 2}, "1214"),
        ({"model": "cogview-4", "prompt": "[unsafe]"}, "1301"),
    ],
)
async def test_a_picture_that_cannot_be_drawn_is_refused(
    caller: Caller, body: dict[str, object], code: str
) -> None:
    assert (await caller.post("/images/generations", **body)).code == code


async def test_a_picture_can_be_submitted_as_a_task(caller: Caller) -> None:
    ticket = await caller.post("/async/images/generations", model="glm-image", prompt="a cat")
    result = await task_result(caller, ticket.json)

    assert result["task_status"] == "SUCCESS"
    picture = await caller.send("GET", text_of(first(result, "image_result"), "url"), auth=False)
    assert png_size(picture.content) == (1280, 1280)


async def test_only_glm_image_draws_as_a_task(caller: Caller) -> None:
    assert (await caller.post("/async/images/generations", model="cogview-4", prompt="a cat")).code == "1212"


VIDEOS: list[tuple[str, dict[str, object], tuple[int, int, int]]] = [
    ("cogvideox-3", {"prompt": "waves"}, (1920, 1080, 150)),
    ("cogvideox-3", {"prompt": "waves", "fps": 60, "duration": 10, "size": "1280x720"}, (1280, 720, 600)),
    ("cogvideox-3", {"image_url": [PICTURE, DATA_URI], "quality": "speed"}, (1920, 1080, 150)),
    ("cogvideox-2", {"image_url": "iVBORw0KGgo=", "size": "720x480"}, (720, 480, 150)),
    ("cogvideox-flash", {"prompt": "waves", "with_audio": True}, (1920, 1080, 150)),
    ("viduq1-text", {"prompt": "waves", "style": "anime", "aspect_ratio": "1:1"}, (1920, 1080, 150)),
    ("viduq1-image", {"image_url": PICTURE, "movement_amplitude": "small"}, (1920, 1080, 150)),
    ("vidu2-image", {"image_url": DATA_URI, "duration": 4}, (1280, 720, 120)),
    ("viduq1-start-end", {"image_url": [PICTURE, PICTURE], "prompt": "fade"}, (1920, 1080, 150)),
    ("vidu2-start-end", {"image_url": [PICTURE, PICTURE], "size": "480x360"}, (480, 360, 120)),
    ("vidu2-reference", {"image_url": [PICTURE] * 3, "prompt": "meet", "with_audio": True}, (1280, 720, 120)),
]


@pytest.mark.parametrize(("model", "body", "made"), VIDEOS)
async def test_every_video_model_makes_a_clip_of_its_size_and_length(
    caller: Caller, model: str, body: dict[str, object], made: tuple[int, int, int]
) -> None:
    ticket = (await caller.post("/videos/generations", model=model, **body)).json
    result = await task_result(caller, ticket)
    video = first(result, "video_result")
    clip = await caller.send("GET", text_of(video, "url"), auth=False)
    cover = await caller.send("GET", text_of(video, "cover_image_url"), auth=False)

    width, height, frames = made
    movie = boxes(clip.content)
    assert (ticket["model"], result["model"]) == (model, model)
    assert clip.content_type == "video/mp4"
    assert set(movie) == {b"ftyp", b"moov", b"mdat"}
    track = boxes(boxes(movie[b"moov"])[b"trak"])
    table = boxes(boxes(boxes(track[b"mdia"])[b"minf"])[b"stbl"])
    assert struct.unpack_from(">I", table[b"stsz"], 8)[0] == frames
    sizes = struct.unpack_from(f">{frames}I", table[b"stsz"], 12)
    assert sum(sizes) == len(movie[b"mdat"])
    offset = struct.unpack_from(">I", table[b"stco"], 8)[0]
    assert clip.content[offset - 4 : offset] == b"mdat"
    assert (width << 16, height << 16) == struct.unpack_from(">II", track[b"tkhd"], 76)
    assert png_size(cover.content) == (width, height)


@pytest.mark.parametrize(
    ("model", "body", "code"),
    [
        ("cogvideox-3", {}, "1213"),
        ("cogvideox-9", {"prompt": "waves"}, "1211"),
        ("cogvideox-3", {"prompt": "x" * 513}, "1214"),
        ("cogvideox-3", {"prompt": "waves", "duration": 7}, "1214"),
        ("cogvideox-3", {"prompt": "waves", "fps": 24}, "1214"),
        ("cogvideox-3", {"prompt": "waves", "size": "720x480"}, "1214"),
        ("cogvideox-3", {"image_url": [PICTURE]}, "1214"),
        ("cogvideox-3", {"image_url": [PICTURE] * 3}, "1214"),
        ("cogvideox-2", {"image_url": [PICTURE]}, "1214"),
        ("cogvideox-2", {"image_url": 7}, "1214"),
        ("viduq1-text", {"image_url": PICTURE}, "1213"),
        ("vidu2-image", {"prompt": "waves"}, "1213"),
        ("vidu2-image", {"image_url": "iVBORw0KGgo="}, "1214"),
        ("vidu2-reference", {"image_url": PICTURE}, "1214"),
        ("vidu2-reference", {"image_url": [PICTURE] * 4}, "1214"),
        ("cogvideox-3", {"prompt": "waves", "quality": "best"}, "1214"),
        ("cogvideox-3", {"prompt": "[unsafe]"}, "1301"),
    ],
)
async def test_a_video_that_cannot_be_made_is_refused(
    caller: Caller, model: str, body: dict[str, object], code: str
) -> None:
    assert (await caller.post("/videos/generations", model=model, **body)).code == code


async def test_a_picture_above_5_mb_is_refused(caller: Caller) -> None:
    body = json.dumps({"model": "cogvideox-2", "image_url": "a" * 7_500_000}).encode()
    headers = {"Authorization": f"Bearer {caller.sim.api_key}"}
    url = caller.sim.base_url + "/videos/generations"
    async with caller.session.post(url, data=io.BytesIO(body), headers=headers) as response:
        refusal = await response.text()

    assert "1214" in refusal
    assert "at most 5 MB" in refusal


async def test_a_video_can_be_told_to_fail(sim: Simulator, caller: Caller) -> None:
    sim.script(fault=TaskFails(status="FAILED"))
    ticket = await caller.post("/videos/generations", model="cogvideox-3", prompt="waves")

    assert (await task_result(caller, ticket.json))["task_status"] == "FAILED"


async def test_a_link_that_was_never_given_leads_nowhere(caller: Caller) -> None:
    reply = await caller.send("GET", caller.sim.root_url + "/made/nothing.png", auth=False)

    assert reply.status == 404


def test_zeros_in_a_video_are_told_apart_from_the_start_of_a_unit() -> None:
    assert Bits().fixed(1, 32).unit(0x65) == b"\x65\0\0\3\0\1\x80"
