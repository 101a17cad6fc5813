"""What observers and logs hear of tasks, over real sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.flows.test_tasks import Setting, submit
from zhipu_async import AsyncZhipuAI, CallRecord, TaskRecord
from zhipu_async.errors import TaskFailed, TaskTimeout
from zhipu_async.simulator import NeverEnds, Simulator, TaskFails


class Ears:
    """An observer that listens to calls only."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def started(self, call: CallRecord) -> None: ...

    def retrying(self, call: CallRecord, error: Exception, delay: float) -> None: ...

    def finished(self, call: CallRecord) -> None:
        self.heard.append(call.endpoint)


class BigEars(Ears):
    """One that listens to tasks, too."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[TaskRecord] = []
        self.ended: list[TaskRecord] = []

    def task_submitted(self, task: TaskRecord) -> None:
        self.submitted.append(task)

    def task_ended(self, task: TaskRecord) -> None:
        self.ended.append(task)


@pytest_asyncio.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    async with Simulator(looks=3) as sim:
        setting = Setting(sim, tmp_path / "tasks.sqlite3")
        yield setting
        await setting.close()


@pytest.fixture
def zhipu(setting: Setting) -> AsyncZhipuAI:
    return setting.client()


@pytest.fixture
def ears(zhipu: AsyncZhipuAI) -> BigEars:
    ears = BigEars()
    zhipu.observe(ears)
    return ears


async def test_a_task_is_told_of_from_its_id_to_its_end(zhipu: AsyncZhipuAI, ears: BigEars) -> None:
    task = await submit(zhipu)
    (record,) = ears.submitted
    assert (record.kind, record.id, record.ref, record.model) == ("chat", task.id, str(task.ref), "glm-4.7")
    assert ears.ended == []
    await task
    assert ears.ended == [record]
    assert (record.status, record.error, record.submitted_here) == ("SUCCESS", None, True)
    assert record.polls == ears.heard.count("chat.completions.submit") - 1
    assert record.elapsed > 0


async def test_a_failed_task_is_told_of_with_its_error(
    zhipu: AsyncZhipuAI, setting: Setting, ears: BigEars
) -> None:
    setting.sim.script(fault=TaskFails(status="FAILED", code="1301"))
    with pytest.raises(TaskFailed):
        await (await submit(zhipu))
    (record,) = ears.ended
    assert (record.status, getattr(record.error, "code", "")) == ("FAILED", "1301")


async def test_a_wait_that_gave_up_is_no_end(zhipu: AsyncZhipuAI, setting: Setting, ears: BigEars) -> None:
    setting.sim.script(fault=NeverEnds())
    task = await submit(zhipu)
    for _ in range(2):
        with pytest.raises(TaskTimeout):
            await task.wait(timeout=0.05)
    await zhipu.close()
    assert ears.ended == []
    assert ears.submitted[0].polls == ears.heard.count("chat.completions.submit") - 1


async def test_a_task_that_was_found_again_is_told_of_at_its_end(setting: Setting) -> None:
    ref = (await submit(setting.client())).ref
    zhipu, ears = setting.client(), BigEars()
    zhipu.observe(ears)
    await zhipu.tasks.attach(ref)
    (record,) = ears.ended
    assert (record.id, record.model, record.submitted_here) == (ref.id, "glm-4.7", False)
    assert ears.submitted == []


async def test_two_who_wait_are_told_of_one_end(zhipu: AsyncZhipuAI, ears: BigEars) -> None:
    task = await submit(zhipu)
    await asyncio.gather(task.wait(), zhipu.tasks.attach(task.ref).wait())
    assert len(ears.ended) == 1


async def test_an_observer_of_calls_only_is_left_alone(
    zhipu: AsyncZhipuAI, caplog: pytest.LogCaptureFixture
) -> None:
    zhipu.observe(ears := Ears())
    await (await submit(zhipu))
    assert ears.heard
    assert caplog.records == []


async def test_an_observer_that_fails_costs_no_task(
    zhipu: AsyncZhipuAI, ears: BigEars, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(task: TaskRecord) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ears, "task_submitted", fail)
    monkeypatch.setattr(ears, "task_ended", fail)
    assert (await (await submit(zhipu))).text
    assert caplog.text.count("an observer failed") == 2


async def test_the_log_names_tasks(zhipu: AsyncZhipuAI, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "zhipu_async")
    task = await submit(zhipu, "a secret wish")
    await task
    submitted, ended = [record.getMessage() for record in caplog.records]
    assert submitted == f"task {task.ref} submitted"
    assert ended.startswith(f"task {task.ref} ended as SUCCESS after ")
    assert ended.endswith(" polls")
    assert "secret" not in caplog.text
