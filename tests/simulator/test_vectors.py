"""Embeddings, rerank and the tokenizer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from zhipu_async.simulator.likeness import likeness, vector
from zhipu_async.simulator.shapes import array_of

if TYPE_CHECKING:
    from .conftest import Caller, Json


def nearness(first: list[float], second: list[float]) -> float:
    return sum(one * other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("dimensions", [256, 512, 1024, 2048])
def test_vectors_have_unit_length(dimensions: int) -> None:
    for text in ("red apple", "苹果", " ", "!?", "\ud800"):
        assert math.isclose(math.hypot(*vector(text, dimensions, 0)), 1, abs_tol=1e-4)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("a red apple", "two red apples", "the blue sea"),
        ("How do I cancel my order?", "cancel an order", "weather in Paris"),
        ("dog", "dogs", "airplane"),
        ("кошка спит", "спит наша кошка", "погода сегодня"),
        ("猫が好き", "猫は好きです", "天気予報"),
        ("如何取消订单", "取消我的订单", "巴黎的天气"),
    ],
)
def test_nearer_texts_are_nearer(text: str, near: str, far: str) -> None:
    for seed in (0, 1, 2):
        anchor = vector(text, 1024, seed)
        assert nearness(anchor, vector(near, 1024, seed)) > nearness(anchor, vector(far, 1024, seed)) + 0.1
        assert likeness(text, near, seed) > likeness(text, far, seed)


def test_vectors_are_stable_and_depend_on_the_seed() -> None:
    assert vector("x", 64, 1) == vector("x", 64, 1) != vector("x", 64, 2)


async def test_a_list_is_embedded_in_its_order(caller: Caller) -> None:
    reply = await caller.post("/embeddings", model="embedding-3", input=["a", "b"], dimensions=256)
    alone = await caller.post("/embeddings", model="embedding-3", input="b", dimensions=256)
    assert reply.at("data", 1, "embedding") == alone.at("data", 0, "embedding")
    assert [reply.at("data", index, "index") for index in (0, 1)] == [0, 1]
    assert reply.at("usage") == {"prompt_tokens": 2, "completion_tokens": 0, "total_tokens": 2}


@pytest.mark.parametrize(("model", "length"), [("embedding-3", 2048), ("embedding-2", 1024)])
async def test_the_model_says_how_long_vectors_are(caller: Caller, model: str, length: int) -> None:
    reply = await caller.post("/embeddings", model=model, input="x")
    assert len(array_of(reply.items("data")[0], "embedding")) == length


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"input": None}, "1213"),
        ({"input": ""}, "1213"),
        ({"input": []}, "1214"),
        ({"input": ["a", ""]}, "1214"),
        ({"input": [1]}, "1214"),
        ({"input": {"a": 1}}, "1214"),
        ({"input": ["a"] * 65}, "1214"),
        ({"input": "word " * 4000}, "1261"),
        ({"dimensions": 0}, "1214"),
        ({"dimensions": 10**9}, "1214"),
        ({"model": "glm-4.7"}, "1212"),
    ],
)
async def test_bad_embedding_requests_are_refused(caller: Caller, body: Json, code: str) -> None:
    reply = await caller.post("/embeddings", **{"model": "embedding-3", "input": "x", **body})
    assert (reply.status, reply.code) == (400, code)


DOCUMENTS = ["Bread is baked", "Paris is the capital of France", "France borders Spain"]


async def test_rerank_puts_the_best_first_and_cuts(caller: Caller) -> None:
    query = "capital of France"
    reply = await caller.post("/rerank", model="rerank", query=query, documents=DOCUMENTS, top_n=2)
    assert [reply.at("results", place, "index") for place in (0, 1)] == [1, 2]
    assert "document" not in str(reply.at("results", 0))
    assert len(reply.items("results")) == 2


async def test_rerank_returns_documents_and_raw_scores_when_asked(caller: Caller) -> None:
    reply = await caller.post(
        "/rerank",
        model="rerank",
        query="bread",
        documents=DOCUMENTS,
        return_documents=True,
        return_raw_scores=True,
    )
    assert reply.at("results", 0, "document") == DOCUMENTS[0]
    last = reply.at("results", 2, "relevance_score")
    assert isinstance(last, float)
    assert last < 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": None}, "1213"),
        ({"query": "x" * 4097}, "1214"),
        ({"documents": ["a"] * 129}, "1214"),
        ({"documents": ["x" * 4097]}, "1214"),
        ({"documents": [1]}, "1214"),
        ({"documents": []}, "1214"),
        ({"top_n": -1}, "1214"),
    ],
)
async def test_bad_rerank_requests_are_refused(caller: Caller, body: Json, code: str) -> None:
    reply = await caller.post("/rerank", **{"model": "rerank", "query": "x", "documents": ["a"], **body})
    assert (reply.status, reply.code) == (400, code)


async def test_the_tokenizer_counts_what_chat_will_cost(caller: Caller) -> None:
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "你好 world"}]
    counted = await caller.post("/tokenizer", model="glm-4.6", messages=messages)
    asked = await caller.chat(model="glm-4.6", messages=messages)
    assert counted.at("usage", "prompt_tokens") == asked.at("usage", "prompt_tokens")


async def test_the_tokenizer_counts_pictures_apart(caller: Caller) -> None:
    content = [
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]
    reply = await caller.post("/tokenizer", model="glm-4.6v", messages=[{"role": "user", "content": content}])
    assert reply.at("usage", "image_tokens") == 600
    assert reply.at("usage", "total_tokens") == 604


async def test_models_are_listed(caller: Caller) -> None:
    assert (await caller.get("/models")).at("data", 0, "id") == "glm-4.5"
