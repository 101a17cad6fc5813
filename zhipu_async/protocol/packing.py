"""Texts packed into requests that the platform takes. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass

TEXTS = 64  # in one request to embedding-3, as the platform's page says
TOKENS_TOGETHER = {"embedding-2": 8000}  # likewise; embedding-3 has a limit per text only
LETTERS_PER_TOKEN = (
    2  # English has about four, but numbers and code have fewer: an estimate must not be too low
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """How much one request may carry."""

    most_texts: int = TEXTS
    most_tokens: int | None = None

    def takes(self, texts: int, tokens: int, text: str) -> bool:
        """Tell whether one more text fits beside as many; the first always does."""
        if not texts:
            return True
        light = self.most_tokens is None or tokens + estimated_tokens(text) <= self.most_tokens
        return texts < self.most_texts and light


def parcel_for(model: str) -> Parcel:
    """Return how much one request to a model may carry."""
    return Parcel(TEXTS, TOKENS_TOGETHER.get(model.lower()))


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few."""
    plain = sum(character.isascii() for character in text)
    return len(text) - plain + -(-plain // LETTERS_PER_TOKEN)


def shares(total: int, parts: int) -> list[int]:
    """Return a number cut into so many parts, as even as whole numbers can be."""
    each, rest = divmod(total, parts)
    return [each + (position < rest) for position in range(parts)]
