"""Handwriting and print read from a picture."""

from __future__ import annotations

import msgspec

from zhipu_async.types.base import Part, Reply


class Location(Part):
    """Where words stand in the picture, in pixels."""

    left: int = 0
    top: int = 0
    width: int = 0
    height: int = 0


class Confidence(Part):
    """How sure the reading is, from 0 to 1; all zero unless `probability=True` asked for it."""

    average: float = 0.0
    variance: float = 0.0
    min: float = 0.0


class Words(Part):
    """One piece of text and its place."""

    words: str = ""
    location: Location = msgspec.field(default_factory=Location)
    probability: Confidence = msgspec.field(default_factory=Confidence)


class Recognition(Reply):
    """The text of a picture, piece by piece."""

    task_id: str = ""
    message: str = ""
    status: str = ""
    words_result_num: int = 0
    words_result: list[Words] = []

    @property
    def text(self) -> str:
        """Return all of it, a line for each piece."""
        return "\n".join(found.words for found in self.words_result)
