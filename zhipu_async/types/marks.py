"""Marks that some models leave in their text. No I/O here."""

from __future__ import annotations

import re

# Compiled by re when first used: most models leave none.
THOUGHT = r"(?s)<think>.*?(?:</think>|\Z)"  # GLM-Z1 and GLM-4.5V think inside the answer
BOX = r"<\|(?:begin|end)_of_box\|>"  # GLM-4.5V frames its final answer


def without_marks(text: str) -> str:
    """The text without `<think>` thoughts and box marks; untouched when it has neither."""
    if "<think>" not in text and "_of_box|>" not in text:
        return text
    return re.sub(BOX, "", re.sub(THOUGHT, "", text)).strip()
