"""Errors carry facts, build their sentence, and travel."""

from __future__ import annotations

import copy
import pickle

import pytest

from zhipu_async import errors, explain
from zhipu_async.errors import (
    CLOCKS,
    APIStatusError,
    APITimeoutError,
    InvalidArgument,
    RateLimitError,
    ZhipuError,
)

KINDS = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_the_librarys_travels_and_speaks(kind: type[ZhipuError]) -> None:
    error = kind("what happened", hint="What to do.")
    assert isinstance(error, ZhipuError)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is kind
        assert (str(twin), vars(twin)) == (str(error), vars(error))
    assert "what happened" in str(error)
    assert str(error).endswith("What to do.")
    assert kind.__doc__


def test_a_status_error_names_its_code_its_ids_and_who_explains_it() -> None:
    error = RateLimitError(
        "slow down", status=429, code="1302", endpoint="x.create", request_id="r", log_id="l", attempts=3,
        hint="Wait.", docs="docs/errors.md#code-1302",
    )  # fmt: skip
    assert str(error) == (
        "HTTP 429 code 1302: slow down [x.create, request_id r, log id l, 3 attempts] Wait."
        " `zhipu-async explain 1302` says more."
    )
    assert error.status_code == 429


@pytest.mark.parametrize(
    ("place", "asked"), [("finagent-code-1003", "1003"), ("http-404", "404"), ("http-APIStatusError", "418")]
)
def test_the_command_that_an_error_names_knows_the_answer(place: str, asked: str) -> None:
    error = APIStatusError("no", status=418, docs=f"docs/errors.md#{place}")
    assert str(error).endswith(f" `zhipu-async explain {asked}` says more.")
    assert asked in explain(asked)


def test_an_error_that_no_page_describes_names_no_command() -> None:
    error = APIStatusError("no", status=200, docs="docs/errors.md#http-APIStatusError")
    assert str(error) == "HTTP 200: no"


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        ("no key", "no key. Set one."),
        ("No key.", "No key. Set one."),
        ("余额不足。", "余额不足。 Set one."),
        ("", "Set one."),
    ],
)
def test_what_happened_and_what_to_do_are_two_sentences(happened: str, said: str) -> None:
    assert str(InvalidArgument(happened, hint="Set one.")) == said


@pytest.mark.parametrize("clock", ["connect", "first", "idle", "total"])
def test_a_timeout_says_what_was_waited_for(clock: str) -> None:
    said = str(APITimeoutError(clock=clock, seconds=2.5))
    assert said == f"the '{clock}' clock ran out after 2.5 s: {CLOCKS[clock]}"
    assert str(APITimeoutError("the download stalled", clock=clock)).endswith(": the download stalled")


def test_a_page_of_html_is_cut_to_a_line() -> None:
    assert len(str(APIStatusError("<p>\n" * 1000, status=502))) < 500


def test_a_timeout_is_pythons_too_and_an_unknown_fact_is_a_typo() -> None:
    assert isinstance(APITimeoutError(clock="idle"), TimeoutError)
    assert isinstance(InvalidArgument(), ValueError)
    with pytest.raises(TypeError, match="clok"):
        APITimeoutError(clok="idle")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
