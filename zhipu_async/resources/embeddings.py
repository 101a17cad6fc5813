"""Embeddings: `zhipu.embeddings`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Unpack, overload

from zhipu_async.errors import InvalidArgument
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.embeddings import EmbeddingList, Floats

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from zhipu_async.flows.bulk import MapOptions
    from zhipu_async.flows.outcomes import Outcomes

Texts: TypeAlias = "Iterable[str | tuple[str, str]] | AsyncIterable[str | tuple[str, str]]"

CREATE = Endpoint(
    name="embeddings.create", path="/embeddings", reply=EmbeddingList[list[float]], replay=Replay.COSTLY
)
CREATE_ARRAYS = Endpoint(
    name="embeddings.create", path="/embeddings", reply=EmbeddingList[Floats], replay=Replay.COSTLY
)


class Embeddings(Resource):
    """Texts to vectors."""

    @overload
    async def create(
        self,
        *,
        model: str,
        input: str | Sequence[str],
        dimensions: int | None = None,
        vectors: Literal["list"] = "list",
        **options: Unpack[CallOptions],
    ) -> EmbeddingList[list[float]]: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        input: str | Sequence[str],
        dimensions: int | None = None,
        vectors: Literal["array"],
        **options: Unpack[CallOptions],
    ) -> EmbeddingList[Floats]: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        input: str | Sequence[str],
        dimensions: int | None = None,
        vectors: Literal["numpy"],
        **options: Unpack[CallOptions],
    ) -> EmbeddingList[NDArray[numpy.float32]]: ...
    async def create(
        self,
        *,
        model: str,
        input: str | Sequence[str],
        dimensions: int | None = None,
        vectors: Literal["list", "array", "numpy"] = "list",
        **options: Unpack[CallOptions],
    ) -> object:
        """Return one vector per text, in the order of the input. Cancelling closes the connection.

        dimensions: 256, 512, 1024 or 2048 for `embedding-3`.
        vectors: "list" for lists of float; "array" for `array('f')`, an eighth of the memory; "numpy" for
            float32 arrays (extra `numpy`).
        """
        endpoint = _endpoint(vectors)
        return await self._call(endpoint, options, model=model, input=input, dimensions=dimensions)

    @overload
    def map(
        self,
        texts: Texts,
        *,
        model: str,
        dimensions: int | None = None,
        vectors: Literal["list"] = "list",
        via: Literal["direct", "batch"] = "direct",
        **options: Unpack[MapOptions],
    ) -> Outcomes[list[float]]: ...
    @overload
    def map(
        self,
        texts: Texts,
        *,
        model: str,
        dimensions: int | None = None,
        vectors: Literal["array"],
        via: Literal["direct", "batch"] = "direct",
        **options: Unpack[MapOptions],
    ) -> Outcomes[Floats]: ...
    @overload
    def map(
        self,
        texts: Texts,
        *,
        model: str,
        dimensions: int | None = None,
        vectors: Literal["numpy"],
        via: Literal["direct", "batch"] = "direct",
        **options: Unpack[MapOptions],
    ) -> Outcomes[NDArray[numpy.float32]]: ...
    def map(
        self,
        texts: Texts,
        *,
        model: str,
        dimensions: int | None = None,
        vectors: Literal["list", "array", "numpy"] = "list",
        via: Literal["direct", "batch"] = "direct",
        **options: Unpack[MapOptions],
    ) -> Outcomes[Any]:
        """Return the vector of each of many texts, in their order, 64 texts to a request: `async for outcome in ...`.

        A text that is refused costs only itself: its request is halved until it stands alone. Interrupts as in
        `chat.completions.map`: a cancelled wait loses nothing, `outcomes.finished()` gives what has ended.

        texts: strings, or pairs of a key of yours and one; a list, a generator, an async generator.
        via: "direct" calls, or "batch" files that the platform works off within a day, at half the price.
        options: as in `chat.completions.map`, where `ordered=False` yields in the order of the ends.
        """
        from zhipu_async.resources.embedding_bulk import vectors_of

        return vectors_of(self._calls, _endpoint(vectors), texts, model, dimensions, via, options)


def _endpoint(vectors: str) -> Endpoint[Any]:
    if vectors == "list":
        return CREATE
    if vectors == "array":
        return CREATE_ARRAYS
    if vectors == "numpy":
        return _numpy_endpoint()
    raise InvalidArgument(f"vectors is 'list', 'array' or 'numpy', not {vectors!r}")


def _numpy_endpoint() -> Endpoint[Any]:
    try:
        import numpy
    except ImportError as exc:
        raise InvalidArgument("vectors='numpy' needs numpy: pip install 'zhipu-async[numpy]'") from exc
    return Endpoint(
        name=CREATE.name, path=CREATE.path, reply=EmbeddingList[numpy.ndarray], replay=Replay.COSTLY
    )
