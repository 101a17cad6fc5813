"""What every call takes beside its own fields. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zhipu_async.protocol.timeouts import Timeout


class CallOptions(TypedDict, total=False):
    """Options of one call; `zhipu.with_options(...)` sets them for many."""

    timeout: float | Timeout | None
    """Seconds for the whole call, a `Timeout` with all four clocks, or None for no limit."""
    max_retries: int
    """How often a failed attempt may be repeated; what creates something is never sent twice blindly."""
    overload_patience: float
    """How many seconds to keep trying while the platform says that it is busy itself (1305); 0 fails fast."""
    extra_headers: Mapping[str, str]
    """Headers to add."""
    extra_query: Mapping[str, str]
    """Query parameters to add."""
    extra_body: Mapping[str, object]
    """Body fields that the library does not know; they win over the written-out ones."""
