"""Knowledge bases over a real socket: kept, listed, searched in both ways."""

from __future__ import annotations

import pytest

from tests.hostile import error, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import AuthenticationError, BadRequestError, MaybeSubmitted, NotFoundError
from zhipu_async.simulator import Simulator
from zhipu_async.types.documents import Slicing
from zhipu_async.types.knowledge import EmbeddingModel, SearchedBase, SearchFilters

ROOT = "/api/llm-application/open/knowledge"
FIELDS: dict[str, object] = {
    "name": "Handbook",
    "embedding_id": 11,
    "embedding_model": "Embedding-3",
    "description": "HR rules",
    "contextual": 1,
    "background": "red",
    "icon": "book",
}


async def created(zhipu: AsyncZhipuAI, name: str = "Handbook") -> str:
    base = await zhipu.knowledge.create(name=name, embedding_id=EmbeddingModel.EMBEDDING_3)
    return base.id


async def test_a_base_is_created_with_every_field_and_retrieved(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    base = await zhipu.knowledge.create(
        name="Handbook",
        embedding_id=EmbeddingModel.EMBEDDING_3,
        embedding_model="Embedding-3",
        description="HR rules",
        contextual=1,
        background="red",
        icon="book",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path, request.body) == ("POST", ROOT, FIELDS)
    kept = await zhipu.knowledge.retrieve(base.id)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("GET", f"{ROOT}/{base.id}")
    assert (kept.id, kept.name, kept.embedding_id) == (base.id, "Handbook", 11)
    assert (kept.description, kept.contextual, kept.background) == ("HR rules", 1, "red")
    assert (kept.icon, kept.document_size) == ("book", 0)
    assert kept.raw["code"] == 200


async def test_a_base_is_changed_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    base_id = await created(zhipu)
    done = await zhipu.knowledge.update(
        base_id,
        name="Handbook 2026",
        embedding_id=EmbeddingModel.EMBEDDING_3_PRO,
        embedding_model="Embedding-3-pro",
        description="new",
        contextual=1,
        background="green",
        icon="seal",
        callback_url="https://example.com/done",
        callback_header={"X-Token": "t"},
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("PUT", f"{ROOT}/{base_id}")
    assert request.body == {
        "name": "Handbook 2026",
        "embedding_id": 12,
        "embedding_model": "Embedding-3-pro",
        "description": "new",
        "contextual": 1,
        "background": "green",
        "icon": "seal",
        "callback_url": "https://example.com/done",
        "callback_header": {"X-Token": "t"},
    }
    assert done.code == 200
    assert (await zhipu.knowledge.retrieve(base_id)).name == "Handbook 2026"


async def test_a_base_is_deleted_and_is_then_not_found_although_the_status_is_200(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    base_id = await created(zhipu)
    await zhipu.knowledge.delete(base_id)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("DELETE", f"{ROOT}/{base_id}")
    with pytest.raises(NotFoundError) as caught:
        await zhipu.knowledge.retrieve(base_id)
    assert caught.value.code == "100013"


async def test_the_capacity_is_told(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    capacity = await zhipu.knowledge.capacity()
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("GET", f"{ROOT}/capacity")
    assert capacity.total.length > capacity.used.length == 0
    assert capacity.total.word_num > 0


# ── lists ──────────────────────────────────────────────────────────────────────────────────────────


async def test_bases_are_listed_over_every_page_and_not_beyond(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    ids = {await created(zhipu, f"Base {number}") for number in range(5)}
    assert {base.id async for base in zhipu.knowledge.list(size=2)} == ids
    asked = [request.query for request in zhipu_simulator.requests if request.method == "GET"]
    assert [dict(query) for query in asked] == [
        {"size": "2"},
        {"size": "2", "page": "2"},
        {"size": "2", "page": "3"},
    ]
    last = await zhipu.knowledge.list(page=3, size=2)
    assert (len(last.data), last.total) == (1, 5)


def bases(*ids: str, total: int) -> dict[str, object]:
    return {"code": 200, "data": {"list": [{"id": name} for name in ids], "total": total}}


async def test_a_page_that_is_cut_shorter_than_asked_does_not_end_the_list() -> None:
    pages = [
        reply(bases("1", "2", total=5)),
        reply(bases("3", "4", total=5)),
        reply(bases("5", total=5)),
        reply(bases(total=5)),
    ]
    async with hostile(*pages) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert [base.id async for base in zhipu.knowledge.list(size=100)] == ["1", "2", "3", "4", "5"]


async def test_a_server_that_never_turns_the_page_does_not_make_an_endless_list() -> None:
    async with hostile(reply(bases("1", total=9999))) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            assert [base.id async for base in zhipu.knowledge.list()] == ["1"]
    assert len(server.requests) == 2


# ── search ─────────────────────────────────────────────────────────────────────────────────────────


async def filled(zhipu: AsyncZhipuAI) -> tuple[str, str]:
    base_id = await created(zhipu)
    note = ("note.txt", b"Ten days of holiday.\nThe office opens at nine.")
    added = await zhipu.knowledge.documents.upload(base_id, files=note, knowledge_type=Slicing.BY_PARAGRAPH)
    document_id = added.success_infos[0].document_id
    while not (await zhipu.knowledge.documents.retrieve(document_id)).ready:
        pass
    return base_id, document_id


async def test_text_is_found_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    base_id, document_id = await filled(zhipu)
    found = await zhipu.knowledge.search(
        query="holiday",
        knowledge_ids=[base_id],
        document_ids=[document_id],
        top_k=3,
        top_n=20,
        recall_method="mixed",
        recall_ratio=80,
        rerank_status=1,
        rerank_model="rerank",
        fractional_threshold=0.0,
        request_id="request-1",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", f"{ROOT}/retrieve")
    assert request.body == {
        "query": "holiday",
        "knowledge_ids": [base_id],
        "document_ids": [document_id],
        "top_k": 3,
        "top_n": 20,
        "recall_method": "mixed",
        "recall_ratio": 80,
        "rerank_status": 1,
        "rerank_model": "rerank",
        "fractional_threshold": 0.0,
        "request_id": "request-1",
    }
    best = found.data[0]
    assert "holiday" in best.text
    assert best.score > 0
    assert (best.metadata.knowledge_id, best.metadata.doc_id) == (base_id, document_id)
    assert best.metadata.doc_name == "note.txt"
    assert best.metadata.id


FILTERS: SearchFilters = {
    "index_types": [{"know_id": "1", "index_type_id": 2}],
    "tags": [
        {
            "tag_id": "t",
            "value_type": "fixed",
            "filter_type": 3,
            "filter_value": "v",
            "multiple_value": ["v"],
        }
    ],
    "qa_intervention": {"qa_similarity_threshold": 0.6, "qa_intervention_ids": ["q"]},
}


async def test_pictures_and_text_are_found_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    base_id, document_id = await filled(zhipu)
    knows: list[SearchedBase] = [{"id": base_id, "doc_ids": [document_id]}]
    found = await zhipu.knowledge.search_multimodal(
        knows=knows,
        query="holiday",
        multimodal_parts=[{"type": "image_url", "url": "https://example.com/a.png"}],
        multimodal=True,
        top_k=3,
        top_n=20,
        recall_method="mixed",
        recall_ratio=0.8,
        enable_rerank=True,
        enable_rewrite=True,
        enable_expansion=False,
        similarity_threshold=0.0,
        messages=[{"role": "user", "content": "hello"}],
        search_filters=FILTERS,
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/zrag/retrieval/retrieve")
    assert request.body == {
        "knows": knows,
        "query": "holiday",
        "multimodal_parts": [{"type": "image_url", "url": "https://example.com/a.png"}],
        "multimodal": True,
        "top_k": 3,
        "top_n": 20,
        "recall_method": "mixed",
        "recall_ratio": 0.8,
        "enable_rerank": True,
        "enable_rewrite": True,
        "enable_expansion": False,
        "similarity_threshold": 0.0,
        "messages": [{"role": "user", "content": "hello"}],
        "search_filters": FILTERS,
    }
    best = found.contents[0]
    assert (best.know_id, best.doc_id, best.metadata.doc_name) == (base_id, document_id, "note.txt")
    assert found.rewritten_query.original_query == "holiday"


async def test_every_part_of_a_multimodal_answer_is_read() -> None:
    content = {
        "id": "5f0c",
        "medias": [{"id": "m", "url": "https://example.com/m.png", "description": "a logo"}],
        "image_url": {"url": "https://example.com/i.png"},
        "video_url": None,
        "rerank_index": 1,
        "rerank_score": 0.5,
        "metadata": {"doc_type": "mp4", "start_time": 3, "end_time": 9, "duration": 6, "frames": ["f"]},
    }
    body = {
        "data": {"contents": [content], "elapsed_ms": 120, "total_tokens": 40, "request_id": "q"},
        "code": 200,
    }
    async with hostile(reply(body)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        found = await zhipu.knowledge.search_multimodal(knows=[{"id": "1"}], query="logo")
    piece = found.contents[0]
    assert (piece.medias[0].description, piece.video_url.url) == ("a logo", "")
    assert (piece.metadata.duration, piece.metadata.frames, piece.rerank_score) == (6, ["f"], 0.5)
    assert (found.elapsed_ms, found.total_tokens, found.request_id) == (120, 40, "q")


async def test_a_search_in_a_base_that_does_not_exist_raises(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(NotFoundError):
        await zhipu.knowledge.search(query="holiday", knowledge_ids=["1"])
    with pytest.raises(NotFoundError):
        await zhipu.knowledge.search_multimodal(knows=[{"id": "1"}], query="holiday")


# ── errors ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_code_of_400_with_status_200_is_a_bad_request() -> None:
    answer = reply({"code": 400, "message": "Required field 'name' is not present"})
    async with hostile(answer) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(BadRequestError, match="is not present"):
            await zhipu.knowledge.create(name="", embedding_id=3)


async def test_the_gateway_refuses_a_key_in_its_own_form() -> None:
    async with hostile(error("1002", 401)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(AuthenticationError):
            await zhipu.knowledge.list()


async def test_a_base_whose_answer_is_lost_is_not_created_twice() -> None:
    async with hostile(error("500", 500)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted):
            await zhipu.knowledge.create(name="a", embedding_id=3)
    assert len(server.requests) == 1


async def test_ids_of_documents_that_come_as_numbers_are_texts() -> None:
    taken = {
        "successInfos": [{"documentId": 1900000000000000101, "fileName": "a.pdf"}],
        "failedInfos": [None],
    }
    answer = reply({"data": taken, "code": 200, "message": "ok"})
    async with hostile(answer) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        added = await zhipu.knowledge.documents.upload("1", files=("a.pdf", b"%PDF"))
    assert added.success_infos[0].document_id == "1900000000000000101"
    assert added.failed_infos == []
