"""The safety review, which here goes by marks in the text. No I/O here."""

from __future__ import annotations

from .refusals import Refusal

UNSAFE = "[unsafe]"
"""A text that holds it is refused with 1301, as the platform refuses what its review finds unsafe."""
UNSAFE_ANSWER = "[unsafe answer]"
"""A prompt that holds it gets an answer which is withdrawn half-way."""


def refuse_unsafe(text: str, *, role: str = "user") -> None:
    """Refuse with 1301; `role` says where it was found: user, assistant or history."""
    if UNSAFE in text:
        raise unsafe(role)


def unsafe(role: str) -> Refusal:
    return Refusal("1301", beside={"contentFilter": [{"level": 1, "role": role}]})
