"""Batches over a real socket: from the file to the end of the work."""

from __future__ import annotations

import json

import pytest

from tests.hostile import error, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, MaybeSubmitted, NotFoundError, TaskFailed
from zhipu_async.simulator import Simulator, TaskFails
from zhipu_async.types.batches import BatchStatus

EVERY_FIELD: dict[str, object] = {
    "endpoint": "/v4/chat/completions",
    "completion_window": "24h",
    "metadata": {"job": "demo"},
    "auto_delete_input_file": False,
}


def lines(*prompts: str) -> bytes:
    return b"".join(
        json.dumps(
            {
                "custom_id": f"line-{number}",
                "method": "POST",
                "url": "/v4/chat/completions",
                "body": {"model": "glm-4-plus", "messages": [{"role": "user", "content": prompt}]},
            }
        ).encode()
        + b"\n"
        for number, prompt in enumerate(prompts)
    )


async def uploaded(zhipu: AsyncZhipuAI, *prompts: str) -> str:
    file = await zhipu.files.upload(file=("jobs.jsonl", lines(*prompts)), purpose="batch")
    return file.id


@pytest.fixture(autouse=True)
def _impatient(zhipu: AsyncZhipuAI) -> None:  # pyright: ignore[reportUnusedFunction]
    zhipu.tasks.polling.scale = 1e-4


async def test_a_batch_begins_with_every_field(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    file_id = await uploaded(zhipu, "Say a")
    batch = await zhipu.batches.create(
        input_file_id=file_id,
        endpoint="/v4/chat/completions",
        completion_window="24h",
        metadata={"job": "demo"},
        auto_delete_input_file=False,
    )
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/batches")
    assert request.body == {"input_file_id": file_id, **EVERY_FIELD}
    assert (batch.status, batch.input_file_id) == (BatchStatus.VALIDATING, file_id)
    assert batch.metadata == {"job": "demo"}
    assert 1e9 < batch.created_at < 1e11, "seconds, although the platform sends milliseconds"


async def test_a_submitted_batch_is_a_task_whose_result_names_the_files(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    file_id = await uploaded(zhipu, "Say a", "Say b")
    task = await zhipu.batches.submit(
        input_file_id=file_id,
        endpoint="/v4/chat/completions",
        completion_window="24h",
        metadata={"job": "demo"},
        auto_delete_input_file=False,
    )
    assert zhipu_simulator.requests[-1].body == {"input_file_id": file_id, **EVERY_FIELD}
    batch = await task
    assert (batch.id, batch.status) == (task.id, BatchStatus.COMPLETED)
    assert (batch.request_counts.total, batch.request_counts.completed) == (2, 2)
    output = (await zhipu.files.content(batch.output_file_id)).splitlines()
    assert {json.loads(line)["custom_id"] for line in output} == {"line-0", "line-1"}


async def test_a_created_batch_can_be_waited_for_by_its_reference(zhipu: AsyncZhipuAI) -> None:
    batch = await zhipu.batches.create(input_file_id=await uploaded(zhipu, "Say a"))
    assert (await zhipu.tasks.attach(batch.ref)).status == BatchStatus.COMPLETED
    outcomes = [outcome async for outcome in zhipu.tasks.as_completed([batch.ref])]
    assert [outcome.id for outcome in outcomes] == [batch.id]


async def test_a_batch_whose_file_is_refused_fails_with_the_reason(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    file_id = await uploaded(zhipu, "Say a")
    zhipu_simulator.script(fault=TaskFails(code="1210", message="line 7 is not JSON"))
    with pytest.raises(TaskFailed, match="line 7 is not JSON") as caught:
        await (await zhipu.batches.submit(input_file_id=file_id))
    assert (caught.value.code, caught.value.status) == ("1210", BatchStatus.FAILED)


async def test_a_batch_is_retrieved_and_one_that_does_not_exist_raises(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    batch = await zhipu.batches.create(input_file_id=await uploaded(zhipu, "Say a"))
    assert (await zhipu.batches.retrieve(batch.id)).id == batch.id
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("GET", f"/api/paas/v4/batches/{batch.id}")
    with pytest.raises((BadRequestError, NotFoundError)):
        await zhipu.batches.retrieve("batch_none")


async def test_a_batch_is_cancelled_by_its_id_and_by_its_task(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    first = await zhipu.batches.create(input_file_id=await uploaded(zhipu, "Say a"))
    assert (await zhipu.batches.cancel(first.id)).status == BatchStatus.CANCELLING
    request = zhipu_simulator.requests[-1]
    assert (request.method, request.path) == ("POST", f"/api/paas/v4/batches/{first.id}/cancel")
    second = await zhipu.batches.submit(input_file_id=await uploaded(zhipu, "Say a"))
    assert (await second.cancel()).status == BatchStatus.CANCELLING
    while (batch := await zhipu.batches.retrieve(first.id)).status == BatchStatus.CANCELLING:
        pass
    with pytest.raises(BadRequestError):
        await zhipu.batches.cancel(batch.id)


async def test_batches_are_listed_newest_first_over_every_page(
    zhipu: AsyncZhipuAI, zhipu_simulator: Simulator
) -> None:
    file_id = await uploaded(zhipu, "Say a")
    ids = [(await zhipu.batches.create(input_file_id=file_id)).id for _ in range(3)]
    assert [batch.id async for batch in zhipu.batches.list(limit=2)] == ids[::-1]
    assert [dict(request.query) for request in zhipu_simulator.requests[-2:]] == [
        {"limit": "2"},
        {"limit": "2", "after": ids[1]},
    ]
    first = await zhipu.batches.list(after=ids[1])
    assert (first.first_id, first.last_id, first.has_more) == (ids[0], ids[0], False)


async def test_a_page_without_last_id_continues_after_its_last_batch() -> None:
    pages = [
        reply({"data": [{"id": "b1"}], "has_more": True, "last_id": None}),
        reply({"data": [{"id": "b2"}]}),
    ]
    async with hostile(*pages) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        assert [batch.id async for batch in zhipu.batches.list()] == ["b1", "b2"]
    assert [seen.target.partition("?")[2] for seen in server.requests] == ["", "after=b1"]


async def test_a_list_that_is_refused_raises() -> None:
    async with hostile(error("1214", 400)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        with pytest.raises(BadRequestError):
            await zhipu.batches.list(limit=1000)


@pytest.mark.parametrize("how", ["create", "submit"])
async def test_a_batch_whose_answer_is_lost_is_not_begun_twice(how: str) -> None:
    async with hostile(error("500", 500)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        begin = zhipu.batches.create if how == "create" else zhipu.batches.submit
        with pytest.raises(MaybeSubmitted):
            await begin(input_file_id="f1")
    assert len(server.requests) == 1


async def test_a_file_that_does_not_exist_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(BadRequestError):
        await zhipu.batches.create(input_file_id="none")


async def test_metadata_that_is_no_text_does_not_hide_the_batch() -> None:
    async with hostile(reply({"id": "batch_1", "metadata": {"n": 1}})) as server:
        async with AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
            batch = await zhipu.batches.create(input_file_id="f")
    assert (batch.id, batch.metadata) == ("batch_1", {"n": "1"})
