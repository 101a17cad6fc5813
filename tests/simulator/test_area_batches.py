"""Batches in the simulator: their life, their files by custom_id, and every way in which they end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp
import pytest

from zhipu_async.simulator import NeverEnds, Simulator, TaskFails
from zhipu_async.simulator.shapes import Body, object_of, objects_of, text_of

from .asking import MOST_LOOKS, first, upload
from .conftest import Caller

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

CHAT = "/v4/chat/completions"
RUNNING = ("validating", "in_progress", "finalizing", "cancelling")


def line(custom_id: str, model: str = "glm-4-plus", url: str = CHAT, **body: object) -> str:
    said = {"messages": [{"role": "user", "content": custom_id}]} if url == CHAT else {}
    request = {"model": model, **said, **body}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": request}) + "\n"


@pytest.fixture
async def sim() -> AsyncGenerator[Simulator]:
    async with Simulator(seed=0) as simulator:  # counts as the platform does
        yield simulator


async def create(caller: Caller, content: str, endpoint: str = CHAT, **body: object) -> Body:
    file_id = await upload(caller, "jobs.jsonl", content.encode(), "batch")
    reply = await caller.post("/batches", input_file_id=file_id, endpoint=endpoint, **body)
    assert reply.status == 200, reply.text
    return reply.json


async def life_of(caller: Caller, batch: Body) -> list[Body]:
    looks = [batch]
    while looks[-1]["status"] in RUNNING:
        looks.append((await caller.get(f"/batches/{batch['id']}")).json)
        assert len(looks) < MOST_LOOKS
    return looks


async def lines_of(caller: Caller, file_id: object) -> dict[str, Body]:
    content = (await caller.get(f"/files/{file_id}/content")).text
    entries: list[Body] = [json.loads(raw) for raw in content.splitlines()]
    return {text_of(entry, "custom_id"): object_of(entry, "response") for entry in entries}


async def test_a_batch_goes_through_its_life(caller: Caller) -> None:
    looks = await life_of(caller, await create(caller, line("job-0001"), metadata={"job": "demo"}))

    seen = list(dict.fromkeys(text_of(look, "status") for look in looks))
    assert seen == ["validating", "in_progress", "finalizing", "completed"]
    assert looks[-1]["request_counts"] == {"total": 1, "completed": 1, "failed": 0}
    assert looks[-1]["metadata"] == {"job": "demo"}
    stamps = [looks[-1][f"{name}_at"] for name in ("created", "in_progress", "finalizing", "completed")]
    assert stamps == sorted(stamps, key=str)
    assert len(str(stamps[0])) == 13


async def test_the_output_answers_every_line_by_its_custom_id(caller: Caller) -> None:
    content = "".join(line(f"job-{number:04}") for number in range(30))
    batch = (await life_of(caller, await create(caller, content)))[-1]

    answers = await lines_of(caller, batch["output_file_id"])

    assert list(answers) != sorted(answers)
    assert sorted(answers) == [f"job-{number:04}" for number in range(30)]
    for custom_id, response in answers.items():
        body = object_of(response, "body")
        assert (response["status_code"], body["request_id"]) == (200, custom_id)
        assert custom_id in text_of(object_of(first(body, "choices"), "message"), "content")


async def test_refused_lines_stand_in_the_error_file(caller: Caller) -> None:
    content = line("job-good") + line("job-hot1", temperature=7)
    batch = (await life_of(caller, await create(caller, content)))[-1]

    refused = await lines_of(caller, batch["error_file_id"])

    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    assert object_of(object_of(refused["job-hot1"], "body"), "error")["code"] == "1214"


async def test_an_odd_seed_counts_as_the_documents_say(session: aiohttp.ClientSession) -> None:
    async with Simulator(seed=1) as sim:
        caller = Caller(sim, session)
        batch = (await life_of(caller, await create(caller, line("job-0001"))))[-1]

    assert [batch[name] for name in ("request_counts", "total", "completed", "failed")] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("endpoint", "model", "body"),
    [
        ("/v4/embeddings", "embedding-3", {"input": "hello"}),
        ("/v4/images/generations", "cogview-4", {"prompt": "a cat"}),
    ],
)
async def test_batches_know_other_endpoints(
    caller: Caller, endpoint: str, model: str, body: dict[str, object]
) -> None:
    content = line("job-0001", model, endpoint, **body)
    batch = (await life_of(caller, await create(caller, content, endpoint)))[-1]

    answers = await lines_of(caller, batch["output_file_id"])

    assert object_of(answers["job-0001"], "body")["data"]


@pytest.mark.parametrize(("flag", "left"), [(None, 0), (True, 0), (False, 1)])
async def test_the_input_file_goes_unless_told_otherwise(
    caller: Caller, flag: bool | None, left: int
) -> None:
    batch = await create(caller, line("job-0001"), auto_delete_input_file=flag)
    await life_of(caller, batch)

    files = objects_of((await caller.get("/files?purpose=batch")).json, "data")

    assert len([file for file in files if file["id"] == batch["input_file_id"]]) == left


@pytest.mark.parametrize(
    "content",
    [
        "not json\n",
        line("job-0001") * 2,
        line("job-0001", url="/v4/embeddings"),
        line("job-0001", stream=True),
        line("job-0001") + line("job-0002", "glm-4-air"),
        "[]\n",
        "\n \n",
        "".join(line(f"job-{number:06}") for number in range(50_001)),
    ],
)
async def test_a_file_that_does_not_validate_fails_the_batch(caller: Caller, content: str) -> None:
    batch = (await life_of(caller, await create(caller, content)))[-1]

    assert batch["status"] == "failed"
    assert "failed_at" in batch
    error = first(object_of(batch, "errors"), "data")
    assert set(error) == {"code", "line", "message", "param"}


async def test_a_model_of_another_endpoint_fails_its_line(caller: Caller) -> None:
    batch = (await life_of(caller, await create(caller, line("job-0001", "embedding-3"))))[-1]

    assert batch["request_counts"] == {"total": 1, "completed": 0, "failed": 1}


async def test_a_cancelled_batch_keeps_what_was_done(caller: Caller) -> None:
    batch = await create(caller, line("job-0001"))
    for _ in range(2):
        await caller.get(f"/batches/{batch['id']}")
    cancelling = (await caller.send("POST", f"/batches/{batch['id']}/cancel")).json
    cancelled = (await life_of(caller, cancelling))[-1]

    assert (cancelling["status"], cancelled["status"]) == ("cancelling", "cancelled")
    assert "job-0001" in await lines_of(caller, cancelled["output_file_id"])
    assert (await caller.send("POST", f"/batches/{batch['id']}/cancel")).code == "1210"


async def test_a_batch_can_be_told_to_fail_to_expire_and_never_to_end(sim: Simulator, caller: Caller) -> None:
    ends: list[object] = []
    for fault in (TaskFails(), TaskFails(code="expired"), NeverEnds()):
        sim.script(fault=fault, match={"path": "/batches"})
        batch = await create(caller, line("job-0001"))
        for _ in range(10):
            batch = (await caller.get(f"/batches/{batch['id']}")).json
        ends.append(batch["status"])

    assert ends == ["failed", "expired", "in_progress"]


async def test_batches_are_listed_in_pages(caller: Caller) -> None:
    made = [(await create(caller, line(f"job-{number:04}")))["id"] for number in range(3)]

    page = (await caller.get("/batches?limit=2")).json
    rest = (await caller.get(f"/batches?limit=2&after={page['last_id']}")).json

    assert [batch["id"] for batch in objects_of(page, "data")] == [made[2], made[1]]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (made[2], made[1], True)
    assert [batch["id"] for batch in objects_of(rest, "data")] == [made[0]]
    assert rest["has_more"] is False


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"endpoint": CHAT}, "1213"),
        ({"input_file_id": "nothing", "endpoint": CHAT}, "1214"),
        ({"input_file_id": "nothing", "endpoint": "/v1/chat/completions"}, "1214"),
        ({"input_file_id": "nothing", "endpoint": CHAT, "completion_window": "1h"}, "1214"),
        ({"input_file_id": "nothing", "endpoint": CHAT, "metadata": {"a": "1" * 513}}, "1214"),
        (
            {
                "input_file_id": "nothing",
                "endpoint": CHAT,
                "metadata": dict.fromkeys("abcdefghijklmnopq", "1"),
            },
            "1214",
        ),
    ],
)
async def test_a_batch_that_cannot_be_made_is_refused(
    caller: Caller, body: dict[str, object], code: str
) -> None:
    assert (await caller.post("/batches", **body)).code == code


async def test_a_batch_takes_files_of_its_purpose_only(caller: Caller) -> None:
    file_id = await upload(caller, "a.pdf", b"1", "agent")

    assert (await caller.post("/batches", input_file_id=file_id, endpoint=CHAT)).code == "1214"


async def test_cancelling_twice_is_cancelling_once(caller: Caller) -> None:
    batch = await create(caller, line("job-0001"))
    stamps = [
        (await caller.send("POST", f"/batches/{batch['id']}/cancel")).json["cancelling_at"] for _ in range(2)
    ]

    assert stamps[0] == stamps[1]


async def test_nothing_was_done_in_a_batch_that_was_cancelled_at_once(caller: Caller) -> None:
    batch = await create(caller, line("job-0001"))
    await caller.send("POST", f"/batches/{batch['id']}/cancel")

    assert "output_file_id" not in (await life_of(caller, batch))[-1]


async def test_an_unknown_batch_is_refused(caller: Caller) -> None:
    assert (await caller.get("/batches/batch_0")).code == "1214"
