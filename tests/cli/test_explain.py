"""`zhipu-async explain`."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_codes_are_explained_without_a_key_or_a_network(run: Run) -> None:
    ended = run("explain", "1302", "404")
    assert (ended.code, ended.err) == (0, "")
    first, second = ended.out.split("\n\n")
    assert first.startswith("1302: ")
    assert second.startswith("HTTP 404: ")
    assert "what to do" in second


def test_a_code_that_nobody_knows_is_wrong_usage(run: Run) -> None:
    ended = run("explain", "9999")
    assert (ended.code, ended.out) == (2, "")
    assert "'9999'" in ended.err
