"""Files over a real socket: upload, list, read, delete."""

from __future__ import annotations

import io
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.hostile import error, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, InvalidArgument, MaybeSubmitted
from zhipu_async.flows.upload import Uploadable
from zhipu_async.simulator import Simulator
from zhipu_async.types.files import FileObject, Purpose

LINE = {
    "custom_id": "line-1",
    "method": "POST",
    "url": "/v4/chat/completions",
    "body": {"model": "glm-4-plus", "messages": [{"role": "user", "content": "hi"}]},
}
JOBS = json.dumps(LINE).encode() + b"\n"


async def test_a_file_is_uploaded_from_a_path_with_its_name_and_progress(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "任务.jsonl"
    path.write_bytes(JOBS)
    seen: list[tuple[int, int | None]] = []
    file = await zhipu.files.upload(
        file=path, purpose=Purpose.BATCH, on_progress=lambda done, total: seen.append((done, total))
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/files")
    assert request.body == {"purpose": "batch"}
    assert [(part.field, part.filename, part.content) for part in request.files] == [
        ("file", "任务.jsonl", JOBS)
    ]
    assert (file.bytes, file.filename, file.purpose, file.object) == (
        len(JOBS),
        "任务.jsonl",
        "batch",
        "file",
    )
    assert file.id
    assert file.created_at
    assert seen[-1][0] == seen[-1][1]


async def pieces() -> AsyncIterator[bytes]:
    yield JOBS[:10]
    yield JOBS[10:]


@pytest.mark.parametrize(
    "content", [lambda: JOBS, lambda: io.BytesIO(JOBS), pieces], ids=["bytes", "open file", "async iterator"]
)
async def test_a_file_is_uploaded_from_whatever_gives_bytes(
    content: Callable[[], Uploadable], zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    file = await zhipu.files.upload(file=("jobs.jsonl", content()), purpose="batch")
    assert zhipu_simulator.requests[-1].files[0].content == JOBS
    assert file.bytes == len(JOBS)


async def test_the_fields_of_the_old_retrieval_are_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    await zhipu.files.upload(
        file=("a.pdf", b"%PDF-1.4"),
        purpose="retrieval",
        knowledge_id="7",
        custom_separator=["。"],
        sentence_size=200,
    )
    assert zhipu_simulator.requests[-1].body == {
        "purpose": "retrieval",
        "knowledge_id": "7",
        "custom_separator": "。",
        "sentence_size": "200",
    }


async def test_a_file_whose_name_has_no_extension_is_refused_before_anything_is_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    with pytest.raises(InvalidArgument, match="extension"):
        await zhipu.files.upload(file=JOBS, purpose="batch")
    assert not zhipu_simulator.requests


async def test_a_file_that_the_platform_refuses_raises(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.files.upload(file=("a.exe", b"MZ"), purpose="batch")
    assert caught.value.code == "1214"
    with pytest.raises(BadRequestError) as caught:
        await zhipu.files.upload(file=("a.jsonl", b'{"custom_id": "a"}'), purpose="batch")
    assert caught.value.code == "1210"


async def test_a_file_above_100_megabytes_is_named_so() -> None:
    async with (
        hostile(reply(b"", status=435)) as server,
        AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu,
    ):
        with pytest.raises(BadRequestError, match="100 MB"):
            await zhipu.files.upload(file=("a.jsonl", b"{}"), purpose="batch")


async def test_an_upload_whose_answer_is_lost_is_not_repeated() -> None:
    async with hostile(error("500", 500)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted):
            await zhipu.files.upload(file=("a.jsonl", b"{}"), purpose="batch")
    assert len(server.requests) == 1


async def test_files_are_listed_item_by_item_and_page_by_page(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    ids = [(await zhipu.files.upload(file=(f"{n}.jsonl", JOBS), purpose="batch")).id for n in range(5)]
    newest_first = ids[::-1]
    assert [file.id async for file in zhipu.files.list(purpose="batch", limit=2)] == newest_first
    sent = [dict(request.query) for request in zhipu_simulator.requests[-3:]]
    assert sent == [
        {"purpose": "batch", "limit": "2"},
        {"purpose": "batch", "limit": "2", "after": newest_first[1]},
        {"purpose": "batch", "limit": "2", "after": newest_first[3]},
    ]
    pages = [len(page.data) async for page in zhipu.files.list(purpose="batch", limit=2).pages()]
    assert pages == [2, 2, 1]
    first = await zhipu.files.list(purpose="batch", after=ids[1], order="desc")
    assert [file.id for file in first.data] == [ids[0]]
    assert zhipu_simulator.requests[-1].query["order"] == "desc"


async def test_a_list_needs_a_purpose_that_exists(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.files.list(purpose="nothing")


PAGE = {"object": "list", "data": [{"id": "f1", "object": "file"}], "has_more": True}


async def test_a_cursor_that_does_not_move_ends_the_list() -> None:
    async with hostile(reply(PAGE)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert [file.id async for file in zhipu.files.list(purpose="batch")] == ["f1"]
        assert [file.id async for file in zhipu.files.list(purpose="batch", after="f1")] == ["f1"]
    assert len(server.requests) == 3


async def test_content_is_read_in_memory_in_pieces_and_to_a_file(zhipu: AsyncZhipuAI, tmp_path: Path) -> None:
    file = await zhipu.files.upload(file=("a.jsonl", JOBS), purpose="batch")
    assert await zhipu.files.content(file.id) == JOBS
    assert b"".join([piece async for piece in zhipu.files.content(file.id)]) == JOBS
    saved = await zhipu.files.content(file.id).save(tmp_path / "out.jsonl")
    assert saved.read_bytes() == JOBS


async def test_content_that_is_an_error_leaves_no_file_behind(zhipu: AsyncZhipuAI, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.files.content("no-such-file").save(tmp_path / "out.jsonl")
    assert not os.listdir(tmp_path)


async def test_an_error_with_status_200_is_not_taken_for_content(tmp_path: Path) -> None:
    async with hostile(error("1220", 200)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(Exception, match="1220"):
            await zhipu.files.content("f1").save(tmp_path / "out.jsonl")
    assert not os.listdir(tmp_path)


async def test_json_that_is_no_error_is_content() -> None:
    body = {"content": "text", "type": "file", "filename": "a.pdf"}
    async with hostile(reply(body)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert json.loads(await zhipu.files.content("f1")) == body


async def test_a_file_is_deleted_once(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    file = await zhipu.files.upload(file=("a.jsonl", JOBS), purpose="batch")
    gone = await zhipu.files.delete(file.id)
    assert (gone.id, gone.deleted) == (file.id, True)
    assert zhipu_simulator.requests[-1].method == "DELETE"
    assert zhipu_simulator.requests[-1].path.endswith(f"/files/{file.id}")
    with pytest.raises(BadRequestError):
        await zhipu.files.delete(file.id)


async def test_an_id_is_escaped_in_the_path() -> None:
    answer = reply({"id": "a/b", "deleted": True})
    async with hostile(answer) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        await zhipu.files.delete("a/b?c")
    assert server.requests[0].target == "/api/paas/v4/files/a%2Fb%3Fc"


def test_the_name_is_found_in_either_spelling() -> None:
    assert FileObject(filename="", other_filename="a.jsonl").filename == "a.jsonl"
