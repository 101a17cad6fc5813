"""Documents, pictures and texts that are looked at in the simulator: parser, layout, handwriting, moderation."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest

from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.simulator.papers import pdf
from zhipu_async.simulator.shapes import array_of, object_of, objects_of, text_of

from .asking import first, post_form, until_ended
from .conftest import Caller

PDF = base64.b64encode(pdf("Scan", 4)).decode()


async def submit(caller: Caller, name: str = "a.txt", content: bytes = b"hello") -> str:
    files = {"file": (name, content)}
    reply = await post_form(
        caller, "/files/parser/create", files, tool_type="lite", file_type=name[-3:].upper()
    )
    assert reply.json["success"] is True
    return text_of(reply.json, "task_id")


async def test_a_document_is_parsed_in_its_own_time(caller: Caller) -> None:
    path = f"/files/parser/result/{await submit(caller)}/text"
    looks = await until_ended(caller, path, {"processing"})

    assert [look["status"] for look in looks] == ["processing", "succeeded"]
    assert (looks[0]["content"], looks[0]["parsing_result_url"]) == (None, None)
    assert (looks[-1]["content"], looks[-1]["parsing_result_url"]) == ("hello", None)


async def test_a_parsed_document_can_be_downloaded(caller: Caller) -> None:
    path = f"/files/parser/result/{await submit(caller)}/download_link"
    result = (await until_ended(caller, path, {"processing"}))[-1]
    archive = await caller.send("GET", text_of(result, "parsing_result_url"), auth=False)

    assert result["content"] is None
    assert zipfile.ZipFile(io.BytesIO(archive.content)).read("result.md") == b"hello"


async def test_parsing_can_be_told_to_fail(sim: Simulator, caller: Caller) -> None:
    sim.script(fault=TaskFails())
    path = f"/files/parser/result/{await submit(caller)}/text"

    assert (await until_ended(caller, path, {"processing"}))[-1]["status"] == "failed"


async def test_a_tool_declines_what_it_cannot_read_with_status_200(caller: Caller) -> None:
    reply = await post_form(caller, "/files/parser/create", {"file": ("a.txt", b"1")}, tool_type="expert")

    assert (reply.status, reply.json["success"]) == (200, False)


@pytest.mark.parametrize(
    ("path", "name", "texts", "code"),
    [
        ("create", "a.pdf", {"tool_type": "huge"}, "1214"),
        ("create", "a.pdf", {}, "1213"),
        ("create", "a.pdf", {"tool_type": "lite", "file_type": "EXE"}, "1214"),
        ("sync", "a.pdf", {"tool_type": "lite"}, "1214"),
        ("sync", "a.exe", {"tool_type": "prime-sync"}, "1214"),
    ],
)
async def test_the_parser_refuses_what_it_does_not_know(
    caller: Caller, path: str, name: str, texts: dict[str, str], code: str
) -> None:
    assert (await post_form(caller, f"/files/parser/{path}", {"file": (name, b"1")}, **texts)).code == code


async def test_results_are_asked_for_by_a_known_task_and_format(caller: Caller) -> None:
    assert (await caller.get(f"/files/parser/result/{await submit(caller)}/html")).code == "1214"
    assert (await caller.get("/files/parser/result/0/text")).code == "1214"


async def test_a_document_is_parsed_at_once(caller: Caller) -> None:
    files = {"file": ("我的.wps", b"\xd0\xcf")}
    body = (await post_form(caller, "/files/parser/sync", files, tool_type="prime-sync")).json

    assert body["status"] == "succeeded"
    assert text_of(body, "content").startswith("# 我的")
    assert body["parsing_result_url"]


@pytest.mark.parametrize(
    ("file", "pages"),
    [
        ("https://example.org/scan.pdf?x=1", 3),
        ("https://example.org/scan.png", 1),
        (PDF, 4),
        (f"data:application/pdf;base64,{PDF}", 4),
        ("data:image/png;base64,iVBORw0KGgo=", 1),
    ],
)
async def test_a_layout_has_the_pages_of_its_document(caller: Caller, file: str, pages: int) -> None:
    body = (await caller.post("/layout_parsing", model="glm-ocr", file=file)).json

    assert (body["model"], object_of(body, "data_info")["num_pages"]) == ("GLM-OCR", pages)
    assert len(array_of(body, "layout_details")) == pages
    assert text_of(body, "md_results").startswith("# ")
    assert "layout_visualization" not in body


async def test_a_layout_can_be_cut_to_pages_and_illustrated(caller: Caller) -> None:
    wishes = {"start_page_id": 2, "end_page_id": 3, "return_crop_images": True}
    reply = await caller.post(
        "/layout_parsing", model="glm-ocr", file=PDF, need_layout_visualization=True, **wishes
    )

    assert len(array_of(reply.json, "layout_details")) == 2
    assert reply.at("layout_details", 0, -1, "label") == "image"
    assert len(array_of(reply.json, "layout_visualization")) == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"file": None}, "1213"),
        ({"model": "glm-ocr-2"}, "1211"),
        ({"file": "https://example.org/a.docx"}, "1214"),
        ({"file": "no base64"}, "1214"),
        ({"file": ","}, "1214"),
        ({"file": PDF, "start_page_id": 5}, "1214"),
        ({"file": PDF, "start_page_id": 0}, "1214"),
    ],
)
async def test_a_layout_that_cannot_be_parsed_is_refused(
    caller: Caller, changed: dict[str, object], code: str
) -> None:
    body = {"model": "glm-ocr", "file": PDF, **changed}

    assert (await caller.post("/layout_parsing", **body)).code == code


async def test_handwriting_is_read_line_by_line(sim: Simulator, caller: Caller) -> None:
    files = {"file": ("note.png", b"\x89PNG")}
    sim.script("one\ntwo")
    plain = (await post_form(caller, "/files/ocr", files, tool_type="hand_write")).json
    sure = (await post_form(caller, "/files/ocr", files, tool_type="hand_write", probability="true")).json
    sim.script("")
    nothing = (await post_form(caller, "/files/ocr", files, tool_type="hand_write")).json

    assert (plain["status"], plain["words_result_num"]) == ("succeeded", 2)
    assert [word["words"] for word in objects_of(plain, "words_result")] == ["one", "two"]
    assert "probability" not in first(plain, "words_result")
    assert set(object_of(first(sure, "words_result"), "probability")) == {"average", "variance", "min"}
    assert (nothing["words_result_num"], "words_result" in nothing) == (0, False)


@pytest.mark.parametrize(
    ("name", "texts", "code"),
    [
        ("a.png", {}, "1213"),
        ("a.png", {"tool_type": "print"}, "1214"),
        ("a.png", {"tool_type": "hand_write", "language_type": "LAT"}, "1214"),
        ("a.pdf", {"tool_type": "hand_write"}, "1210"),
    ],
)
async def test_handwriting_that_cannot_be_read_is_refused(
    caller: Caller, name: str, texts: dict[str, str], code: str
) -> None:
    assert (await post_form(caller, "/files/ocr", {"file": (name, b"1")}, **texts)).code == code


@pytest.mark.parametrize(
    ("given", "kinds", "levels"),
    [
        ("fine", ["text"], ["PASS"]),
        ({"type": "text", "text": "a [review] text"}, ["text"], ["REVIEW"]),
        (["fine", "[unsafe]"], ["text", "text"], ["PASS", "REJECT"]),
        (
            [
                {"type": f"{kind}_url", f"{kind}_url": {"url": "https://example.org"}}
                for kind in ("image", "video")
            ],
            ["image", "video"],
            ["PASS", "PASS"],
        ),
    ],
)
async def test_everything_given_is_reviewed(
    caller: Caller, given: object, kinds: list[str], levels: list[str]
) -> None:
    body = (await caller.post("/moderations", model="moderation", input=given)).json

    results = objects_of(body, "result_list")
    assert [result["content_type"] for result in results] == kinds
    assert [result["risk_level"] for result in results] == levels
    assert all(bool(result["risk_type"]) is (result["risk_level"] != "PASS") for result in results)
    assert object_of(object_of(body, "usage"), "moderation_text")["call_count"] == len(kinds)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "1213"),
        ("x" * 2001, "1214"),
        ([], "1214"),
        (7, "1214"),
        ({"type": "smell_url"}, "1214"),
        ({"type": "image_url", "image_url": "https://example.org"}, "1214"),
    ],
)
async def test_what_cannot_be_reviewed_is_refused(caller: Caller, given: object, code: str) -> None:
    assert (await caller.post("/moderations", model="moderation", input=given)).code == code


async def test_a_picture_above_8_mb_is_not_read(caller: Caller) -> None:
    files = {"file": ("a.png", bytes(8 * 2**20 + 1))}

    assert (await post_form(caller, "/files/ocr", files, tool_type="hand_write")).code == "1214"


async def test_links_to_results_expire_when_many_others_were_made(caller: Caller) -> None:
    files = {"file": ("a.txt", b"hello")}
    urls = [
        text_of(
            (await post_form(caller, "/files/parser/sync", files, tool_type="prime-sync")).json,
            "parsing_result_url",
        )
        for _ in range(201)
    ]

    assert (await caller.send("GET", urls[0], auth=False)).status == 404
    assert (await caller.send("GET", urls[-1], auth=False)).status == 200
