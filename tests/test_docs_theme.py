"""The words that the documentation's theme puts around the pages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest

ROOT = Path(__file__).parents[1]
MATERIAL = find_spec("material")
assert MATERIAL is not None
FOLDERS = [
    str(ROOT / "docs-theme"),
    *(f"{path}/templates" for path in MATERIAL.submodule_search_locations or ()),
]
SHOWN = '{% import "partials/language.html" as lang with context %}{{ lang.t("search.placeholder") }}'


@pytest.mark.parametrize(
    ("url", "word"), [("guides/streams.html", "Search"), ("zh/guides/streams.html", "搜索"), (None, "Search")]
)
def test_the_interface_speaks_the_language_of_the_page(url: str | None, word: str) -> None:
    pages = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDERS), autoescape=True)
    page = SimpleNamespace(url=url) if url else None  # the page for a wrong address is none
    config = SimpleNamespace(theme=SimpleNamespace(language="en"))
    assert pages.from_string(SHOWN).render(page=page, config=config) == word
