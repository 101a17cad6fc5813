"""What the simulated model says: cutting text into tokens and making it up. No I/O here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]{1,2}| ?[A-Za-z]{1,7}| ?\d{1,3}|\s+|[^\w\s]|.", re.DOTALL)
"""A token of the simulated models: two Chinese characters, most of an English word, three digits, a sign."""
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
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
LENGTH = re.compile(r"(\d{1,5})\s*-?\s*(words?|字|个字)", re.IGNORECASE)
LONGEST_WISH = 20_000
"""Words or characters that a prompt may ask for."""
LONGEST_ECHO = 60
"""Characters of the prompt that an answer repeats."""

ENGLISH_SENTENCES = (
    "That is a good question to begin with.",
    "There is more than one way to look at it.",
    "The short answer is that it depends on what you want to reach.",
    "A small example makes it easier to see.",
    "First look at what is given, then at what is missing.",
    "Most people start with the simplest case and go on from there.",
    "It helps to write down the steps one after the other.",
    "In practice the second step takes the most time.",
    "Once that works, the rest is a matter of care.",
    "If something is unclear, ask and I will go into detail.",
    "Keep in mind that this answer was made up by a simulator.",
)
CHINESE_SENTENCES = (
    "这是一个很好的开始。",
    "看这件事的角度不止一个。",
    "简单地说，这取决于你想达到什么目的。",
    "举个小例子会更容易明白。",
    "先看已知的条件，再看还缺什么。",
    "多数人会从最简单的情形入手，然后一步步往下走。",
    "把步骤逐条写下来会很有帮助。",
    "实际做起来，第二步最花时间。",
    "这一步走通之后，剩下的就是细心了。",
    "如果还有不清楚的地方，可以继续问我。",
    "请记住，这个回答是由模拟器编出来的。",
)


def pieces(text: str) -> list[str]:
    """Cut a text into its tokens; put together they are the text again."""
    return TOKEN.findall(text)


def count(text: str) -> int:
    return len(TOKEN.findall(text))


def is_chinese(text: str) -> bool:
    return CHINESE.search(text) is not None


def to_repeat(prompt: str) -> str | None:
    """The text that the prompt asks to be said, if it asks for one."""
    found = REPEAT.match(prompt) or REPEAT_CHINESE.match(prompt)
    if found is None:
        return None
    text = found["text"] or found.groupdict().get("plain") or ""
    return text.strip("\"'“”「」") or None


def essay(prompt: str, chance: Random, *, beside: str = "") -> str:
    """Answer in the prompt's language: what was said, then some sentences, as many as the prompt asks for."""
    chinese = is_chinese(prompt)
    start = echo(prompt) + beside
    wish = LENGTH.search(prompt)
    if wish is not None:
        by_words = wish[2].lower().startswith("word")
        return stretched(start, min(int(wish[1]), LONGEST_WISH), chance, chinese=chinese, by_words=by_words)
    sentences = chance.sample(CHINESE_SENTENCES if chinese else ENGLISH_SENTENCES, chance.randint(1, 3))
    return ("" if chinese else " ").join([start, *sentences])


def echo(prompt: str) -> str:
    said = " ".join(prompt.split())
    if len(said) > LONGEST_ECHO:
        said = said[:LONGEST_ECHO] + "…"
    return f"你说的是：“{said}”。" if is_chinese(prompt) else f'You said: "{said}".'


def stretched(start: str, length: int, chance: Random, *, chinese: bool, by_words: bool) -> str:
    """Go on until the text has about so many words or characters."""
    sentences = CHINESE_SENTENCES if chinese else ENGLISH_SENTENCES
    parts, size = [start], measure(start, by_words)
    while size < length:
        sentence = chance.choice(sentences)
        parts.append(sentence)
        size += measure(sentence, by_words)
    return ("" if chinese else " ").join(parts)


def measure(text: str, by_words: bool) -> int:
    return len(text.split()) if by_words else len(text)


def thoughts(prompt: str, chance: Random) -> str:
    """What goes before the answer when the model thinks."""
    said = " ".join(prompt.split())[:LONGEST_ECHO]
    if is_chinese(prompt):
        return f"用户说了“{said}”。" + chance.choice(("先弄清问题，再组织回答。", "我来想一想怎样回答。"))
    ways = ("First I make sure what is asked.", "Let me think about how to answer.")
    return f'The user says "{said}". ' + chance.choice(ways)
