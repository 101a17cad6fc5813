"""Clips over a real socket: each family of models with its own fields."""

from __future__ import annotations

import base64
import inspect
from pathlib import Path

import pytest

from tests.hostile import Answer, error, hang_up, hostile
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, InvalidArgument, InvalidType, MaybeSubmitted, TaskFailed
from zhipu_async.protocol.video_params import FIELD_NAMES, VideoParams
from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.types.videos import VideoResult

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
DATA_URI = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
FIRST, LAST = "https://example.org/a.png", "https://example.org/b.png"

COMMON: VideoParams = {"prompt": "Waves at night", "request_id": "req-vid-0001", "user_id": "user-0001"}
COGVIDEOX: VideoParams = {
    **COMMON,
    "quality": "speed",
    "with_audio": True,
    "watermark_enabled": False,
    "size": "1920x1080",
    "fps": 60,
    "off_peak": True,
    "sensitive_word_check": {"type": "ALL", "status": "ENABLE"},
}
FAMILIES: list[tuple[str, VideoParams]] = [
    ("cogvideox-3", {**COGVIDEOX, "image_url": [FIRST, LAST], "duration": 10}),
    ("cogvideox-2", {**COGVIDEOX, "image_url": FIRST}),
    ("cogvideox-flash", COGVIDEOX),
    (
        "viduq1-text",
        {
            **COMMON,
            "style": "anime",
            "duration": 5,
            "aspect_ratio": "16:9",
            "size": "1920x1080",
            "movement_amplitude": "large",
        },
    ),
    ("viduq1-image", {**COMMON, "image_url": FIRST, "duration": 5, "movement_amplitude": "auto"}),
    ("vidu2-image", {**COMMON, "image_url": FIRST, "duration": 4, "size": "1280x720", "with_audio": True}),
    ("viduq1-start-end", {**COMMON, "image_url": [FIRST, LAST], "duration": 5, "size": "1920x1080"}),
    ("vidu2-start-end", {**COMMON, "image_url": [FIRST, LAST], "duration": 4, "size": "480x360"}),
    ("vidu2-reference", {**COMMON, "image_url": [FIRST], "aspect_ratio": "1:1", "with_audio": False}),
]


@pytest.fixture(autouse=True)
def _impatient(zhipu: AsyncZhipuAI) -> None:  # pyright: ignore[reportUnusedFunction]
    zhipu.tasks.polling.scale = 1e-4


@pytest.mark.parametrize(("model", "params"), FAMILIES)
async def test_every_model_takes_its_own_fields(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, model: str, params: VideoParams
) -> None:
    task = await zhipu.videos.submit(model=model, **params)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/videos/generations")
    assert request.body == {"model": model, **params}
    assert request.unknown_fields == ()
    assert task.requested_model == model


def test_every_field_is_tried() -> None:
    assert {name for _, params in FAMILIES for name in params} == FIELD_NAMES


async def test_a_finished_clip_is_saved_with_its_cover(zhipu: AsyncZhipuAI, tmp_path: Path) -> None:
    clip = await zhipu.videos.generate(model="cogvideox-3", prompt="Waves", request_id="req-vid-0002")
    assert (clip.task_status, clip.request_id, clip.model) == ("SUCCESS", "req-vid-0002", "cogvideox-3")
    assert clip.links == [clip.url]
    assert clip.url == clip.video_result[0].url
    saved = await clip.save(tmp_path / "clip.mp4")
    assert saved.read_bytes()[4:8] == b"ftyp"
    assert (await zhipu.download(clip.cover_image_url)).startswith(b"\x89PNG")


async def test_pictures_may_be_files_and_bytes(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    await zhipu.videos.submit(model="cogvideox-3", image_url=[path, PNG])
    await zhipu.videos.submit(model="vidu2-image", image_url=path)
    assert [request.body["image_url"] for request in zhipu_simulator.requests] == [
        [DATA_URI, DATA_URI],
        DATA_URI,
    ]


@pytest.mark.parametrize("bare", ["iVBORw0KGgo=", "data:image/png;base64,iVBORw0KGgo="])
async def test_a_text_goes_as_it_is(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, bare: str) -> None:
    await zhipu.videos.submit(model="cogvideox-2", image_url=bare)
    assert zhipu_simulator.requests[-1].body["image_url"] == bare


async def test_a_picture_that_is_none_is_refused_before_anything_is_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgument, match=r"none\.png"):
        await zhipu.videos.submit(model="cogvideox-3", image_url=tmp_path / "none.png")
    with pytest.raises(InvalidType):
        await zhipu.videos.submit(model="cogvideox-3", image_url=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidArgument, match="50 MB"):
        await zhipu.videos.submit(model="vidu2-image", image_url=bytes(50 * 1024 * 1024 + 1))
    assert zhipu_simulator.requests == []


async def test_a_misspelt_field_is_refused_with_what_was_meant(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(InvalidType, match="'duration'"):
        await zhipu.videos.submit(model="cogvideox-3", prompt="x", durations=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_help_shows_every_field(zhipu: AsyncZhipuAI) -> None:
    for method in (zhipu.videos.generate, zhipu.videos.submit):
        assert set(inspect.signature(method).parameters) >= {"model", *FIELD_NAMES, "timeout"}


async def test_what_the_model_cannot_make_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.videos.submit(model="cogvideox-3", prompt="x", duration=7)
    assert (caught.value.code, caught.value.endpoint) == ("1214", "videos.submit")
    with pytest.raises(BadRequestError):
        await zhipu.videos.generate(model="cogvideox-3")


@pytest.mark.parametrize("bad", [hang_up, error("500", 500)])
async def test_a_clip_is_never_ordered_twice(bad: Answer) -> None:
    async with hostile(bad) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted) as caught:
            await zhipu.videos.submit(model="cogvideox-3", prompt="x")
    assert len(server.requests) == 1
    assert caught.value.request_id == server.requests[0].json["request_id"]


async def test_a_clip_that_could_not_be_made_is_an_error(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(fault=TaskFails())
    with pytest.raises(TaskFailed):
        await zhipu.videos.generate(model="cogvideox-3", prompt="x")


def test_a_result_without_clips_has_no_links() -> None:
    assert (VideoResult().url, VideoResult().cover_image_url, VideoResult().links) == ("", "", [])


async def test_a_task_keeps_its_receipt_and_a_reference_has_none(zhipu: AsyncZhipuAI) -> None:
    task = await zhipu.videos.submit(model="cogvideox-3", prompt="Waves", request_id="request-1")
    assert task.receipt is not None
    assert (task.receipt.id, task.receipt.task_status) == (task.id, "PROCESSING")
    assert (task.receipt.request_id, task.receipt.meta.status) == ("request-1", 200)
    assert zhipu.tasks.attach(task.ref).receipt is None
