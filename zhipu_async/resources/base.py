"""What every resource rests on: fields in, reply out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from zhipu_async.flows.call import Calls
from zhipu_async.flows.request import Content, Request, sent
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.protocol.options import CallOptions

T = TypeVar("T")


class Resource:
    """The methods of one area of the platform."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._calls.address.base_url}>"

    async def _call(self, endpoint: Endpoint[T], options: CallOptions, /, **fields: object) -> T:
        """Send the fields that are not None as JSON and return the reply."""
        body = sent(**fields)
        request = Request(body, model=str(body.get("model", "")), options=options)
        return await self._calls.call(endpoint, request)

    async def _get(
        self,
        endpoint: Endpoint[T],
        options: CallOptions,
        /,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> T:
        """Send no body, only path arguments and a query, and return the reply."""
        return await self._calls.call(endpoint, Request(path=path or {}, query=query or {}, options=options))

    async def _upload(
        self,
        endpoint: Endpoint[T],
        content: Content,
        options: CallOptions,
        /,
        *,
        path: Mapping[str, str] | None = None,
    ) -> T:
        """Send a form and return the reply."""
        return await self._calls.call(endpoint, Request(content=content, path=path or {}, options=options))
