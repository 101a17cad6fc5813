"""The base of every reply: `.meta` and `.raw` beside the fields, outside equality and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from typing_extensions import Self

KEPT_BODY_BYTES = 256 * 1024  # a reply keeps its own bytes for `.raw` up to here; vectors need no second copy


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """How a reply came: what one asks for when talking to the platform's support."""

    status: int = 200
    log_id: str = ""
    request_id: str = ""
    headers: Mapping[str, str] = {}
    attempts: int = 1
    elapsed: float = 0.0
