"""Replies with links: saved in one call, also after a journey through pickle."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from tests.hostile import hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import InvalidArgument, UsageError
from zhipu_async.types.images import ImageLink, ImageList
from zhipu_async.types.links import Linked


async def made(zhipu: AsyncZhipuAI) -> ImageList:
    return await zhipu.images.generate(model="cogview-4", prompt="a kite", size="512x512")


async def test_a_reply_saves_what_it_links_to_and_tells_its_progress(
    zhipu: AsyncZhipuAI, tmp_path: Path
) -> None:
    seen: list[tuple[int, int | None]] = []
    picture = await made(zhipu)
    saved = await picture.save(
        str(tmp_path / "kite.png"), on_progress=lambda done, total: seen.append((done, total))
    )
    size = len(saved.read_bytes())
    assert saved == tmp_path / "kite.png"
    assert seen[-1] == (size, size)


async def test_one_of_several_links_is_saved_by_its_number(tmp_path: Path) -> None:
    links = [{"url": "https://example.org/a"}, {"url": "https://example.org/b"}]
    async with hostile(reply({"data": links}), reply(b"second")) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            pictures = await made(zhipu)
            pictures.data[1].url = f"{server.base_url}/b"
            assert (await pictures.save(tmp_path / "b", index=-1)).read_bytes() == b"second"
    assert server.requests[-1].target.endswith("/b")


async def test_a_link_that_is_not_there_is_the_callers_mistake(zhipu: AsyncZhipuAI, tmp_path: Path) -> None:
    picture = await made(zhipu)
    for index in (1, -2):
        with pytest.raises(InvalidArgument, match=f"1 links, so there is no number {index}"):
            await picture.save(tmp_path / "kite.png", index=index)


async def test_the_key_is_not_sent_to_where_links_lead() -> None:
    async with hostile(reply(b"sound")) as elsewhere:
        async with AsyncZhipuAI("id.secret", base_url=elsewhere.base_url, headers={"X-Team": "t"}) as zhipu:
            assert await zhipu.download(f"{elsewhere.base_url}/made.wav") == b"sound"
    assert not {"authorization", "x-team"}.intersection(elsewhere.requests[0].headers)


async def test_an_unpickled_reply_says_how_to_save_it(zhipu: AsyncZhipuAI, tmp_path: Path) -> None:
    picture = await made(zhipu)
    for twin in (pickle.loads(pickle.dumps(picture)), copy.deepcopy(picture)):
        assert twin == picture
        assert twin.meta == picture.meta
        assert twin.raw == picture.raw
        with pytest.raises(UsageError, match=r"zhipu\.download"):
            await twin.save(tmp_path / "kite.png")
    assert (await copy.copy(picture).save(tmp_path / "kite.png")).exists()


async def test_the_client_is_no_part_of_a_replys_value(zhipu: AsyncZhipuAI) -> None:
    picture = await made(zhipu)
    bare = ImageList(created=picture.created, data=picture.data, content_filter=picture.content_filter)
    assert picture == bare
    assert "AsyncZhipuAI" not in repr(picture) + picture.to_json()


def test_a_reply_without_links_has_none() -> None:
    assert (Linked().links, Linked().url) == ([], "")
    assert ImageList(data=[ImageLink(url="https://example.org/a.png")]).url == "https://example.org/a.png"
