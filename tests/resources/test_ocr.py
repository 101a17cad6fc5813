"""Text from pictures over a real socket."""

from __future__ import annotations

import pytest

from tests.hostile import hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, TaskFailed
from zhipu_async.simulator import Simulator

PICTURE = ("note.png", b"\x89PNG\r\n\x1a\n")


async def test_a_picture_is_read_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script("Dear Ada,\nthank you")
    found = await zhipu.ocr.recognize(
        file=PICTURE, tool_type="hand_write", language_type="ENG", probability=True
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/files/ocr")
    assert request.body == {"tool_type": "hand_write", "language_type": "ENG", "probability": "true"}
    assert [(part.field, part.filename, part.content_type) for part in request.files] == [
        ("file", "note.png", "image/png")
    ]
    assert found.text == "Dear Ada,\nthank you"
    assert found.words_result_num == len(found.words_result) == 2
    first = found.words_result[0]
    assert first.location.width > 0
    assert 0 < first.probability.average <= 1


async def test_a_confidence_that_was_not_asked_for_is_empty(zhipu: AsyncZhipuAI) -> None:
    found = await zhipu.ocr.recognize(file=PICTURE)
    assert found.words_result[0].probability.average == 0


async def test_a_file_that_is_no_picture_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.ocr.recognize(file=("a.txt", b"text"))


@pytest.mark.parametrize(
    "answer",
    [
        {"task_id": "o1", "status": "failed", "message": "no words", "words_result_num": 0},
        {"task_id": None, "status": None, "message": "no words", "words_result_num": 0, "words_result": None},
    ],
)
async def test_a_failure_with_status_200_raises(answer: dict[str, object]) -> None:
    async with hostile(reply(answer)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(TaskFailed, match="no words") as caught:
            await zhipu.ocr.recognize(file=PICTURE)
    assert caught.value.status == "failed"
    assert caught.value.endpoint == "ocr.recognize"
