"""Token counts on the wire."""

from __future__ import annotations

import msgspec

from zhipu_async.types.base import Part, Reply


class TokenCounts(Part):
    """How many tokens messages are, by what they are made of."""

    prompt_tokens: int = 0
    image_tokens: int = 0
    video_tokens: int = 0
    total_tokens: int = 0


class TokenCount(Reply):
    """How many tokens a request would be charged for."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    usage: TokenCounts = msgspec.field(default_factory=TokenCounts)
