"""The layout of documents over a real socket."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, InvalidArgument
from zhipu_async.flows import inline
from zhipu_async.protocol.parts import Kind, Source
from zhipu_async.simulator import Simulator

LINK = "https://example.com/a.pdf"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
JPEG = b"\xff\xd8\xff\xe0" + bytes(16)
PDF = b"%PDF-1.4\n1 0 obj <</Type /Page>>"
ENCODED = b64encode(PNG).decode()


async def test_a_document_is_taken_apart_with_every_field(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator, tmp_path: Path
) -> None:
    parsed = await zhipu.layout.parse(
        model="glm-ocr",
        file=LINK,
        return_crop_images=True,
        need_layout_visualization=True,
        start_page_id=1,
        end_page_id=2,
        request_id="request-1",
        user_id="user-1",
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/layout_parsing")
    assert request.body == {
        "model": "glm-ocr",
        "file": LINK,
        "return_crop_images": True,
        "need_layout_visualization": True,
        "start_page_id": 1,
        "end_page_id": 2,
        "request_id": "request-1",
        "user_id": "user-1",
    }
    assert parsed.model == "GLM-OCR"
    assert parsed.md_results.startswith("#")
    assert len(parsed.layout_details) == parsed.data_info.num_pages == len(parsed.data_info.pages) == 2
    element = parsed.layout_details[0][0]
    assert (element.label, len(element.bbox_2d)) == ("text", 4)
    assert parsed.usage.total_tokens > 0
    assert parsed.links == parsed.layout_visualization
    assert (await parsed.save(tmp_path / "page.png", index=1)).stat().st_size > 0


async def test_a_model_that_does_not_exist_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        await zhipu.layout.parse(model="glm-none", file=LINK)
    assert caught.value.code == "1211"


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        (PNG, f"data:image/png;base64,{ENCODED}"),
        (JPEG, f"data:image/jpeg;base64,{b64encode(JPEG).decode()}"),
        (PDF, f"data:application/pdf;base64,{b64encode(PDF).decode()}"),
        (ENCODED, ENCODED),
        (f"data:image/png;base64,{ENCODED}", f"data:image/png;base64,{ENCODED}"),
    ],
    ids=["png", "jpeg", "pdf", "base64", "data URI"],
)
async def test_bytes_become_a_data_uri_and_texts_go_as_they_are(
    source: Source, sent: str, zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    await zhipu.layout.parse(file=source)
    assert zhipu_simulator.requests[-1].body["file"] == sent


@pytest.mark.parametrize("kind", [str, Path])
async def test_a_path_is_read(kind: type[str] | type[Path], tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(PNG)
    assert await inline.inline(kind(path)) == f"data:image/png;base64,{ENCODED}"


async def test_a_path_that_leads_nowhere_is_said_before_anything_is_sent(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    with pytest.raises(InvalidArgument, match=r"cannot read 'none\.pdf'"):
        await zhipu.layout.parse(file="none.pdf")
    assert not zhipu_simulator.requests


async def test_another_format_and_what_is_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidArgument, match="PDF, PNG and JPEG"):
        await inline.inline(b"GIF89a")
    monkeypatch.setitem(inline.LARGEST, Kind.PNG, 20)
    with pytest.raises(InvalidArgument, match="larger than 0 MB, the most for png"):
        await inline.inline(PNG)
