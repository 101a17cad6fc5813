"""Searches of the web: `zhipu.web_search`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Unpack, overload

from zhipu_async.flows.event_stream import EventStream
from zhipu_async.flows.job import Opened
from zhipu_async.flows.request import Request
from zhipu_async.protocol.chat_request import normalised, split
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.event_reader import EventReader
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.search_params import FIELD_NAMES, SearchProParams
from zhipu_async.protocol.signatures import expanded
from zhipu_async.resources.base import Resource
from zhipu_async.types.chat_request import Messages
from zhipu_async.types.web_search import WebSearchPro, WebSearchProChunk, WebSearchReply

SEARCH = Endpoint(
    name="web_search.search",
    path="/web_search",
    reply=WebSearchReply,
    replay=Replay.COSTLY,
    takes_request_id=True,
)
PRO = Endpoint(
    name="web_search.pro", path="/tools", reply=WebSearchPro, replay=Replay.COSTLY, takes_request_id=True
)

TOOL = "web-search-pro"


class WebSearch(Resource):
    """The web, searched for models to read."""

    async def search(
        self,
        *,
        search_query: str,
        search_engine: str,
        search_intent: bool = False,
        count: int | None = None,
        search_domain_filter: str | None = None,
        search_recency_filter: str | None = None,
        content_size: str | None = None,
        include_image: bool | None = None,
        sensitive_word_check: Mapping[str, str] | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> WebSearchReply:
        """Return pages that answer a query. Cancelling closes the connection.

        search_query: 70 characters at most are advised.
        search_engine: one of `SearchEngine`, such as "search_std".
        search_intent: look first whether a search is meant, and search only then.
        count: 1 to 50 results, 10 by default; "search_pro_sogou" knows only 10, 20, 30, 40 and 50.
        search_domain_filter: one site, such as "www.example.com".
        search_recency_filter: "oneDay", "oneWeek", "oneMonth" or "oneYear".
        content_size: "medium" or "high", how much of each page.
        sensitive_word_check: {"type": "ALL", "status": "ENABLE"} or "DISABLE".
        """
        return await self._call(
            SEARCH,
            options,
            search_query=search_query,
            search_engine=search_engine,
            search_intent=search_intent,
            count=count,
            search_domain_filter=search_domain_filter,
            search_recency_filter=search_recency_filter,
            content_size=content_size,
            include_image=include_image,
            sensitive_word_check=sensitive_word_check,
            request_id=request_id,
            user_id=user_id,
        )

    @overload
    async def pro(
        self, *, messages: Messages, stream: Literal[False] = False, **params: Unpack[SearchProParams]
    ) -> WebSearchPro: ...
    @overload
    async def pro(
        self, *, messages: Messages, stream: Literal[True], **params: Unpack[SearchProParams]
    ) -> EventStream[WebSearchProChunk]: ...
    @overload
    async def pro(
        self, *, messages: Messages, stream: bool, **params: Unpack[SearchProParams]
    ) -> WebSearchPro | EventStream[WebSearchProChunk]: ...
    @expanded(SearchProParams)
    async def pro(
        self, *, messages: Messages, stream: bool = False, **params: Unpack[SearchProParams]
    ) -> WebSearchPro | EventStream[WebSearchProChunk]:
        """Return what the older web-search-pro finds; with `stream=True` its opened stream. Prefer `search`.

        Cancelling closes the connection.
        messages: a text, or one message of the user in a list.
        """
        fields, options = split(params, FIELD_NAMES)
        listed, _ = normalised(messages)
        body = {"tool": TOOL, "messages": listed, "stream": stream, **fields}
        if stream:
            return await self._pro_stream(body, options).open()
        return await self._calls.call(PRO, Request(body, options=options))

    def _pro_stream(
        self, fields: Mapping[str, object], options: CallOptions
    ) -> EventStream[WebSearchProChunk]:
        async def opened() -> Opened:
            return await self._calls.open(PRO, Request(fields, options=options, stream=True))

        return EventStream(opened, EventReader(WebSearchProChunk, PRO.ends))
