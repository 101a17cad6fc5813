"""docs/realtime-calls.md says what the session's tables say."""

from __future__ import annotations

import runpy
from pathlib import Path

from zhipu_async.protocol.realtime_calls import Call, Refusal

ROOT = Path(__file__).parents[1]


def test_the_page_is_what_the_tables_give() -> None:
    written = (ROOT / "docs" / "realtime-calls.md").read_text(encoding="utf-8")
    script = runpy.run_path(str(ROOT / "scripts" / "realtime_page.py"))
    assert written == script["page"](), "run: python scripts/realtime_page.py"


def test_every_call_and_every_reason_is_on_the_page() -> None:
    written = (ROOT / "docs" / "realtime-calls.md").read_text(encoding="utf-8")
    assert all(f"| `{call.value}()` |" in written for call in Call if call.value not in ("connect", "close"))
    assert all(f"| `{refusal.name.lower()}` |" in written for refusal in Refusal)
