"""The safety review of texts, pictures, videos and recordings."""

from __future__ import annotations

from typing import ClassVar

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


class Moderation(Reply):
    """What the review says about each input, in their order."""

    id: str = ""
    created: int = 0
    request_id: str = ""
    result_list: list[Finding] = []
    usage: dict[str, dict[str, float]] = {}
    """Calls counted, such as `usage["moderation_text"]["call_count"]`."""

    @property
    def passed(self) -> bool:
        """Tell whether everything was found normal."""
        return bool(self.result_list) and all(
            found.risk_level == RiskLevel.PASS for found in self.result_list
        )
