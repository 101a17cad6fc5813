"""Bulk embedding, put together: what `embeddings.map` rests on."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.flows.bulk import PATIENT, Bulk, MapOptions, Way, Wishes, outcomes
from zhipu_async.flows.jobs import Job
from zhipu_async.flows.packs import Packs, Unpacked
from zhipu_async.flows.request import Request, sent
from zhipu_async.protocol.batch_lines import EMBEDDING_LINES
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.protocol.packing import parcel_for
from zhipu_async.resources.bulk import Mappable
from zhipu_async.types.embeddings import EmbeddingList

if TYPE_CHECKING:
    from zhipu_async.flows.call import Calls
    from zhipu_async.flows.outcomes import Outcomes

URL = "/v4/embeddings"


def vectors_of(
    calls: Calls,
    endpoint: Endpoint[EmbeddingList[Any]],
    texts: Iterable[str | tuple[str, str]] | AsyncIterable[str | tuple[str, str]],
    model: str,
    dimensions: int | None,
    via: str,
    options: MapOptions,
) -> Outcomes[Any]:
    """Return the vector of each text, for whoever asks."""
    if isinstance(texts, str):
        raise InvalidType(
            "texts is a list or another iterable of str; for one text there is embeddings.create"
        )

    wishes = _wishes(options)

    async def prepare(text: str | list[str]) -> Request:
        return Request(sent(model=model, input=text, dimensions=dimensions), model=model)

    way: Way[str, Any]
    job, repeat = options.get("job"), options.get("repeat", "nothing")
    if via == "batch":
        mappable: Mappable[str, EmbeddingList[Any]] = Mappable(
            endpoint=endpoint, prepare=prepare, batch_url=URL, most_lines=EMBEDDING_LINES
        )
        way = Unpacked(way=mappable.way(calls, "batch", job, repeat))
    elif via == "direct":
        named = Job(calls.tasking.flow, job or "", repeat)
        bulk: Bulk[list[str], EmbeddingList[Any]] = Bulk(
            calls=calls.with_options(PATIENT), endpoint=endpoint, prepare=prepare, job=named
        )
        way = Packs(bulk=bulk, parcel=parcel_for(model))
    else:
        raise InvalidArgument(f"embeddings can be mapped via='direct' or 'batch', not {via!r}")
    return outcomes(calls, way, texts, wishes)


def _wishes(options: MapOptions) -> Wishes:
    for name in options:
        if name not in MapOptions.__annotations__:
            known = ", ".join(MapOptions.__annotations__)
            raise InvalidType(f"unexpected keyword argument {name!r}", hint=f"There are {known}.")
    return Wishes(
        ordered=options.get("ordered", True),
        concurrency=options.get("concurrency"),
        on_progress=options.get("on_progress"),
        on_error=options.get("on_error", "collect"),
    )
