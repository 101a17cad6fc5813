"""Limits that the caller configures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.tiers import IN_FLIGHT, TIERS, ConfiguredLimits


def test_without_configuration_everything_is_learned() -> None:
    assert ConfiguredLimits().cap("glm-4.7") is None


def test_a_number_is_for_its_model_and_the_star_for_all_others() -> None:
    limits = ConfiguredLimits({"glm-4.7": 30, "*": 8})
    assert (limits.cap("glm-4.7"), limits.cap("GLM-4.7"), limits.cap("glm-4.7-flash")) == (30, 30, 8)


def test_without_a_star_other_models_are_learned() -> None:
    assert ConfiguredLimits({"glm-4.7": 30}).cap("glm-5.3") is None


@pytest.mark.parametrize(
    ("model", "cap"),
    [
        ("embedding-3", 100),
        ("GLM-4-Voice", 10),
        ("viduq1-start-end", 40),
        ("cogview-4-250304", 10),
        ("glm-4.1v-thinking-flash", 10),
        ("glm-4.1v-thinking-flashx", 50),
        ("glm-4-air", None),
        ("glm-5.3", None),
    ],
)
def test_a_tier_knows_the_published_figures_and_their_variants(model: str, cap: int | None) -> None:
    assert ConfiguredLimits("v1").cap(model) == cap


def test_a_higher_tier_never_allows_less() -> None:
    assert all(list(caps) == sorted(caps) and len(caps) == len(TIERS) for caps in IN_FLIGHT.values())


def test_an_unknown_tier_names_those_that_exist() -> None:
    with pytest.raises(InvalidArgument, match="V0, V1, V2, V3"):
        ConfiguredLimits("V9")


@pytest.mark.parametrize("limits", [{"glm-4.7": 0}, {"*": -1}])
def test_a_cap_below_one_cannot_work(limits: Mapping[str, int]) -> None:
    with pytest.raises(InvalidArgument, match="1 or more"):
        ConfiguredLimits(limits)


@pytest.mark.parametrize("limits", [8, {"glm-4.7": "8"}, {"glm-4.7": True}, {"glm-4.7": 1.5}, {3: 3}, ["V1"]])
def test_a_wrong_type_says_what_is_taken(limits: Any) -> None:
    with pytest.raises(InvalidType, match="limits takes"):
        ConfiguredLimits(limits)
