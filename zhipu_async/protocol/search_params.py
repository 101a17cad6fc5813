"""The parameters of the older web-search-pro, each once. No I/O here."""

from __future__ import annotations

from zhipu_async.protocol.options import CallOptions


class SearchProParams(CallOptions, total=False):
    """What web-search-pro takes beside `messages`; None is not sent."""

    tool: str | None
    """ "web-search-pro", sent by default."""
    model: str | None
    """The tool's name once more, as older clients send it."""
    scope: str | None
    """Where to look, such as a site."""
    location: str | None
    """A place that the results should be about."""
    recent_days: int | None
    """Only pages of the last 1 to 30 days."""
    request_id: str | None
    """Yours for this request."""


FIELD_NAMES = frozenset(SearchProParams.__annotations__) - frozenset(CallOptions.__annotations__)
