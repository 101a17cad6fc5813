"""Pages of the web over a real socket."""

from __future__ import annotations

import pytest

from tests.hostile import hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError
from zhipu_async.simulator import Simulator


async def test_a_page_is_read_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    page = await zhipu.web_reader.read(
        url="https://example.com",
        fetch_timeout=30,
        no_cache=True,
        return_format="markdown",
        retain_images=True,
        no_gfm=True,
        keep_img_data_url=False,
        with_images_summary=True,
        with_links_summary=True,
        request_id="request-1",
        user_id="user-1",
        timeout=60,
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/reader")
    assert request.body == {
        "url": "https://example.com",
        "timeout": 30,
        "no_cache": True,
        "return_format": "markdown",
        "retain_images": True,
        "no_gfm": True,
        "keep_img_data_url": False,
        "with_images_summary": True,
        "with_links_summary": True,
        "request_id": "request-1",
        "user_id": "user-1",
    }
    result = page.reader_result
    assert (page.model, result.title, result.url) == ("web-reader", "example.com", "https://example.com")
    assert result.content.startswith("# example.com")
    assert result.links == {"More": "https://example.com/more"}
    assert list(result.images) == ["Image 1"]
    assert result.metadata["format-detection"] == "telephone=no"
    assert list(result.external) == ["stylesheet"]


async def test_the_time_of_publication_is_read() -> None:
    answer = reply({"id": "1", "reader_result": {"publishedTime": "2026-01-01", "description": None}})
    async with hostile(answer) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        page = await zhipu.web_reader.read(url="https://example.com")
    assert (page.reader_result.published_time, page.reader_result.description) == ("2026-01-01", "")
    assert "request_id" not in server.requests[0].json


async def test_what_is_no_link_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.web_reader.read(url="example")
