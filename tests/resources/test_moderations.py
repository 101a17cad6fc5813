"""The safety review over a real socket."""

from __future__ import annotations

import pytest

from tests.hostile import hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError
from zhipu_async.simulator import Simulator
from zhipu_async.types.moderations import Moderation, RiskLevel

INPUTS: list[dict[str, object]] = [
    {"type": "text", "text": "hello"},
    {"type": "image_url", "image_url": {"url": "https://example.com/[review].png"}},
    {"type": "video_url", "video_url": {"url": "https://example.com/v.mp4"}},
    {"type": "audio_url", "audio_url": {"url": "https://example.com/[unsafe].mp3"}},
]


async def test_every_kind_of_input_is_judged_in_order(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    review = await zhipu.moderations.create(model="moderation", input=INPUTS)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/moderations")
    assert request.body == {"model": "moderation", "input": INPUTS}
    assert [(found.content_type, found.risk_level) for found in review.result_list] == [
        ("text", RiskLevel.PASS),
        ("image", RiskLevel.REVIEW),
        ("video", RiskLevel.PASS),
        ("audio", RiskLevel.REJECT),
    ]
    assert review.result_list[3].risk_type == ["violence"]
    assert not review.passed
    assert review.usage == {"moderation_text": {"call_count": 4}}


@pytest.mark.parametrize("given", ["hello", {"type": "text", "text": "hello"}])
async def test_one_text_passes(given: str | dict[str, object], zhipu: AsyncZhipuAI) -> None:
    assert (await zhipu.moderations.create(input=given)).passed
    totals = zhipu.usage["moderation"]
    assert (totals.calls, totals.total_tokens) == (1, 0), "calls are counted, not tokens"


def test_a_review_that_judged_nothing_passes_nothing() -> None:
    assert not Moderation().passed


async def test_a_text_that_is_too_long_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.moderations.create(input="a" * 2001)


async def test_counts_are_numbers_and_what_is_none_is_left_to_raw() -> None:
    usage = {"moderation_text": {"call_count": "3"}, "moderation_image": {"seen": [1]}, "calls": 7}
    async with hostile(reply({"usage": usage})) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            review = await zhipu.moderations.create(input="hello")
    assert review.usage["moderation_text"] == {"call_count": 3}
    assert review.usage["moderation_image"] == review.usage["calls"] == {}
    assert review.raw["usage"] == usage
