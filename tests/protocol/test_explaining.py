"""What a code means, for those who have met it in a log."""

from __future__ import annotations

import pytest

from zhipu_async import InvalidArgument, explain
from zhipu_async.protocol.codes import FINAGENT, IN_REPLIES, PLATFORM, STATUSES


def test_a_code_is_told_with_its_class_its_fate_and_its_cure() -> None:
    assert explain(1305).splitlines() == [
        "1305: the model is overloaded",
        "  raises       OverloadedError, with HTTP 429",
        "  tried again  only with overload_patience=, in steps of half a minute and more",
        "  what to do   This lasts minutes: overload_patience=300 waits for it; another model may be free.",
    ]


def test_what_has_no_cure_gets_no_line_for_it() -> None:
    assert "what to do" not in explain("1304")


def test_a_number_that_means_two_things_gets_both() -> None:
    ordinary, finance = explain("1003").split("\n\n")
    assert ordinary.startswith(f"1003: {PLATFORM['1003'].meaning}\n")
    assert finance.startswith(f"1003 from FinAgent: {FINAGENT['1003'].meaning}\n")


def test_a_code_inside_a_reply_raises_nothing() -> None:
    assert "raises       nothing" in explain("11002")


@pytest.mark.parametrize(
    ("status", "meaning"), [(404, STATUSES[404].meaning), (520, "the platform failed"), (418, "no page")]
)
def test_an_http_status_is_known_too(status: int, meaning: str) -> None:
    said = explain(f" {status} ")
    assert said.startswith(f"HTTP {status}: ")
    assert meaning in said


@pytest.mark.parametrize("code", [*PLATFORM, *FINAGENT, *IN_REPLIES, *map(str, STATUSES)])
def test_every_code_of_the_tables_is_explained(code: str) -> None:
    assert code in explain(code).splitlines()[0]


@pytest.mark.parametrize("code", ["", "9999", 200, 600, "-404", "rate limit", "٤٠٤"])
def test_what_nobody_describes_is_refused(code: str | int) -> None:
    with pytest.raises(InvalidArgument, match="no page of the platform describes"):
        explain(code)
