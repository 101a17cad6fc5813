"""Embeddings on the wire."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, ClassVar, Generic, TypeAlias, TypeVar

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.chat import Usage

V = TypeVar("V")

# `array` takes no parameter at run time before Python 3.12.
if TYPE_CHECKING:
    Floats: TypeAlias = array[float]
else:
    Floats = array


class Embedding(Part, Generic[V], kw_only=True):
    """The vector of one text; `index` is the text's place in the input."""

    index: int = 0
    object: str = "embedding"
    embedding: V


class EmbeddingList(Reply, Generic[V]):
    """One vector per text, in the order of the input."""

    kept_body_bytes: ClassVar[int] = 256 * 1024  # vectors are numbers, and need no second copy as text

    model: str = ""
    object: str = "list"
    data: list[Embedding[V]] = []
    usage: Usage = msgspec.field(default_factory=Usage)

    def __post_init__(self) -> None:
        self.data.sort(key=_index)

    @property
    def vectors(self) -> list[V]:
        """Return the bare vectors, in the order of the input."""
        return [item.embedding for item in self.data]


def _index(item: Embedding[V]) -> int:
    return item.index
