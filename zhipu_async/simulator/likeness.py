"""Vectors and scores that are nearer for nearer texts. No I/O here."""

from __future__ import annotations

import math
import random
import re
import zlib
from functools import lru_cache
from itertools import pairwise

UNSPACED = r"\u3040-\u30ff\u3400-\u9fff"
"""Kana and Chinese characters, which no spaces part: each is a word."""
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
SHORTEST_STEM, LONGEST_STEM = 3, 4
"""Letters of a word's beginning: `dogs` begins like `dog`, `installing` like `install`."""
KEPT_TEXTS = 512
"""Vectors that are kept for the next request; a load test sends the same texts over and over."""


def features(text: str) -> list[str]:
    """Words, the beginnings of words, and pairs of neighbours: what two like texts have in common."""
    words = [word.lower() for word in WORD.findall(text)] or [text.strip() or " "]
    stems = [word[: min(len(word) - 1, LONGEST_STEM)] for word in words if len(word) > SHORTEST_STEM]
    return [*words, *stems, *map(" ".join, pairwise(words))]


@lru_cache(maxsize=KEPT_TEXTS)
def vector(text: str, dimensions: int, seed: int) -> list[float]:
    """Give a unit vector; every feature of the text adds to a few places that only depend on it."""
    values = [0.0] * dimensions
    for feature in features(text):
        chance = random.Random(zlib.crc32(feature.encode("utf-8", "replace"), seed & 0xFFFFFFFF))
        for _ in range(16):
            values[chance.randrange(dimensions)] += chance.choice((-1.0, 1.0))
    # A little of everything, so that the vectors look dense.
    chance = random.Random(zlib.crc32(text.encode("utf-8", "replace"), seed & 0xFFFFFFFF))
    values = [value + chance.uniform(-0.02, 0.02) for value in values]
    length = math.sqrt(sum(value * value for value in values))
    return [round(value / length, 7) for value in values]


def likeness(query: str, document: str, seed: int) -> float:
    """Give a score between 0 and 1: the share of the query's features that the document has."""
    return round(1 / (1 + math.exp(-raw_score(query, document, seed))), 6)


def raw_score(query: str, document: str, seed: int) -> float:
    """Give a score without bounds, as a reranker has it before it is made a probability."""
    asked, found = set(features(query)), set(features(document))
    shared = len(asked & found) / len(asked)
    noise = zlib.crc32(f"{query}\x1f{document}".encode("utf-8", "replace"), seed & 0xFFFFFFFF) / 2**32
    return round(8 * shared - 4 + noise * 0.2, 6)
