"""Knowledge bases in the simulator: documents that are cut and vectorised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zhipu_async.simulator import NeverEnds, Simulator, TaskFails
from zhipu_async.simulator.shapes import (
    Body,
    number_of,
    object_of,
    objects_of,
    text_of,
)

from .asking import Text, at_root, first, form
from .conftest import Caller
from .library import OPEN, RULES, base, code, data, document, looks, upload

if TYPE_CHECKING:
    from zhipu_async.simulator.faults import Fault


async def test_a_knowledge_base_lives(caller: Caller) -> None:
    base_id = await base(caller, description="rules", icon="book")
    await data(caller, "PUT", f"/knowledge/{base_id}", {"name": "Handbook 2026", "background": "red"})

    shown = await data(caller, "GET", f"/knowledge/{base_id}")
    assert shown == {
        "id": base_id,
        "contextual": 0,
        "description": "rules",
        "background": "red",
        "icon": "book",
        "embedding_id": 11,
        "name": "Handbook 2026",
        "document_size": 0,
        "length": 0,
        "word_num": 0,
    }
    assert await data(caller, "DELETE", f"/knowledge/{base_id}") == {}
    assert await code(caller, "GET", f"/knowledge/{base_id}") == 100013


async def test_knowledge_bases_are_listed_in_numbered_pages(caller: Caller) -> None:
    made = [await base(caller, name=str(number)) for number in range(3)]

    page = await data(caller, "GET", "/knowledge?page=2&size=2")

    assert (page["total"], [one["id"] for one in objects_of(page, "list")]) == (3, [made[0]])
    assert (await data(caller, "GET", "/knowledge?page=3&size=2"))["list"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Handbook"},
        {"embedding_id": 4, "name": "Handbook"},
        {"embedding_id": 3, "embedding_model": "Embedding-3", "name": "Handbook"},
        {"embedding_id": 3, "name": "Handbook", "icon": "cat"},
        {"embedding_id": 3, "name": "Handbook", "contextual": 2},
    ],
)
async def test_a_knowledge_base_that_cannot_be_made_is_refused_with_status_200(
    caller: Caller, body: Body
) -> None:
    assert await code(caller, "POST", "/knowledge", body) == 400


async def test_context_cannot_be_switched_off_again(caller: Caller) -> None:
    base_id = await base(caller, contextual=1)

    assert await code(caller, "PUT", f"/knowledge/{base_id}", {"contextual": 0}) == 400


async def test_what_is_stored_is_counted(caller: Caller) -> None:
    await document(caller, await base(caller), text="三个字")

    used = await data(caller, "GET", "/knowledge/capacity")

    assert used["used"] == {"word_num": 3, "length": 9}
    assert number_of(object_of(used, "total"), "length") == 2**30


async def test_a_document_is_vectorised_in_its_own_time(caller: Caller) -> None:
    taken = await upload(caller, await base(caller), knowledge_type=1)

    document_id = text_of(first(taken, "successInfos"), "documentId")
    seen = await looks(caller, document_id)
    assert [one["embedding_stat"] for one in seen] == [0, 1]
    assert (seen[-1]["name"], seen[-1]["length"], seen[-1]["knowledge_type"]) == ("rules.txt", len(RULES), 1)
    content = await caller.send("GET", text_of(seen[-1], "url"), auth=False)
    assert content.text == RULES


@pytest.mark.parametrize(("fault", "stat"), [(TaskFails(), 2), (NeverEnds(), 0)])
async def test_vectorising_can_be_told_to_fail(
    sim: Simulator, caller: Caller, fault: Fault, stat: int
) -> None:
    base_id = await base(caller)
    sim.script(fault=fault)
    document_id = await document(caller, base_id)

    shown = await data(caller, "GET", f"/document/{document_id}")
    assert shown["embedding_stat"] == stat
    assert ("failInfo" in shown) is (stat == 2)
    await data(caller, "POST", f"/document/embedding/{document_id}")
    assert (await looks(caller, document_id))[-1]["embedding_stat"] == 1


async def test_a_document_with_too_many_words_fails(caller: Caller) -> None:
    document_id = await document(caller, await base(caller), word_num_limit="5")

    shown = await data(caller, "GET", f"/document/{document_id}")
    assert object_of(shown, "failInfo")["embedding_code"] == 10002


async def test_files_that_do_not_suit_are_reported_one_by_one(caller: Caller) -> None:
    base_id = await base(caller)
    parts = form({}, knowledge_type=3)
    for name, content in (("a.csv", b"1"), ("b.exe", b"1"), ("c.pdf", b"1"), ("d.csv", b"")):
        parts.add_field("files", content, filename=name)
    url = at_root(caller, f"{OPEN}/document/upload_document/{base_id}")
    reply = await caller.send("POST", url, data=parts)

    body = object_of(reply.json, "data")
    assert [one["fileName"] for one in objects_of(body, "successInfos")] == ["a.csv"]
    assert [one["fileName"] for one in objects_of(body, "failedInfos")] == ["b.exe", "c.pdf", "d.csv"]


@pytest.mark.parametrize(
    "texts",
    [
        {"knowledge_type": 4},
        {"sentence_size": 10},
        {"word_num_limit": "many"},
        {"callback_header": "no json"},
        {"custom_separator": "[1"},
    ],
)
async def test_an_upload_with_strange_settings_is_refused(caller: Caller, texts: dict[str, Text]) -> None:
    assert (await upload(caller, await base(caller), **texts))["code"] == 400


async def test_an_upload_needs_files_and_a_base(caller: Caller) -> None:
    assert (await upload(caller, await base(caller), {}))["code"] == 400
    assert (await upload(caller, "0"))["code"] == 100013


async def test_links_become_documents(caller: Caller) -> None:
    details: list[Body] = [
        {"url": "https://example.com/faq", "knowledge_type": 1},
        {"url": "ftp://example.com", "knowledge_type": 1},
    ]
    body = {"knowledge_id": await base(caller), "upload_detail": details}

    taken = await data(caller, "POST", "/document/upload_url", body)

    assert first(taken, "failedInfos")["url"] == "ftp://example.com"
    document_id = text_of(first(taken, "successInfos"), "documentId")
    assert (await looks(caller, document_id))[-1]["url"] == "https://example.com/faq"
    details[0]["sentence_size"] = 10
    assert await code(caller, "POST", "/document/upload_url", body) == 400
    del details[0]["knowledge_type"]
    assert await code(caller, "POST", "/document/upload_url", body) == 400


async def test_documents_are_listed_by_base_and_name(caller: Caller) -> None:
    base_id = await base(caller)
    for name in ("a.txt", "b.txt", "ab.txt"):
        await document(caller, base_id, name)

    page = await data(caller, "GET", f"/document?knowledge_id={base_id}&word=b&size=1")

    assert (page["total"], [one["name"] for one in objects_of(page, "list")]) == (2, ["ab.txt"])
    assert await code(caller, "GET", "/document") == 400
    assert await code(caller, "GET", "/document?knowledge_id=0") == 100013
    assert await code(caller, "GET", f"/document?knowledge_id={base_id}&page=0") == 400


async def test_a_deleted_document_is_gone_and_so_are_those_of_a_deleted_base(caller: Caller) -> None:
    base_id = await base(caller)
    one, other = await document(caller, base_id), await document(caller, base_id)
    await data(caller, "DELETE", f"/document/{one}")
    assert await code(caller, "GET", f"/document/{one}") == 400
    await data(caller, "DELETE", f"/knowledge/{base_id}")

    assert await code(caller, "GET", f"/document/{other}") == 400


async def test_a_document_can_be_cut_again(caller: Caller) -> None:
    document_id = await document(caller, await base(caller), knowledge_type=5, custom_separator=("\n", ";"))
    settings = {"knowledge_type": 5, "custom_separator": ["."], "sentence_size": 20}

    await data(caller, "PUT", f"/document/{document_id}", settings)

    seen = await looks(caller, document_id)
    assert [one["embedding_stat"] for one in seen] == [0, 1]
    assert (seen[-1]["custom_separator"], seen[-1]["sentence_size"]) == (["."], 20)


@pytest.mark.parametrize("written", [";", '[";"]'])
async def test_a_separator_may_come_as_one_part_or_as_json(caller: Caller, written: str) -> None:
    document_id = await document(caller, await base(caller), knowledge_type=5, custom_separator=written)

    assert (await data(caller, "GET", f"/document/{document_id}"))["custom_separator"] == [";"]


async def test_another_embedding_model_vectorises_everything_again(caller: Caller) -> None:
    base_id = await base(caller)
    document_id = await document(caller, base_id)

    await data(caller, "PUT", f"/knowledge/{base_id}", {"embedding_id": 12})

    assert [one["embedding_stat"] for one in await looks(caller, document_id)] == [0, 1]


async def test_pictures_of_a_document_are_listed(caller: Caller) -> None:
    base_id = await base(caller)
    paper, text = await document(caller, base_id, "a.pdf"), await document(caller, base_id)

    images = objects_of(await data(caller, "POST", f"/document/slice/image_list/{paper}"), "images")

    assert [one["text"] for one in images] == ["[fig_1]"]
    assert await data(caller, "POST", f"/document/slice/image_list/{text}") == {"images": []}
