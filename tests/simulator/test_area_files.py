"""Files in the simulator: uploaded, listed, read, deleted; refused where the platform refuses."""

from __future__ import annotations

import json

import pytest

from zhipu_async.simulator.shapes import objects_of, text_of

from .asking import post_form, upload
from .conftest import Caller

LINE = json.dumps({"custom_id": "job-0001", "method": "POST", "url": "/v4/chat/completions", "body": {}})


async def names_of(caller: Caller, query: str) -> list[str]:
    reply = await caller.get(f"/files?{query}")
    return [text_of(file, "filename") for file in objects_of(reply.json, "data")]


async def test_an_uploaded_file_is_described(caller: Caller) -> None:
    reply = await post_form(caller, "/files", {"file": ("a.pdf", b"%PDF-")}, purpose="agent")

    body = reply.json
    assert text_of(body, "id").startswith("agent-")
    assert (body["object"], body["bytes"], body["filename"], body["purpose"]) == ("file", 5, "a.pdf", "agent")


async def test_files_are_listed_by_purpose_newest_first(caller: Caller) -> None:
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        await upload(caller, name, b"1", "agent")
    await upload(caller, "d.jsonl", LINE.encode(), "batch")

    assert await names_of(caller, "purpose=agent") == ["c.pdf", "b.pdf", "a.pdf"]
    assert await names_of(caller, "purpose=agent&order=asc") == ["a.pdf", "b.pdf", "c.pdf"]


async def test_pages_follow_the_cursor_even_when_its_file_was_deleted(caller: Caller) -> None:
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        last = await upload(caller, name, b"1", "agent")
    page = (await caller.get("/files?purpose=agent&limit=1")).json
    await caller.send("DELETE", f"/files/{last}")
    rest = (await caller.get(f"/files?purpose=agent&limit=2&after={last}")).json

    assert page["has_more"] is True
    assert "first_id" not in page
    assert [file["filename"] for file in objects_of(rest, "data")] == ["b.pdf", "a.pdf"]
    assert rest["has_more"] is False


async def test_a_deleted_file_is_gone(caller: Caller) -> None:
    file_id = await upload(caller, "a.jsonl", LINE.encode(), "batch")

    assert (await caller.send("DELETE", f"/files/{file_id}")).json == {
        "id": file_id,
        "object": "file",
        "deleted": True,
    }
    assert await names_of(caller, "purpose=batch") == []
    assert (await caller.get(f"/files/{file_id}/content")).code == "1214"
    assert (await caller.send("DELETE", f"/files/{file_id}")).code == "1214"


async def test_a_batch_file_is_read_byte_for_byte(caller: Caller) -> None:
    content = f"{LINE}\r\n".encode()
    reply = await caller.get(f"/files/{await upload(caller, 'a.jsonl', content, 'batch')}/content")

    assert (reply.content, reply.content_type) == (content, "application/octet-stream")


async def test_an_extracted_file_is_read_as_text(caller: Caller) -> None:
    file_id = await upload(caller, "a.txt", "三".encode(), "file-extract")

    reply = await caller.get(f"/files/{file_id}/content")

    assert reply.json == {
        "content": "三",
        "file_type": "txt",
        "filename": "a.txt",
        "title": "",
        "type": "file",
    }


async def test_files_of_other_purposes_cannot_be_read(caller: Caller) -> None:
    file_id = await upload(caller, "a.pdf", b"1", "agent")

    assert (await caller.get(f"/files/{file_id}/content")).code == "1214"


@pytest.mark.parametrize(
    ("filename", "content", "purpose", "code"),
    [
        ("a.txt", b"1", "batch", "1214"),
        ("a.jsonl", b"", "batch", "1214"),
        ("a.pdf", b"1", "holidays", "1214"),
        ("a", b"1", "agent", "1214"),
        ("a.png", b"1" * (5 * 2**20 + 1), "agent", "1214"),
        ("a.pdf", b"1" * (20 * 2**20 + 1), "agent", "1214"),
        ("a.jsonl", b'{"custom_id": "short"}', "batch", "1210"),
        ("a.jsonl", b'{"custom_id": "long-enough", "body": {"model": "gpt-4"}}', "batch", "1210"),
    ],
)
async def test_an_upload_that_does_not_suit_its_purpose_is_refused(
    caller: Caller, filename: str, content: bytes, purpose: str, code: str
) -> None:
    reply = await post_form(caller, "/files", {"file": (filename, content)}, purpose=purpose)

    assert (reply.status, reply.code) == (400, code)


async def test_a_file_above_100_mb_is_refused_with_a_status_of_its_own(caller: Caller) -> None:
    content = bytes(100 * 2**20 + 1)
    reply = await post_form(caller, "/files", {"file": ("a.jsonl", content)}, purpose="batch")

    assert reply.status == 435


async def test_an_upload_needs_a_file_and_a_purpose(caller: Caller) -> None:
    assert (await post_form(caller, "/files", purpose="agent")).code == "1213"
    assert (await post_form(caller, "/files", {"file": ("a.pdf", b"1")})).code == "1213"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "1213"),
        ("purpose=holidays", "1214"),
        ("purpose=agent&limit=0", "1214"),
        ("purpose=agent&limit=101", "1214"),
        ("purpose=agent&after=nothing", "1214"),
    ],
)
async def test_a_list_that_cannot_be_given_is_refused(caller: Caller, query: str, code: str) -> None:
    assert (await caller.get(f"/files?{query}")).code == code


async def test_at_most_a_hundred_files_for_the_code_interpreter(caller: Caller) -> None:
    for number in range(100):
        await upload(caller, f"{number}.txt", b"1", "code-interpreter")

    reply = await post_form(caller, "/files", {"file": ("a.txt", b"1")}, purpose="code-interpreter")

    assert reply.code == "1210"
