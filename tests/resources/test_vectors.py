"""Embeddings, rerank, the tokenizer and the list of models over a real socket."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Literal

import numpy
import pytest

from tests.hostile import hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIResponseError, BadRequestError, InvalidArgument
from zhipu_async.simulator import Simulator
from zhipu_async.types.chat_request import AnyTool

Kind = Literal["list", "array", "numpy"]
KINDS: dict[Kind, type] = {"list": list, "array": array, "numpy": numpy.ndarray}
TOOL: AnyTool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


async def vectors(zhipu: AsyncZhipuAI, kind: Kind, texts: str | list[str]) -> list[Sequence[float]]:
    """The vectors, whatever kind they are of."""
    match kind:
        case "list":
            return [
                *(await zhipu.embeddings.create(model="embedding-3", input=texts, dimensions=256)).vectors
            ]
        case "array":
            found = await zhipu.embeddings.create(
                model="embedding-3", input=texts, dimensions=256, vectors="array"
            )
            return [*found.vectors]
        case "numpy":
            arrays = await zhipu.embeddings.create(
                model="embedding-3", input=texts, dimensions=256, vectors="numpy"
            )
            assert all(each.dtype == numpy.float32 for each in arrays.vectors)
            return [each.tolist() for each in arrays.vectors]


# ── embeddings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("texts", ["red apple", ["red apple", "blue sea"]])
async def test_texts_become_vectors_of_the_kind_that_is_asked_for(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, kind: Kind, texts: str | list[str]
) -> None:
    found = await vectors(zhipu, kind, texts)
    seen = zhipu_simulator.requests[-1]
    assert (seen.method, seen.path) == ("POST", "/api/paas/v4/embeddings")
    assert seen.body == {"model": "embedding-3", "input": texts, "dimensions": 256}
    assert [len(vector) for vector in found] == [256] * (1 if isinstance(texts, str) else 2)
    plain = await vectors(zhipu, "list", texts)
    assert [list(vector) for vector in found] == [pytest.approx(vector, abs=1e-6) for vector in plain]


async def test_vectors_stand_in_the_order_of_their_texts() -> None:
    mixed = {"data": [{"index": 1, "embedding": [1]}, {"index": 0, "embedding": [0.5]}]}
    unnumbered = {"data": [{"embedding": [1]}, {"embedding": [0.5]}], "usage": {"total_tokens": 12.0}}
    async with hostile(reply(mixed), reply(unnumbered)) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            sorted_by_place = await zhipu.embeddings.create(model="m", input=["a", "b"])
            as_they_came = await zhipu.embeddings.create(model="m", input=["a", "b"])
    assert sorted_by_place.vectors == [[0.5], [1.0]]
    assert as_they_came.vectors == [[1.0], [0.5]]
    assert as_they_came.usage.total_tokens == 12


@pytest.mark.parametrize("kind", KINDS)
async def test_a_vector_with_a_hole_is_no_vector(kind: Kind) -> None:
    holed = {"data": [{"index": 0, "embedding": [1, None, 2]}]}
    async with hostile(reply(holed)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(APIResponseError):
            await vectors(zhipu, kind, "a")


async def test_a_refusal_of_texts_is_raised(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.embeddings.create(model="embedding-3", input=["a"] * 65)
    with pytest.raises(InvalidArgument, match="numpy"):
        await zhipu.embeddings.create(model="embedding-3", input="a", vectors="tuple")  # type: ignore[call-overload]  # pyright: ignore


# ── rerank ─────────────────────────────────────────────────────────────────────────────────────────


async def test_documents_are_ranked_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    found = await zhipu.rerank.create(
        model="rerank",
        query="capital of France",
        documents=["Bread", "Paris is the capital of France"],
        top_n=2,
        return_documents=True,
        return_raw_scores=True,
        request_id="request-1",
        user_id="user-123456",
    )
    seen = zhipu_simulator.requests[-1]
    assert (seen.path, seen.unknown_fields) == ("/api/paas/v4/rerank", ())
    assert found.request_id == "request-1"
    assert found.best_first[0].document == "Paris is the capital of France"
    assert found.best_first[0].index == 1
    assert found.usage.total_tokens > 0


async def test_a_refusal_of_documents_is_raised(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.rerank.create(query="q", documents=["a"] * 129)


# ── the tokenizer ──────────────────────────────────────────────────────────────────────────────────


async def test_tokens_are_counted_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    counted = await zhipu.tokenizer.create(
        model="glm-4.6", messages="Count me", tools=[TOOL], request_id="request-1", user_id="user-123456"
    )
    seen = zhipu_simulator.requests[-1]
    assert (seen.path, seen.unknown_fields) == ("/api/paas/v4/tokenizer", ())
    assert seen.body["messages"] == [{"role": "user", "content": "Count me"}]
    assert counted.usage.total_tokens >= counted.usage.prompt_tokens > 0


async def test_counts_may_be_fractions_or_missing() -> None:
    sloppy = {"id": "k1", "usage": {"prompt_tokens": 7.6, "image_tokens": "", "total_tokens": "8.0"}}
    async with hostile(reply(sloppy)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        usage = (await zhipu.tokenizer.create(model="m", messages="hi")).usage
    assert (usage.prompt_tokens, usage.image_tokens, usage.total_tokens) == (8, 0, 8)


async def test_a_refusal_of_messages_is_raised(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.tokenizer.create(model="no-such-model", messages="hi")


# ── models ─────────────────────────────────────────────────────────────────────────────────────────


async def test_models_are_listed_at_once_and_one_by_one(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    whole = await zhipu.models.list()
    assert (zhipu_simulator.requests[-1].method, zhipu_simulator.requests[-1].path) == (
        "GET",
        "/api/paas/v4/models",
    )
    assert whole.data[0].id
    assert [model.id async for model in zhipu.models.list()] == [model.id for model in whole.data]
