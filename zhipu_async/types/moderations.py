"""The safety review of texts, pictures, videos and recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from zhipu_async.types.base import Part, Reply


class RiskLevel:
    """What a review says; the set is open, so the field is a plain string."""

    PASS: ClassVar = "PASS"  # noqa: S105  no password
    REVIEW: ClassVar = "REVIEW"
    REJECT: ClassVar = "REJECT"


class Finding(Part):
    """What the review says about one input; `.risk_level` is one of `RiskLevel`."""

    content_type: str = ""
    risk_level: str = ""
    risk_type: list[str] = []


# No page names all members: what is no count is left to `.raw`.
if TYPE_CHECKING:
    Counts = dict[str, dict[str, float]]
else:
    Counts = dict[str, object]


class Moderation(Reply):
    """What the review says about each input, in their order."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    result_list: list[Finding] = []
    usage: Counts = {}
    """Calls counted, such as `usage["moderation_text"]["call_count"]`."""

    def __post_init__(self) -> None:
        self.usage = {kind: _counts(counts) for kind, counts in self.usage.items()}

    @property
    def passed(self) -> bool:
        """Tell whether everything was found normal."""
        return bool(self.result_list) and all(
            found.risk_level == RiskLevel.PASS for found in self.result_list
        )


def _counts(counts: object) -> dict[str, float]:
    try:
        return msgspec.convert(counts, dict[str, float], strict=False)
    except msgspec.ValidationError:
        return {}
