"""Bulk work on texts that travel many to a request: packed, sent, and each with an outcome of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zhipu_async.errors import APIResponseError, BadRequestError, ContentBlocked, InvalidType
from zhipu_async.flows.bulk import CALLS_AT_ONCE, Bulk, Way, keyed
from zhipu_async.flows.race import Entrant, Race
from zhipu_async.flows.source import Source
from zhipu_async.flows.work import Layer, Work
from zhipu_async.protocol.packing import Parcel, estimated_tokens, shares
from zhipu_async.types.embeddings import EmbeddingList
from zhipu_async.types.tasks import Outcome, Unfinished

if TYPE_CHECKING:
    from zhipu_async.flows.tasks import PendingTask

V = TypeVar("V")

OF_ONE_TEXT = (
    BadRequestError,
    ContentBlocked,
)  # refusals that one text may have brought on all of its request


@dataclass(frozen=True, slots=True)
class Text:
    """One text, and whose it is."""

    key: str
    index: int
    text: str


@dataclass(slots=True, kw_only=True)
class Packs(Generic[V]):
    """Sends texts in packs. A pack that is refused is halved until only the text at fault stands alone."""

    bulk: Bulk[list[str], EmbeddingList[V]]
    parcel: Parcel

    def work(self, elements: Source[str | tuple[str, str]], *, at_once: int | None, ordered: bool) -> Work[V]:
        """Return the work on these texts; nothing has begun yet."""
        packing = _Packing(elements, self.parcel)
        most = at_once or CALLS_AT_ONCE
        race: Race[list[Text], list[Outcome[V]]] = Race(
            Source(packing.packs()), self._entrant, window=most, starting=most, ordered=ordered
        )
        return _PackWork(race, packing)

    def _entrant(self, pack: list[Text], index: int) -> Entrant[list[Outcome[V]]]:
        async def start() -> PendingTask[Any] | Outcome[list[Outcome[V]]]:
            return Outcome(value=await self._embedded(pack))

        return Entrant(str(index), index, start=start)

    async def _embedded(self, pack: list[Text]) -> list[Outcome[V]]:
        outcome = await self._sent(pack)
        if outcome.error is None:
            return _dealt(pack, outcome)
        if len(pack) > 1 and isinstance(outcome.error, OF_ONE_TEXT):
            middle = len(pack) // 2
            return [*await self._embedded(pack[:middle]), *await self._embedded(pack[middle:])]
        return [replace(_blank(text), error=outcome.error, replayed=outcome.replayed) for text in pack]

    async def _sent(self, pack: list[Text]) -> Outcome[EmbeddingList[V]]:
        try:
            return await self.bulk.one(
                f"texts {pack[0].index} to {pack[-1].index}", [each.text for each in pack]
            )
        except Exception as error:  # noqa: BLE001  (whatever it is, each text of the pack hears of it)
            return Outcome(error=error)


class _Packing:
    """Puts texts into packs, and knows which texts are in packs that were not taken out again."""

    def __init__(self, elements: Source[str | tuple[str, str]], parcel: Parcel) -> None:
        self.pulled: int = 0
        self.open: dict[int, list[Text]] = {}
        self._elements = elements
        self._parcel = parcel

    async def packs(self) -> AsyncGenerator[list[Text]]:
        """Yield packs as full as they may be."""
        elements, tokens, number = self._elements, 0, 0
        pack = self.open.setdefault(number, [])
        try:
            while element := (await elements.anext() if elements.is_async else elements.next()):
                text = _text(element[0], self.pulled)
                if not self._parcel.takes(len(pack), tokens, text.text):
                    yield pack
                    number, tokens = number + 1, 0
                    pack = self.open.setdefault(number, [])
                pack.append(text)
                tokens += estimated_tokens(text.text)
                self.pulled += 1
            if pack:
                yield pack
        finally:
            elements.close()
            await elements.aclose()


class _PackWork(Layer[list[Outcome[V]]], Generic[V]):
    """Hands out the texts of packs one by one."""

    def __init__(self, race: Race[list[Text], list[Outcome[V]]], packing: _Packing) -> None:
        super().__init__(race)
        self._packing = packing
        self._ready: deque[Outcome[V]] = deque()

    @property
    def pulled(self) -> int:
        """Return how many texts were taken from the input."""
        return self._packing.pulled

    @property
    def over(self) -> bool:
        """Tell whether nothing will come any more."""
        return not self._ready and super().over

    def take(self) -> Outcome[V] | None:
        """Return the next text that has ended, if there is one."""
        while not self._ready and self._unpack():
            pass
        return self._ready.popleft() if self._ready else None

    def unfinished(self) -> list[Unfinished]:
        """Return the texts that were pulled and have not ended."""
        while self._unpack():
            pass
        return [Unfinished(text.key, text.index) for pack in self._packing.open.values() for text in pack]

    def _unpack(self) -> bool:
        ended = self._inner.take()
        if ended is None:
            return False
        pack = self._packing.open.pop(ended.index)
        failed = [replace(_blank(text), error=ended.error) for text in pack]
        self._ready.extend(ended.result if ended.ok else failed)
        return True


@dataclass(slots=True, kw_only=True)
class Unpacked(Generic[V]):
    """Takes the one vector out of each answer, where every text was a request of its own."""

    way: Way[str, EmbeddingList[V]]

    def work(self, elements: Source[str | tuple[str, str]], *, at_once: int | None, ordered: bool) -> Work[V]:
        """Return the work on these texts; nothing has begun yet."""
        return _UnpackedWork(self.way.work(elements, at_once=at_once, ordered=ordered))


class _UnpackedWork(Layer[EmbeddingList[V]], Generic[V]):
    """Hands out vectors instead of answers."""

    @property
    def pulled(self) -> int:
        """Return how many texts were taken from the input."""
        return self._inner.pulled

    def take(self) -> Outcome[V] | None:
        """Return the next text that has ended, if there is one."""
        answer = self._inner.take()
        if answer is None:
            return None
        text = Text(answer.key, answer.index, "")
        if answer.error is not None:
            return replace(_blank(text), error=answer.error, replayed=answer.replayed)
        return _dealt([text], answer)[0]

    def unfinished(self) -> list[Unfinished]:
        """Return the texts that were pulled and have not ended."""
        return self._inner.unfinished()


def _dealt(pack: list[Text], answer: Outcome[EmbeddingList[V]]) -> list[Outcome[V]]:
    vectors, tokens = answer.result.vectors, shares(answer.result.usage.total_tokens, len(pack))
    if len(vectors) != len(pack):
        error = APIResponseError(f"{len(pack)} texts were sent, and {len(vectors)} vectors came back")
        return [replace(_blank(text), error=error) for text in pack]
    return [
        Outcome(key=text.key, index=text.index, value=vector, tokens=part, replayed=answer.replayed)
        for text, vector, part in zip(pack, vectors, tokens, strict=True)
    ]


def _blank(text: Text) -> Outcome[Any]:
    return Outcome(key=text.key, index=text.index)


def _text(element: str | tuple[str, str], index: int) -> Text:
    key, text = keyed(element, index)
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  (as callers may)
        raise InvalidType(
            f"texts are str, or pairs of a key and a str; number {index} is {type(text).__name__}"
        )
    return Text(key, index, text)
