"""What the simulated model says: cutting text into tokens and making it up. No I/O here."""

from __future__ import annotations

import re

TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]{1,2}| ?[A-Za-z]{1,7}| ?\d{1,3}|\s+|[^\w\s]|.", re.DOTALL)
"""A token of the simulated models: two Chinese characters, most of an English word, three digits, a sign."""
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def pieces(text: str) -> list[str]:
    """Cut a text into its tokens; put together they are the text again."""
    return TOKEN.findall(text)


def count(text: str) -> int:
    return len(TOKEN.findall(text))


def is_chinese(text: str) -> bool:
    return CHINESE.search(text) is not None
