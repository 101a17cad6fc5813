"""Searches of the web over a real socket: the search, and the older tool whole and streamed."""

from __future__ import annotations

import pytest

from tests.hostile import error, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import (
    BadRequestError,
    ConcurrencyLimit,
    ContentBlocked,
    InternalServerError,
    InvalidType,
    StreamInterrupted,
)
from zhipu_async.protocol.search_params import SearchProParams
from zhipu_async.simulator import Cut, Simulator
from zhipu_async.types.web_search import Intent, SearchEngine, WebSearchReply

EVERY_FIELD: dict[str, object] = {
    "search_query": "asyncio news",
    "search_engine": "search_pro",
    "search_intent": True,
    "count": 3,
    "search_domain_filter": "www.example.com",
    "search_recency_filter": "oneWeek",
    "content_size": "high",
    "include_image": True,
    "sensitive_word_check": {"type": "ALL", "status": "DISABLE"},
    "request_id": "request-1",
    "user_id": "user-1",
}
PRO_FIELDS: dict[str, object] = {
    "tool": "web-search-pro",
    "model": "web-search-pro",
    "messages": [{"role": "user", "content": "asyncio news"}],
    "scope": "www.example.com",
    "location": "北京",
    "recent_days": 7,
    "request_id": "request-2",
}


async def test_pages_are_found_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    found = await zhipu.web_search.search(
        search_query="asyncio news",
        search_engine=SearchEngine.PRO,
        search_intent=True,
        count=3,
        search_domain_filter="www.example.com",
        search_recency_filter="oneWeek",
        content_size="high",
        include_image=True,
        sensitive_word_check={"type": "ALL", "status": "DISABLE"},
        request_id="request-1",
        user_id="user-1",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/web_search")
    assert request.body == EVERY_FIELD
    assert found.search_intent[0].intent == Intent.ALL
    assert [page.refer for page in found.search_result] == ["ref_1", "ref_2", "ref_3"]
    assert found.search_result[0].link.startswith("https://www.example.com/")
    assert found.search_result[0].images
    assert found.request_id == "request-1"


async def test_the_intent_is_always_said_since_the_platform_requires_it(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    found = await zhipu.web_search.search(search_query="news", search_engine="search_std")
    assert zhipu_simulator.requests[-1].body["search_intent"] is False
    assert found.search_intent[0].intent == Intent.ALWAYS
    assert len(found.search_result) == 10


async def test_no_intent_means_no_results() -> None:
    body = {"id": "1", "search_intent": [{"intent": "SEARCH_NONE"}], "search_result": None}
    async with hostile(reply(body)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        found = await zhipu.web_search.search(search_query="hi", search_engine="search_std")
    assert isinstance(found, WebSearchReply)
    assert (found.search_intent[0].intent, found.search_result) == (Intent.NONE, [])


async def test_an_engine_that_does_not_exist_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.web_search.search(search_query="news", search_engine="search_pro_bing")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("1701", ConcurrencyLimit), ("1702", BadRequestError), ("1703", InternalServerError)],
)
async def test_the_codes_of_the_search_are_known(code: str, kind: type[Exception]) -> None:
    async with hostile(error(code, 400)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url, max_retries=0) as zhipu:
            with pytest.raises(kind, match=code):
                await zhipu.web_search.search(search_query="news", search_engine="search_std")


async def test_the_older_tool_finds_pages_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    found = await zhipu.web_search.pro(
        messages="asyncio news",
        tool="web-search-pro",
        model="web-search-pro",
        scope="www.example.com",
        location="北京",
        recent_days=7,
        request_id="request-2",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/tools")
    assert request.body == {**PRO_FIELDS, "stream": False}
    assert [call.type for call in found.choices[0].message.tool_calls] == ["search_intent", "search_result"]
    assert found.choices[0].message.tool_calls[0].search_intent[0].query == "asyncio news"
    assert found.results[0].link


async def test_the_older_tool_streams_its_steps(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    messages = [{"role": "user", "content": "asyncio news"}]
    async with await zhipu.web_search.pro(messages=messages, stream=True) as stream:
        chunks = [chunk async for chunk in stream]
    assert zhipu_simulator.requests[-1].body["stream"] is True
    assert [bool(chunk.results) for chunk in chunks] == [False, True, False]
    assert chunks[0].choices[0].delta.tool_calls[0].search_intent[0].keywords == "asyncio news"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert stream.meta.status == 200


async def test_a_stream_that_is_cut_says_so(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script(fault=Cut(after_events=1, politely=True))
    stream = await zhipu.web_search.pro(messages="asyncio news", stream=True)
    with pytest.raises(StreamInterrupted):
        await stream.collect()


@pytest.mark.parametrize("stream", [False, True])
async def test_an_unsafe_question_is_refused_whole_and_streamed(stream: bool, zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(ContentBlocked):
        await zhipu.web_search.pro(messages="[unsafe]", stream=stream)


async def test_a_misspelled_field_of_the_older_tool_is_named() -> None:
    zhipu = AsyncZhipuAI("a.b")
    misspelled: SearchProParams = {"recent_day": 7}  # type: ignore[typeddict-unknown-key]
    with pytest.raises(InvalidType, match="Did you mean 'recent_days'"):
        await zhipu.web_search.pro(messages="news", **misspelled)


async def test_steps_that_are_objects_read_as_lists_of_one() -> None:
    call = {
        "id": "c1",
        "type": "search_recommend",
        "search_intent": {"query": "q", "intent": "SEARCH_ALL", "keywords": "k", "category": "c"},
        "search_result": {"title": "T", "link": "https://example.com"},
        "search_recommend": {"index": 0, "query": "more"},
    }
    body = {"choices": [{"finish_reason": "stop", "message": {"role": "tool", "tool_calls": [call]}}]}
    async with hostile(reply(body)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        found = await zhipu.web_search.pro(messages="q")
    step = found.choices[0].message.tool_calls[0]
    assert (step.search_intent[0].category, step.search_recommend[0].query) == ("c", "more")
    assert [page.title for page in found.results] == ["T"]
