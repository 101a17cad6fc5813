"""Web search, the older search tool and the page reader in the simulator."""

from __future__ import annotations

import pytest

from zhipu_async.simulator import Simulator
from zhipu_async.simulator.shapes import object_of, objects_of, text_of

from .asking import first
from .conftest import Caller

SEARCH = {"search_query": "asyncio", "search_engine": "search_std", "search_intent": False}
TOOL = {"tool": "web-search-pro", "messages": [{"role": "user", "content": "asyncio news"}]}


async def test_a_search_finds_pages_in_order(caller: Caller) -> None:
    body = (await caller.post("/web_search", **SEARCH, request_id="req-000001")).json

    results = objects_of(body, "search_result")
    assert [result["refer"] for result in results] == [f"ref_{number}" for number in range(1, 11)]
    assert {"title", "content", "link", "media", "icon", "publish_date"} < set(results[0])
    assert body["request_id"] == "req-000001"
    assert first(body, "search_intent") == {
        "query": "asyncio",
        "intent": "SEARCH_ALWAYS",
        "keywords": "asyncio",
    }


async def test_a_search_keeps_to_its_wishes(caller: Caller) -> None:
    wishes = {"count": 3, "search_domain_filter": "docs.example.com", "include_image": True}
    short = (await caller.post("/web_search", **SEARCH, **wishes)).json
    long = (await caller.post("/web_search", **SEARCH, **wishes, content_size="high")).json

    results = objects_of(short, "search_result")
    assert len(results) == 3
    assert text_of(results[0], "link").startswith("https://docs.example.com/")
    assert results[0]["images"]
    assert len(text_of(first(long, "search_result"), "content")) > len(text_of(results[0], "content"))


async def test_a_greeting_is_not_searched_for(caller: Caller) -> None:
    intent = {"search_intent": True}
    greeting = (await caller.post("/web_search", **{**SEARCH, **intent, "search_query": "你好"})).json
    question = (await caller.post("/web_search", **{**SEARCH, **intent})).json

    assert (first(greeting, "search_intent")["intent"], greeting["search_result"]) == ("SEARCH_NONE", [])
    assert first(question, "search_intent")["intent"] == "SEARCH_ALL"


async def test_what_the_vendors_client_leaves_out_or_types_as_text_is_taken(caller: Caller) -> None:
    assert (await caller.post("/web_search", **{**SEARCH, "search_intent": None})).status == 200
    assert (await caller.post("/reader", url="https://example.com", timeout="20")).status == 200
    assert (await caller.post("/reader", url="https://example.com", timeout="soon")).code == "1214"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"search_engine": None}, "1213"),
        ({"search_engine": "search_pro_bing"}, "1214"),
        ({"search_engine": "search_pro_sogou", "count": 15}, "1214"),
        ({"count": 51}, "1214"),
        ({"search_recency_filter": "oneHour"}, "1214"),
        ({"search_query": "[unsafe]"}, "1301"),
    ],
)
async def test_a_search_that_cannot_be_made_is_refused(
    caller: Caller, changed: dict[str, object], code: str
) -> None:
    assert (await caller.post("/web_search", **{**SEARCH, **changed})).code == code


async def test_the_tool_tells_the_intent_and_then_the_results(caller: Caller) -> None:
    body = (await caller.post("/tools", **TOOL)).json

    choice = first(body, "choices")
    calls = objects_of(object_of(choice, "message"), "tool_calls")
    assert choice["finish_reason"] == "stop"
    assert [call["type"] for call in calls] == ["search_intent", "search_result"]
    assert first(calls[0], "search_intent")["query"] == "asyncio news"
    assert first(calls[1], "search_result")["refer"] == "ref_1"


async def test_the_tool_streams_whole_calls(caller: Caller) -> None:
    named = {"model": TOOL["tool"], "messages": TOOL["messages"]}
    events = (await caller.post("/tools", **named, stream=True)).events

    choices = [first(event, "choices") for event in events]
    calls = [objects_of(object_of(choice, "delta"), "tool_calls") for choice in choices]
    assert [call[0]["type"] for call in calls[:-1]] == ["search_intent", "search_result"]
    assert choices[-1]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"tool": None}, "1213"),
        ({"tool": "web-search-max"}, "1214"),
        ({"messages": []}, "1214"),
        ({"messages": [{"role": "assistant", "content": "hi"}]}, "1214"),
        ({"recent_days": 31}, "1214"),
    ],
)
async def test_the_tool_refuses_what_it_cannot_do(
    caller: Caller, changed: dict[str, object], code: str
) -> None:
    assert (await caller.post("/tools", **{**TOOL, **changed})).code == code


async def test_a_page_is_read_as_markdown_or_as_text(caller: Caller) -> None:
    url = "https://example.com/a"
    markdown = object_of((await caller.post("/reader", url=url)).json, "reader_result")
    plain = (await caller.post("/reader", url=url, return_format="text", with_links_summary=True)).json
    bare = (await caller.post("/reader", url=url, retain_images=False, with_images_summary=True)).json

    assert text_of(markdown, "content").startswith("# example.com")
    assert "![" in text_of(markdown, "content")
    assert "format-detection" in object_of(markdown, "metadata")
    assert "#" not in text_of(object_of(plain, "reader_result"), "content")
    assert object_of(plain, "reader_result")["links"] == {"More": url + "/more"}
    assert "![" not in text_of(object_of(bare, "reader_result"), "content")
    assert object_of(bare, "reader_result")["images"]


async def test_the_content_of_a_page_can_be_scripted(sim: Simulator, caller: Caller) -> None:
    sim.script("What the page says.")

    reply = await caller.post("/reader", url="https://example.com")

    assert reply.at("reader_result", "content") == "What the page says."


@pytest.mark.parametrize(("body", "code"), [({}, "1213"), ({"url": "ftp://example.com"}, "1214")])
async def test_a_page_that_cannot_be_read_is_refused(
    caller: Caller, body: dict[str, object], code: str
) -> None:
    assert (await caller.post("/reader", **body)).code == code
