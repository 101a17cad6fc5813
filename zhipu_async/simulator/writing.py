"""What the simulated model says: cutting text into tokens and making it up. No I/O here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .tongues import HAN, Tongue, tongue_of

if TYPE_CHECKING:
    from random import Random

TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]{1,2}| ?[A-Za-z]{1,7}| ?\d{1,3}|\s+|[^\w\s]|.", re.DOTALL)
"""A token of the simulated models: two Chinese characters, most of an English word, three digits, a sign."""
REPEAT = re.compile(
    r"^\s*(?:please\s+)?(?:say|repeat(?: after me)?|echo|(?:reply|answer|respond)(?: only)? with(?: exactly)?)"
    r"\s*[:：]?\s+(?P<text>.+?)\s*$",
    re.IGNORECASE | re.DOTALL,
)
REPEAT_CHINESE = re.compile(
    r"^\s*请?(?:只)?(?:跟我说|重复一遍|重复|复述|回答|回复|说)(?:一遍|一句)?\s*[:：]?\s*[“\"「](?P<text>.+)[”\"」]\s*[。.]?\s*$"
    r"|^\s*请?(?:只)?(?:跟我说|重复一遍|重复|复述|回答|回复|说)\s*[:：]\s*(?P<plain>.+?)\s*$",
    re.DOTALL,
)
CHARACTERS = frozenset({"字", "个字", "文字", "자"})
LENGTH = re.compile(r"(\d{1,5})\s*-?\s*(words?|个?字|文字|자|단어|слов|Wörter|mots|palabras)", re.IGNORECASE)
LONGEST_WISH = 20_000
"""Words or characters that a prompt may ask for."""
LONGEST_ECHO = 60
"""Characters of the prompt that an answer repeats."""


def pieces(text: str) -> list[str]:
    """Cut a text into its tokens; put together they are the text again."""
    return TOKEN.findall(text)


def count(text: str) -> int:
    return len(TOKEN.findall(text))


def is_chinese(text: str) -> bool:
    return tongue_of(text) is HAN


def to_repeat(prompt: str) -> str | None:
    """The text that the prompt asks to be said, if it asks for one."""
    found = REPEAT.match(prompt) or REPEAT_CHINESE.match(prompt)
    if found is None:
        return None
    text = found["text"] or found.groupdict().get("plain") or ""
    return text.strip("\"'“”「」") or None


def essay(prompt: str, chance: Random, *, beside: str = "") -> str:
    """Answer in the prompt's language: what was said, then some sentences, as many as the prompt asks for."""
    tongue = tongue_of(prompt)
    start = echo(prompt) + beside
    wish = LENGTH.search(prompt)
    if wish is not None:
        by_words = wish[2].lower() not in CHARACTERS
        return stretched(start, min(int(wish[1]), LONGEST_WISH), chance, tongue, by_words=by_words)
    return tongue.gap.join([start, *chance.sample(tongue.sentences, chance.randint(1, 3))])


def echo(prompt: str) -> str:
    said = " ".join(prompt.split())
    if len(said) > LONGEST_ECHO:
        said = said[:LONGEST_ECHO] + "…"
    return tongue_of(prompt).echo.format(said)


def stretched(start: str, length: int, chance: Random, tongue: Tongue, *, by_words: bool) -> str:
    """Go on until the text has about so many words or characters."""
    parts, size = [start], measure(start, by_words)
    while size < length:
        sentence = chance.choice(tongue.sentences)
        parts.append(sentence)
        size += measure(sentence, by_words)
    return tongue.gap.join(parts)


def measure(text: str, by_words: bool) -> int:
    return len(text.split()) if by_words else len(text)


def thoughts(prompt: str, chance: Random) -> str:
    """What goes before the answer when the model thinks."""
    tongue = tongue_of(prompt)
    return tongue.thinks.format(" ".join(prompt.split())[:LONGEST_ECHO]) + chance.choice(tongue.ways)
