"""The file parser over a real socket: at once, as a task, as text, as a link, and refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.hostile import Answer, error, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import APIStatusError, BadRequestError, MaybeSubmitted, TaskFailed
from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.types.file_parser import ParsedFile, ParserTool

NOTE = ("note.txt", "第一行".encode())


@pytest.fixture(autouse=True)
def _impatient(zhipu: AsyncZhipuAI) -> None:  # pyright: ignore[reportUnusedFunction]
    zhipu.tasks.polling.scale = 1e-4


async def test_a_document_is_parsed_at_once(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    seen: list[int] = []
    parsed = await zhipu.file_parser.parse(
        file=NOTE, file_type="txt", on_progress=lambda done, total: seen.append(done)
    )
    request = zhipu_simulator.requests[0]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/files/parser/sync")
    assert request.body == {"tool_type": "prime-sync", "file_type": "TXT"}
    assert [(part.field, part.filename) for part in request.files] == [("file", "note.txt")]
    assert (parsed.status, "第一行" in parsed.content) == ("succeeded", True)
    assert seen
    archive = await parsed.save(tmp_path / "parsed.zip")
    assert zipfile.ZipFile(archive).namelist() == ["result.md", "layout.json"]


async def test_a_document_is_submitted_and_its_text_awaited(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    task = await zhipu.file_parser.submit(
        file=NOTE, tool_type=ParserTool.LITE, file_type="TXT", format_type="text"
    )
    request = zhipu_simulator.requests[0]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/files/parser/create")
    assert request.body == {"tool_type": "lite", "file_type": "TXT"}
    assert request.files[0].content == NOTE[1]
    parsed = await task
    assert "第一行" in parsed.content
    assert zhipu_simulator.requests[-1].path == f"/api/paas/v4/files/parser/result/{task.id}/text"


async def test_a_task_gives_a_link_and_is_found_again_by_its_reference(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    task = await zhipu.file_parser.submit(file=NOTE, tool_type="prime", format_type="download_link")
    parsed = await zhipu.tasks.attach(str(task.ref))
    assert isinstance(parsed, ParsedFile)
    assert (parsed.content, parsed.url) == ("", parsed.parsing_result_url)
    assert zhipu_simulator.requests[-1].path.endswith("/download_link")
    assert zipfile.is_zipfile(await parsed.save(tmp_path / "parsed.zip"))


async def test_parse_waits_where_a_tool_does_not_answer_at_once(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    parsed = await zhipu.file_parser.parse(file=NOTE, tool_type="lite")
    assert "第一行" in parsed.content
    assert zhipu_simulator.requests[0].path.endswith("/files/parser/create")


async def test_a_refusal_with_status_200_raises(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(APIStatusError, match="does not support this file"):
        await zhipu.file_parser.submit(file=("a.exe", b"MZ"), tool_type="lite")
    with pytest.raises(BadRequestError):
        await zhipu.file_parser.parse(file=("a.exe", b"MZ"))


async def test_a_task_that_fails_raises_when_it_is_awaited(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    zhipu_simulator.script(fault=TaskFails())
    task = await zhipu.file_parser.submit(file=NOTE, tool_type="lite")
    with pytest.raises(TaskFailed) as caught:
        await task
    assert (caught.value.task_id, caught.value.status) == (task.id, "failed")


def answer(**fields: object) -> Answer:
    return reply({"task_id": "t2", "message": "the file is damaged", **fields})


async def test_a_failure_at_once_raises_with_the_reason() -> None:
    async with hostile(answer(status="failed")) as server, client(server.base_url) as zhipu:
        with pytest.raises(TaskFailed, match="damaged") as caught:
            await zhipu.file_parser.parse(file=NOTE)
    assert caught.value.task_id == "t2"


async def test_an_answer_that_comes_too_early_is_waited_for() -> None:
    answers = answer(status="processing"), answer(status="succeeded", content="text")
    async with hostile(*answers) as server, client(server.base_url) as zhipu:
        zhipu.tasks.polling.scale = 1e-4
        assert (await zhipu.file_parser.parse(file=NOTE)).content == "text"
    assert server.requests[1].target == "/api/paas/v4/files/parser/result/t2/text"


async def test_an_answer_without_status_and_id_is_a_failure() -> None:
    async with hostile(reply({"message": "no"})) as server, client(server.base_url) as zhipu:
        with pytest.raises(TaskFailed):
            await zhipu.file_parser.parse(file=NOTE)


async def test_a_submission_whose_answer_is_lost_is_not_repeated() -> None:
    async with hostile(error("500", 500)) as server, client(server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted):
            await zhipu.file_parser.submit(file=NOTE, tool_type="lite")
    assert len(server.requests) == 1


def client(base_url: str) -> AsyncZhipuAI:
    return AsyncZhipuAI("a.b", base_url=base_url)
