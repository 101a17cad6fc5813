"""Bulk work on texts that travel many to a request: packed, sent, and each with an outcome of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zhipu_async.errors import APIResponseError, BadRequestError, ContentBlocked, InvalidType
from zhipu_async.flows.bulk import CALLS_AT_ONCE, Bulk, Way, keyed
from zhipu_async.flows.race import Entrant, Race
from zhipu_async.flows.source import Source
from zhipu_async.protocol.packing import Parcel, estimated_tokens, shares
from zhipu_async.types.embeddings import EmbeddingList
from zhipu_async.types.tasks import Outcome

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

    async def run(
        self, elements: Source[str | tuple[str, str]], *, at_once: int | None, ordered: bool
    ) -> AsyncGenerator[Outcome[V]]:
        """Yield how each text ended. Cancelling ends the calls under way."""
        most = at_once or CALLS_AT_ONCE
        race: Race[list[Text], list[Outcome[V]]] = Race(
            Source(self._packs(elements)), self._entrant, window=most, starting=most, ordered=ordered
        )
        async with aclosing(race.run()) as packs:
            async for pack in packs:
                for outcome in pack.result:
                    yield outcome

    async def _packs(self, elements: Source[str | tuple[str, str]]) -> AsyncGenerator[list[Text]]:
        pack: list[Text] = []
        index = tokens = 0
        try:
            while element := (await elements.anext() if elements.is_async else elements.next()):
                text = _text(element[0], index)
                if not self.parcel.takes(len(pack), tokens, text.text):
                    yield pack
                    pack, tokens = [], 0
                pack.append(text)
                tokens += estimated_tokens(text.text)
                index += 1
            if pack:
                yield pack
        finally:
            elements.close()
            await elements.aclose()

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


@dataclass(slots=True, kw_only=True)
class Unpacked(Generic[V]):
    """Takes the one vector out of each answer, where every text was a request of its own."""

    way: Way[str, EmbeddingList[V]]

    async def run(
        self, elements: Source[str | tuple[str, str]], *, at_once: int | None, ordered: bool
    ) -> AsyncGenerator[Outcome[V]]:
        """Yield how each text ended."""
        async with aclosing(self.way.run(elements, at_once=at_once, ordered=ordered)) as answers:
            async for answer in answers:
                text = Text(answer.key, answer.index, "")
                if answer.error is not None:
                    yield replace(_blank(text), error=answer.error, replayed=answer.replayed)
                else:
                    yield _dealt([text], answer)[0]


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
