"""The envelope of knowledge bases and old applications, in which 200 means success. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..operation import Whole

if TYPE_CHECKING:
    from ..operation import Ask
    from ..shapes import Body


def enveloped(ask: Ask, data: object = None, *, seconds: float = 0) -> Whole:
    """Wrap the content; edits and deletions have none."""
    tail: Body = {"code": 200, "message": "ok", "timestamp": ask.platform.now_ms()}
    return Whole(tail if data is None else {"data": data, **tail}, seconds=seconds)
