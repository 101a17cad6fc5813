"""What every resource rests on: fields in, reply out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from zhipu_async.flows.call import Calls
from zhipu_async.flows.request import Content, Request, sent
from zhipu_async.flows.veil import Veiled
from zhipu_async.protocol.checked_options import check_names
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.protocol.options import CallOptions
from zhipu_async.types.base import Reply

if TYPE_CHECKING:
    from zhipu_async.flows.pages import Pages, Query
    from zhipu_async.flows.tasks import PendingTask
    from zhipu_async.protocol.kinds import Kind
    from zhipu_async.types.tasks import TaskReceipt

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741  an item of a page
Task = TypeVar("Task", bound=Reply)


class Resource(Veiled):
    """The methods of one area of the platform."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._calls.address.base_url}>"

    if not TYPE_CHECKING:  # where a name that is missing is an error already

        def __getattr__(self, name):
            from zhipu_async.protocol.renamed import nothing_called  # here, since few programs misspell

            raise nothing_called(name, self)

    # Not coroutines themselves: these stand between the method that one calls and the call, and would cost each time.

    def _call(self, endpoint: Endpoint[T], options: CallOptions, /, **fields: object) -> Awaitable[T]:
        """Send the fields that are not None as JSON and return the reply."""
        if options:
            check_names(options, fields)
        body = sent(**fields)
        request = Request(body, model=str(body.get("model", "")), options=options)
        return self._calls.call(endpoint, request)

    async def _submit(
        self,
        endpoint: Endpoint[TaskReceipt],
        kind: Kind[Task],
        options: CallOptions,
        /,
        *,
        content: Content | None = None,
        extra: Mapping[str, str] | None = None,
        **fields: object,
    ) -> PendingTask[Task]:
        """Send the fields that are not None, or a form, and return the task.

        extra: what polling needs beside the fields; it travels in the task's reference.
        """
        check_names(options, fields)
        body = sent(**fields)
        request = Request(body, model=str(body.get("model", "")), options=options)
        if content is not None:
            request = Request(content=content, options=options)
        return await self._calls.tasking.flow.submit(self._calls, endpoint, kind, request, extra=extra)

    def _get(
        self,
        endpoint: Endpoint[T],
        options: CallOptions,
        /,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Awaitable[T]:
        """Send no body, only path arguments and a query, and return the reply."""
        return self._calls.call(endpoint, Request(path=path or {}, query=query or {}, options=options))

    def _pages(
        self,
        endpoint: Endpoint[T],
        options: CallOptions,
        query: Query,
        /,
        *,
        items: Callable[[T], Sequence[I]],
        following: Callable[[T, Query], Query | None],
    ) -> Pages[T, I]:
        """Return the pages of a list; nothing is sent before they are asked for."""
        from zhipu_async.flows.pages import Pages  # here, since most areas have none

        async def fetch(query: Query) -> T:
            return await self._get(endpoint, options, query=query)

        return Pages(fetch, query, items, following)

    def _upload(
        self,
        endpoint: Endpoint[T],
        content: Content,
        options: CallOptions,
        /,
        *,
        path: Mapping[str, str] | None = None,
    ) -> Awaitable[T]:
        """Send a form and return the reply."""
        return self._calls.call(endpoint, Request(content=content, path=path or {}, options=options))
