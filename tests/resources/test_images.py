"""Pictures over a real socket: at once, and as a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hostile import Answer, error, hang_up, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, ContentBlocked, InvalidType, MaybeSubmitted, TaskFailed
from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.types.images import ImageList

PNG = b"\x89PNG\r\n\x1a\n"
FIELDS: dict[str, object] = {
    "model": "glm-image",
    "prompt": "a red kite over a lake",
    "quality": "hd",
    "size": "1728x960",
    "watermark_enabled": False,
    "request_id": "req-img-0001",
    "user_id": "user-0001",
}


@pytest.fixture(autouse=True)
def _impatient(zhipu: AsyncZhipuAI) -> None:  # pyright: ignore[reportUnusedFunction]
    zhipu.tasks.polling.scale = 1e-4


async def test_a_picture_is_made_at_once_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    made = await zhipu.images.generate(
        model="glm-image",
        prompt="a red kite over a lake",
        quality="hd",
        size="1728x960",
        watermark_enabled=False,
        sensitive_word_check={"type": "ALL", "status": "DISABLE"},
        request_id="req-img-0001",
        user_id="user-0001",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/images/generations")
    assert request.body == {**FIELDS, "sensitive_word_check": {"type": "ALL", "status": "DISABLE"}}
    assert request.unknown_fields == ()
    assert made.url == made.data[0].url == made.links[0]
    assert made.created
    assert (made.content_filter[0].role, made.content_filter[0].level) == ("assistant", 3)
    assert (await made.save(tmp_path / "kite.png")).read_bytes().startswith(PNG)


async def test_what_is_not_given_is_not_sent(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    await zhipu.images.generate(model="cogview-4", prompt="a kite")
    assert zhipu_simulator.requests[-1].body == {"model": "cogview-4", "prompt": "a kite"}


async def test_a_picture_is_made_by_a_task_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    task = await zhipu.images.submit(
        model="glm-image",
        prompt="a red kite over a lake",
        quality="hd",
        size="1728x960",
        watermark_enabled=False,
        request_id="req-img-0001",
        user_id="user-0001",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/async/images/generations")
    assert request.body == FIELDS
    made = await task
    assert zhipu_simulator.requests[-1].path == f"/api/paas/v4/async-result/{task.id}"
    assert (made.id, made.request_id, made.task_status) == (task.id, "req-img-0001", "SUCCESS")
    assert made.url == made.image_result[0].url == made.links[0]
    assert (await made.save(tmp_path / "kite.png")).read_bytes().startswith(PNG)


async def test_a_picture_that_could_not_be_made_is_an_error(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(fault=TaskFails())
    with pytest.raises(TaskFailed):
        await (await zhipu.images.submit(prompt="a kite"))


async def test_a_size_that_the_model_does_not_know_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.images.generate(model="glm-image", prompt="a kite", size="1281x1280")
    assert (caught.value.code, caught.value.endpoint) == ("1214", "images.generate")
    with pytest.raises(BadRequestError):
        await zhipu.images.submit(prompt="a kite", quality="standard")


async def test_a_refused_prompt_says_whose_text_it_was() -> None:
    refusal = {
        "error": {"code": "1301", "message": "unsafe"},
        "contentFilter": [{"role": "user", "level": 1}],
    }
    async with hostile(reply(refusal, status=400)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            with pytest.raises(ContentBlocked) as caught:
                await zhipu.images.generate(model="cogview-4", prompt="a kite")
    assert caught.value.content_filter == ({"role": "user", "level": 1},)


@pytest.mark.parametrize("bad", [hang_up, error("1234", 500)])
async def test_pictures_are_never_ordered_twice(bad: Answer) -> None:
    async with hostile(bad) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted):
            await zhipu.images.generate(model="cogview-4", prompt="a kite")
        with pytest.raises(MaybeSubmitted):
            await zhipu.images.submit(prompt="a kite")
    assert len(server.requests) == 2


async def test_a_field_that_does_not_exist_is_refused_before_anything_is_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    with pytest.raises(InvalidType, match="extra_body"):
        await zhipu.images.generate(model="cogview-4", prompt="a kite", n=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert zhipu_simulator.requests == []


async def test_nulls_and_missing_lists_read_as_nothing() -> None:
    async with hostile(reply({"created": 1, "data": None, "content_filter": None})) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            made = await zhipu.images.generate(model="cogview-4", prompt="a kite")
    assert made == ImageList(created=1)
    assert made.url == ""


async def test_a_misspelt_field_is_answered_with_the_one_that_was_meant(zhipu: AsyncZhipuAI) -> None:
    misspelt: Any = {"sise": "1024x1024"}
    for make in (zhipu.images.generate, zhipu.images.submit):
        with pytest.raises(InvalidType, match="Did you mean 'size'"):
            await make(model="cogview-4", prompt="a cat", **misspelt)
