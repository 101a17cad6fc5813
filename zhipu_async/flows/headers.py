"""What requests say of themselves: the headers that all requests with one key have in common are made once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhipu_async.transport.http import Http

MOST_KEPT = 32  # a program has one key; signed tokens change every few minutes, and gateways have many keys


class SentHeaders(dict[str, str]):
    """Headers whose values do not show: tools that print the variables of a traceback would print the key."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"


class UsualHeaders:
    """The headers of requests that add none of their own, in the HTTP library's form."""

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = own
        self._kept: dict[tuple[str, str], Mapping[str, str]] = {}

    def of(self, http: Http, authorization: str, content_type: str) -> Mapping[str, str]:
        """Return the headers of requests with this key and this kind of body ("" for none); not to be changed."""
        kept = self._kept.get((authorization, content_type))
        return kept if kept is not None else self._make(http, authorization, content_type)

    def _make(self, http: Http, authorization: str, content_type: str) -> Mapping[str, str]:
        headers = SentHeaders(self._own)
        headers.setdefault("Authorization", authorization)
        if content_type:
            headers["Content-Type"] = content_type
        if len(self._kept) >= MOST_KEPT:
            self._kept = {}
        made = self._kept[authorization, content_type] = http.in_own_form(headers)
        return made
