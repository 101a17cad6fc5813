"""Documents of knowledge bases over a real socket: added, cut, vectorised, listed, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hostile import hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIStatusError, BadRequestError, MaybeSubmitted, NotFoundError
from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.types.documents import EmbeddingState, Slicing, UrlDetail

ROOT = "/api/llm-application/open/document"
NOTE = ("note.txt", b"Ten days of holiday.")
PDF = ("brand.pdf", b"%PDF-1.4\n1 0 obj <</Type /Page>>")


@pytest.fixture
async def base_id(zhipu: AsyncZhipuAI) -> str:
    return (await zhipu.knowledge.create(name="Handbook", embedding_id=11)).id


async def added(zhipu: AsyncZhipuAI, base_id: str) -> str:
    answer = await zhipu.knowledge.documents.upload(base_id, files=NOTE, knowledge_type=1)
    return answer.success_infos[0].document_id


async def test_files_are_uploaded_together_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "规则.txt"
    path.write_text("Ten days.", encoding="utf-8")
    seen: list[int] = []
    answer = await zhipu.knowledge.documents.upload(
        base_id,
        files=[path, NOTE, ("b.exe", b"MZ")],
        knowledge_type=Slicing.CUSTOM,
        custom_separator=["\n\n"],
        sentence_size=500,
        parse_image=True,
        callback_url="https://example.com/done",
        callback_header={"X-Token": "令牌"},
        word_num_limit=1000,
        req_id="request-1",
        on_progress=lambda done, total: seen.append(done),
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", f"{ROOT}/upload_document/{base_id}")
    assert {**request.body, "callback_header": json.loads(str(request.body["callback_header"]))} == {
        "knowledge_type": "5",
        "custom_separator": "\n\n",
        "sentence_size": "500",
        "parse_image": "true",
        "callback_url": "https://example.com/done",
        "callback_header": {"X-Token": "令牌"},
        "word_num_limit": "1000",
        "req_id": "request-1",
    }
    assert [(part.field, part.filename) for part in request.files] == [
        ("files", "规则.txt"),
        ("files", "note.txt"),
        ("files", "b.exe"),
    ]
    assert [info.file_name for info in answer.success_infos] == ["规则.txt", "note.txt"]
    assert [(info.file_name, bool(info.fail_reason)) for info in answer.failed_infos] == [("b.exe", True)]
    assert seen


async def test_several_separators_are_parts_of_one_name(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    answer = await zhipu.knowledge.documents.upload(
        base_id, files=NOTE, knowledge_type=Slicing.CUSTOM, custom_separator=["。", "\n"]
    )
    assert zhipu_simulator.requests[-1].body["custom_separator"] == ["。", "\n"]
    document = await zhipu.knowledge.documents.retrieve(answer.success_infos[0].document_id)
    assert document.custom_separator == ["。", "\n"]


async def test_one_file_needs_no_list(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Ten days.", encoding="utf-8")
    await zhipu.knowledge.documents.upload(base_id, files=str(path))
    assert [part.filename for part in zhipu_simulator.requests[-1].files] == ["a.txt"]


async def test_pages_are_added_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    detail: UrlDetail = {
        "url": "https://example.com/faq",
        "knowledge_type": Slicing.CUSTOM,
        "custom_separator": ["\n"],
        "sentence_size": 200,
        "callback_url": "https://example.com/done",
        "callback_header": {"X-Token": "t"},
    }
    answer = await zhipu.knowledge.documents.upload_urls(base_id, upload_detail=[detail])
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", f"{ROOT}/upload_url")
    assert request.body == {"knowledge_id": base_id, "upload_detail": [detail]}
    assert answer.success_infos[0].url == "https://example.com/faq"
    assert answer.success_infos[0].document_id


async def test_a_document_is_ready_when_its_vectors_are_done(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    document_id = await added(zhipu, base_id)
    first = await zhipu.knowledge.documents.retrieve(document_id)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("GET", f"{ROOT}/{document_id}")
    assert (first.id, first.name, first.knowledge_type) == (document_id, "note.txt", 1)
    assert (first.length, first.sentence_size, first.custom_separator) == (20, 300, ["\n"])
    assert (first.embedding_stat, first.ready) == (EmbeddingState.WORKING, False)
    assert (await zhipu.knowledge.documents.retrieve(document_id)).ready


async def test_a_document_without_vectors_says_why_and_is_tried_again(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    documents = zhipu.knowledge.documents
    zhipu_simulator.script(fault=TaskFails(), match={"path": base_id})
    document_id = await added(zhipu, base_id)
    while (document := await documents.retrieve(document_id)).embedding_stat == EmbeddingState.WORKING:
        pass
    assert document.embedding_stat == EmbeddingState.FAILED
    assert (document.fail_info.embedding_code, bool(document.fail_info.embedding_msg)) == (10001, True)
    done = await documents.embed(
        document_id, callback_url="https://example.com/done", callback_header={"X-Token": "t"}
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", f"{ROOT}/embedding/{document_id}")
    assert request.body == {
        "callback_url": "https://example.com/done",
        "callback_header": {"X-Token": "t"},
    }
    assert done.code == 200
    assert (await documents.retrieve(document_id)).embedding_stat == EmbeddingState.WORKING
    await documents.embed(document_id)
    assert zhipu_simulator.requests[-1].content == b"{}"


async def test_a_document_is_cut_anew_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    document_id = await added(zhipu, base_id)
    await zhipu.knowledge.documents.update(
        document_id,
        knowledge_type=Slicing.CUSTOM,
        custom_separator=["\n\n"],
        sentence_size=500,
        callback_url="https://example.com/done",
        callback_header={"X-Token": "t"},
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("PUT", f"{ROOT}/{document_id}")
    assert request.body == {
        "knowledge_type": 5,
        "custom_separator": ["\n\n"],
        "sentence_size": 500,
        "callback_url": "https://example.com/done",
        "callback_header": {"X-Token": "t"},
    }
    assert (await zhipu.knowledge.documents.retrieve(document_id)).sentence_size == 500


async def test_the_pictures_of_a_document_are_listed(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    answer = await zhipu.knowledge.documents.upload(base_id, files=PDF)
    document_id = answer.success_infos[0].document_id
    found = await zhipu.knowledge.documents.images(document_id)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", f"{ROOT}/slice/image_list/{document_id}")
    assert found.images[0].text
    assert found.images[0].cos_url.startswith("http")


async def test_documents_are_listed_by_name_over_every_page(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    names = [f"rule-{number}.txt" for number in range(3)]
    files = [*((name, b"Ten days.") for name in names), NOTE]
    await zhipu.knowledge.documents.upload(base_id, files=files)
    found = zhipu.knowledge.documents.list(base_id, word="rule", page=1, size=2)
    assert sorted([document.name async for document in found]) == names
    assert [dict(request.query) for request in zhipu_simulator.requests[-2:]] == [
        {"knowledge_id": base_id, "word": "rule", "page": "1", "size": "2"},
        {"knowledge_id": base_id, "word": "rule", "page": "2", "size": "2"},
    ]
    assert (await zhipu.knowledge.documents.list(base_id)).total == 4


async def test_a_document_is_deleted_and_is_then_not_found(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, base_id: str
) -> None:
    document_id = await added(zhipu, base_id)
    await zhipu.knowledge.documents.delete(document_id)
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("DELETE", f"{ROOT}/{document_id}")
    with pytest.raises(APIStatusError):
        await zhipu.knowledge.documents.retrieve(document_id)


async def test_documents_for_a_base_that_does_not_exist_are_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(NotFoundError):
        await zhipu.knowledge.documents.upload("1", files=NOTE)
    with pytest.raises(NotFoundError):
        await zhipu.knowledge.documents.upload_urls(
            "1", upload_detail=[{"url": "https://example.com", "knowledge_type": 1}]
        )
    with pytest.raises(NotFoundError):
        await zhipu.knowledge.documents.list("1")


async def test_an_upload_without_files_is_refused_by_the_platform() -> None:
    answer = reply({"code": 400, "message": "Required request part 'files' is not present"})
    async with hostile(answer) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(BadRequestError, match="files"):
            await zhipu.knowledge.documents.upload("1", files=[])


async def test_an_upload_whose_answer_is_lost_is_not_repeated() -> None:
    async with (
        hostile(reply(b"", status=502)) as server,
        AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu,
    ):
        with pytest.raises(MaybeSubmitted):
            await zhipu.knowledge.documents.upload("1", files=NOTE)
    assert len(server.requests) == 1
