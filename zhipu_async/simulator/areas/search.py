"""Web search, the older search tool with its stream, and the page reader. No I/O here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..fields import an_object, array, choice, flag, integer, text
from ..operation import Answer, Ask, Events, Operation, Whole, sse
from ..refusals import illegal, missing
from ..safety import refuse_unsafe
from ..saying import say
from ..shapes import Body, flag_of, integer_of, objects_of, text_of
from ..turns import prompt_of
from ..writing import is_chinese
from . import made

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINES = ("search_std", "search_pro", "search_pro_sogou", "search_pro_quark")
RECENCIES = ("oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit")
SOGOU_COUNTS = (10, 20, 30, 40, 50)
COUNTING_ENGINES = ("search_std", "search_pro", "search_pro_sogou")
SENTENCES = {"medium": 8, "high": 40}
GREETINGS = ("hi", "hello", "你好", "thanks", "谢谢")
"""With intent recognition on, nothing is searched for these."""
TOOL = "web-search-pro"
HITS_OF_THE_TOOL = 5
SECONDS = 1.5


def search(ask: Ask) -> Answer:
    query, engine = text_of(ask.body, "search_query"), text_of(ask.body, "search_engine")
    refuse_unsafe(query)
    count = integer_of(ask.body, "count", 10)
    if engine == "search_pro_sogou" and count not in SOGOU_COUNTS:
        raise illegal("count", "10, 20, 30, 40 or 50 expected")
    recognises = flag_of(ask.body, "search_intent")
    none = recognises and query.strip().lower() in GREETINGS
    intent = "SEARCH_NONE" if none else "SEARCH_ALL" if recognises else "SEARCH_ALWAYS"
    found = 0 if none else count if engine in COUNTING_ENGINES else 10
    results: list[object] = [hit(ask, query, index) for index in range(found)]
    body: Body = {
        "id": ask.platform.new_id(),
        "created": ask.platform.now(),
        "request_id": ask.request_id,
        "search_intent": [{"query": query, "intent": intent, "keywords": "" if none else query}],
        "search_result": results,
    }
    return Whole(body, seconds=SECONDS)


def hit(ask: Ask, query: str, index: int) -> Body:
    """One page that was found."""
    number = ask.platform.number("page", query, index)
    host = text_of(ask.body, "search_domain_filter", f"site{number % 90 + 10}.example.com")
    words = (
        f"关于“{query}”的第{index + 1}个网页。" if is_chinese(query) else f"Page {index + 1} about {query}. "
    )
    found: Body = {
        "title": f"{query} {index + 1}",
        "content": words * SENTENCES[text_of(ask.body, "content_size", "medium")],
        "link": f"https://{host}/{number:08x}",
        "media": host,
        "icon": f"https://{host}/favicon.ico",
        "refer": f"ref_{index + 1}",
        "publish_date": f"2026-{number % 6 + 1:02}-{number % 28 + 1:02}" if number % 4 else "",
    }
    if flag_of(ask.body, "include_image"):
        found["images"] = [made.to_picture(ask, 640, 480, query, index)]
    return found


def use_tool(ask: Ask) -> Answer:
    """The tool is named by `tool` in the documents and by `model` in the vendor's client."""
    name = text_of(ask.body, "tool") or text_of(ask.body, "model")
    if not name:
        raise missing("tool")
    if name != TOOL:
        raise illegal("tool", f"{TOOL} expected")
    query = prompt_of(ask)
    refuse_unsafe(query)
    calls = tool_calls(ask, query)
    head: Body = {"id": ask.platform.new_id(), "created": ask.platform.now()}
    if flag_of(ask.body, "stream"):
        return Events(tool_chunks(head, calls), seconds=SECONDS, interval=0.2)
    message: Body = {"role": "tool", "tool_calls": calls}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    return Whole({**head, "request_id": ask.request_id, "choices": choices}, seconds=SECONDS)


def tool_calls(ask: Ask, query: str) -> list[Body]:
    intent = {"index": 0, "query": query, "intent": "SEARCH_ALL", "keywords": query}
    wanted = ("title", "link", "content", "icon", "media", "refer")
    hits = [hit(ask, query, index) for index in range(HITS_OF_THE_TOOL)]
    results = [{"index": index, **{name: found[name] for name in wanted}} for index, found in enumerate(hits)]
    return [
        {"id": ask.platform.new_id("call_"), "type": "search_intent", "search_intent": [intent]},
        {"id": ask.platform.new_id("call_"), "type": "search_result", "search_result": results},
    ]


def tool_chunks(head: Body, calls: list[Body]) -> Iterator[bytes]:
    """Each call in one chunk, none of them in pieces."""
    for index, call in enumerate(calls):
        delta = {"role": "tool", "tool_calls": [{"index": index, **call}]}
        yield sse({**head, "choices": [{"index": 0, "delta": delta}]})
    yield sse({**head, "choices": [{"index": 0, "finish_reason": "stop", "delta": {"role": "tool"}}]})
    yield sse("[DONE]")


def read_page(ask: Ask) -> Answer:
    url = text_of(ask.body, "url")
    if not url.startswith(("http://", "https://")):
        raise illegal("url", "a link that begins with http:// or https:// expected")
    title = url.partition("://")[2].partition("/")[0]
    picture = made.to_picture(ask, 640, 480, url)
    result: Body = {
        "title": title,
        "description": f"What stands at {title}",
        "url": url,
        "content": say(ask, page_content(ask, title, picture)),
        "external": {"stylesheet": {f"{url.rstrip('/')}/style.css": {"type": "text/css"}}},
        "metadata": {"viewport": "width=device-width", "format-detection": "telephone=no", "keywords": title},
    }
    if flag_of(ask.body, "with_images_summary"):
        result["images"] = {"Image 1": picture}
    if flag_of(ask.body, "with_links_summary"):
        result["links"] = {"More": f"{url.rstrip('/')}/more"}
    head: Body = {"id": ask.platform.new_id(), "created": ask.platform.now(), "request_id": ask.request_id}
    return Whole({**head, "model": "web-reader", "reader_result": result}, seconds=SECONDS)


def page_content(ask: Ask, title: str, picture: str) -> str:
    if text_of(ask.body, "return_format", "markdown") != "markdown":
        return f"{title}\n\nThis page was made up by a simulator."
    image = f"\n\n![Image 1]({picture})" if flag_of(ask.body, "retain_images", True) else ""
    return f"# {title}\n\nThis page was *made up* by a simulator.{image}"


def check_messages(ask: Ask) -> Answer:
    """The tool takes a single turn of the user."""
    messages = objects_of(ask.body, "messages")
    if not messages or text_of(messages[-1], "role") != "user":
        raise illegal("messages", "a message of the user expected")
    return use_tool(ask)


SEARCH = {
    "search_query": text(1).needed,
    "search_engine": choice(*ENGINES).needed,
    "search_intent": flag(),  # marked as required and with a default; the vendor's own clients leave it out
    "count": integer(1, 50),
    "search_domain_filter": text(),
    "search_recency_filter": choice(*RECENCIES),
    "content_size": choice(*SENTENCES),
    "include_image": flag(),
    "sensitive_word_check": an_object(),
}
TOOLS = {
    "tool": text(),
    "messages": array(1).needed,
    "stream": flag(),
    "scope": text(),
    "location": text(),
    "recent_days": integer(1, 30),
}
READ = {
    "url": text(1).needed,
    "timeout": replace(integer(0), from_text=True),  # the vendor's client types it as a text
    "no_cache": flag(),
    "return_format": text(),
    "retain_images": flag(),
    "no_gfm": flag(),
    "keep_img_data_url": flag(),
    "with_images_summary": flag(),
    "with_links_summary": flag(),
}

OPERATIONS = (
    Operation("POST", "/paas/v4/web_search", search, SEARCH),
    Operation("POST", "/paas/v4/tools", check_messages, TOOLS),
    Operation("POST", "/paas/v4/reader", read_page, READ),
)
