"""The diagrams of the documentation are those of the code."""

from __future__ import annotations

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "diagrams.py"


def test_the_diagrams_are_drawn_from_the_code_as_it_is() -> None:
    script = runpy.run_path(str(SCRIPT))
    assert script["main"]("--check") == 0, "run: python scripts/diagrams.py"
