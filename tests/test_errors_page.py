"""docs/errors.md says what the table of codes says."""

from __future__ import annotations

import runpy
from pathlib import Path

from zhipu_async.protocol.codes import FINAGENT, PLATFORM, STATUSES

ROOT = Path(__file__).parents[1]


def test_the_page_is_what_the_table_gives() -> None:
    written = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    script = runpy.run_path(str(ROOT / "scripts" / "errors_page.py"))
    assert written == script["page"](), "run: python scripts/errors_page.py"


def test_every_rule_has_a_place_of_its_own_on_the_page() -> None:
    written = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for rule in (*PLATFORM.values(), *STATUSES.values(), *FINAGENT.values()):
        assert written.count(f'id="{rule.anchor}"') == 1
