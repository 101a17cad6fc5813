"""Docstrings in three styles say the same."""

from __future__ import annotations

import pytest

from zhipu_async.protocol.docstrings import parse

GOOGLE = """Forecast the weather.

    It rains
    often.

    Args:
        city: name of the city
        days (int, optional): how many days,
            today included

    Returns:
        str: the forecast
"""
NUMPY = """Forecast the weather.

    It rains
    often.

    Parameters
    ----------
    city : str
        name of the city
    days : int, optional
        how many days,
        today included

    Returns
    -------
    str
        the forecast
"""
SPHINX = """Forecast the weather.

    It rains
    often.

    :param city: name of the city
    :param int days: how many days,
        today included
    :returns: the forecast
    :rtype: str
"""
CHINESE = """Forecast the weather.

    It rains
    often.

    参数：
        city：name of the city
        days：how many days,
            today included
    返回：
        the forecast
"""


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX, CHINESE])
def test_summary_and_parameters_are_found(docstring: str) -> None:
    assert parse(docstring) == (
        "Forecast the weather.\n\nIt rains often.",
        {"city": "name of the city", "days": "how many days, today included"},
    )


@pytest.mark.parametrize("nothing", [None, "", "   \n  "])
def test_no_docstring_says_nothing(nothing: str | None) -> None:
    assert parse(nothing) == ("", {})


def test_a_section_ends_with_its_indent() -> None:
    assert parse("Sum.\n\nArgs:\n    a: first\nNot an argument: this").parameters == {"a": "first"}


def test_starred_names_are_names() -> None:
    assert parse("Sum.\n\nArgs:\n    *numbers: what to add").parameters == {"numbers": "what to add"}


def test_lines_that_fit_no_style_are_left_out() -> None:
    assert parse("Sum.\n\nArgs:\n    (nothing of note)\n    a: first").parameters == {"a": "first"}


def test_a_field_ends_at_a_blank_line() -> None:
    assert parse("Sum.\n\n:param a: first\n\nMore prose.").parameters == {"a": "first"}


def test_a_section_at_the_end_may_be_empty() -> None:
    assert parse("Sum.\n\nArgs:") == ("Sum.", {})
