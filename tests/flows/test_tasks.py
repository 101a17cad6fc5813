"""Tasks over real sockets: submitted, waited for, dropped, found again, and remembered through a crash."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.hostile import error, hang_up, hostile, reply, reset, stall
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import (
    APIConnectionError,
    BadRequestError,
    IllegalCall,
    InvalidArgument,
    InvalidType,
    LedgerError,
    MaybeSubmitted,
    TaskFailed,
    TaskTimeout,
)
from zhipu_async.flows.tasks import PendingTask
from zhipu_async.resources.tasks import Waitable
from zhipu_async.simulator import NeverEnds, Simulator, TaskFails
from zhipu_async.types.chat_task import ChatTaskResult
from zhipu_async.types.tasks import TaskRef

KEY = "id-of-a-key.secret-of-a-key"
TICKET = reply({"id": "9000", "request_id": "r", "model": "glm-4.7", "task_status": "PROCESSING"})


class Setting:
    """A simulator and clients of it, polling as fast as a test wants."""

    def __init__(self, sim: Simulator, path: Path) -> None:
        self.sim = sim
        self.path = path
        self._clients: list[AsyncZhipuAI] = []

    def client(self, *, ledger: Path | None = None, base_url: str = "") -> AsyncZhipuAI:
        zhipu = AsyncZhipuAI(
            self.sim.api_key if not base_url else KEY, base_url=base_url or self.sim.base_url, ledger=ledger
        )
        zhipu.tasks.polling.scale = 0.002
        self._clients.append(zhipu)
        return zhipu

    async def close(self) -> None:
        for zhipu in self._clients:
            await zhipu.close()


@pytest_asyncio.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    async with Simulator() as sim:
        setting = Setting(sim, tmp_path / "tasks.sqlite3")
        yield setting
        await setting.close()


@pytest_asyncio.fixture
async def zhipu(setting: Setting) -> AsyncZhipuAI:
    return setting.client()


async def submit(zhipu: AsyncZhipuAI, words: str = "hello") -> PendingTask[ChatTaskResult]:
    return await zhipu.chat.completions.submit(model="glm-4.7", messages=words)


def submissions(setting: Setting) -> int:
    return sum(received.path.endswith("/async/chat/completions") for received in setting.sim.requests)


def is_ours(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    path = code.co_filename if code is not None else ""
    return "zhipu_async/flows" in path or "zhipu_async/resources" in path


async def others() -> set[asyncio.Task[Any]]:
    """Every asyncio task of the client that is left once all have had their say."""
    for _ in range(20):
        await asyncio.sleep(0)
    return {task for task in asyncio.all_tasks() if is_ours(task)}


# ── one task ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_wait_that_is_no_number_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(InvalidType, match="timeout takes seconds or None, not str"):
        await zhipu.tasks.attach("videos:1").wait(timeout="5")  # type: ignore[arg-type]  # pyright: ignore


async def test_awaiting_a_task_gives_the_answer(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script("Once upon a time")
    task = await submit(zhipu)
    assert not task.done
    answer = await task
    assert answer.text == "Once upon a time"
    assert task.done
    assert (await task) is answer


async def test_a_substituted_model_is_visible(zhipu: AsyncZhipuAI) -> None:
    task = await submit(zhipu)
    await task
    assert (task.requested_model, task.served_model) == ("glm-4.7", "glm-4.7-ali")


async def test_the_status_can_be_asked_for(zhipu: AsyncZhipuAI) -> None:
    task = await submit(zhipu)
    assert await task.status() == "PROCESSING"
    assert await task.status() == "SUCCESS"


@pytest.mark.parametrize("status", ["FAIL", "FAILED"])
async def test_a_failed_task_raises_each_time_it_is_awaited(
    zhipu: AsyncZhipuAI, setting: Setting, status: Any
) -> None:
    setting.sim.script(fault=TaskFails(status=status, code="1301", message="unsafe"))
    task = await submit(zhipu)
    with pytest.raises(TaskFailed):
        await task
    with pytest.raises(TaskFailed, match="unsafe") as caught:
        await task
    assert (caught.value.code, caught.value.task_id) == ("1301", task.id)
    assert task.id in caught.value.body


async def test_a_timeout_leaves_the_task_alive(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=NeverEnds())
    task = await submit(zhipu)
    with pytest.raises(TaskTimeout, match=task.id):
        await task.wait(timeout=0.05)
    assert await task.status() == "PROCESSING"
    assert await others() == set()


async def test_only_batches_can_be_cancelled(zhipu: AsyncZhipuAI) -> None:
    task = await submit(zhipu)
    with pytest.raises(IllegalCall, match="chat"):
        await task.cancel()


async def test_a_batch_is_cancelled_where_it_lives() -> None:
    async with hostile(reply({"id": "b", "status": "cancelling"})) as server:
        async with AsyncZhipuAI(KEY, base_url=server.base_url) as zhipu:
            task = zhipu.tasks.attach("batches:b")
            await task.cancel()
    assert [seen.method for seen in server.requests] == ["POST"]
    assert server.requests[0].target.endswith("/batches/b/cancel")


async def test_a_task_pickles_into_its_reference(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    task = await submit(zhipu)
    ref = pickle.loads(pickle.dumps(task))
    assert ref == task.ref == TaskRef("chat", task.id, {"model": "glm-4.7"})
    again = setting.client().tasks.attach(ref)
    assert (await again) == (await task)


async def test_the_text_of_a_reference_finds_the_task(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    task = await submit(zhipu)
    again = setting.client().tasks.attach(str(task.ref))
    assert isinstance(await again, ChatTaskResult)


async def test_a_reference_of_an_unknown_kind_is_refused(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(InvalidArgument, match="vidoes"):
        zhipu.tasks.attach("vidoes:9")


async def test_a_cancelled_wait_leaves_nothing_behind(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=NeverEnds())
    task = await submit(zhipu)
    waiting = asyncio.ensure_future(task.wait())
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await others() == set()


async def test_closing_the_client_ends_waits_with_an_error(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=NeverEnds())
    waiting = asyncio.ensure_future((await submit(zhipu)).wait())
    await asyncio.sleep(0)
    await zhipu.close()
    with pytest.raises(APIConnectionError, match="closed"):
        await waiting


async def test_a_lost_receipt_is_not_submitted_again() -> None:
    async with hostile(reset) as server, AsyncZhipuAI(KEY, base_url=server.base_url) as zhipu:
        with pytest.raises(MaybeSubmitted):
            await submit(zhipu)
    assert len(server.requests) == 1


async def test_a_receipt_without_an_id_may_be_paid_for() -> None:
    async with hostile(reply({"task_status": "PROCESSING"})) as server:
        async with AsyncZhipuAI(KEY, base_url=server.base_url) as zhipu:
            with pytest.raises(MaybeSubmitted, match="no id"):
                await submit(zhipu)


async def test_flapping_polls_are_forgiven() -> None:
    done = reply({"id": "9000", "task_status": "SUCCESS", "choices": [{"message": {"content": "hi"}}]})
    html = reply(b"<html>", status=200)
    answers = [
        TICKET,
        reset,
        error("1302", 429),
        html,
        hang_up,
        error("1305", 429),
        reply(b"", status=502),
        done,
    ]
    async with hostile(*answers) as server, AsyncZhipuAI(KEY, base_url=server.base_url) as zhipu:
        zhipu.tasks.polling.scale = 0.002
        assert (await (await submit(zhipu))).text == "hi"


async def test_a_submission_in_a_loop_is_not_held_up_by_its_own_tasks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zhipu_async.flows.places.HELD_UP_SECONDS", 0.05)
    async with Simulator(task_caps={"glm-4.7": 2}) as sim:
        async with AsyncZhipuAI(sim.api_key, base_url=sim.base_url) as zhipu:
            zhipu.tasks.polling.scale = 0.002
            tasks = [await submit(zhipu, f"number {number}") for number in range(5)]
            assert all(outcome.ok for outcome in await zhipu.tasks.gather(*tasks))


# ── many tasks ─────────────────────────────────────────────────────────────────────────────────────


async def test_submissions_are_started_and_yielded_as_they_end(zhipu: AsyncZhipuAI) -> None:
    submissions = (submit(zhipu, f"number {number}") for number in range(100))
    outcomes = [outcome async for outcome in zhipu.tasks.as_completed(submissions)]
    assert sorted(outcome.index for outcome in outcomes) == list(range(100))
    assert all(f"number {outcome.index}" in outcome.result.text for outcome in outcomes)
    assert await others() == set()


async def test_a_thousand_tasks_need_few_sockets(setting: Setting) -> None:
    zhipu = setting.client()
    zhipu.tasks.polling.per_second = 5000.0
    submissions = (submit(zhipu, f"number {number}") for number in range(1000))
    most = 0
    async for outcome in zhipu.tasks.as_completed(submissions):
        assert outcome.ok
        most = max(most, sum(is_ours(task) for task in asyncio.all_tasks()))
    assert setting.sim.counts.peak <= 64 + 16
    assert most <= 64 + 16 + 3
    assert await others() == set()


async def test_tasks_references_and_submissions_mix(zhipu: AsyncZhipuAI) -> None:
    task, other = await submit(zhipu), await submit(zhipu)
    waitables: list[Waitable[ChatTaskResult]] = [task, other.ref, submit(zhipu)]
    assert [outcome.ok async for outcome in zhipu.tasks.as_completed(waitables)] == [True] * 3
    texts = [str(task.ref), str(other.ref)]
    assert [outcome.ok async for outcome in zhipu.tasks.as_completed(texts)] == [True] * 2


async def test_failures_are_outcomes_too(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=TaskFails(), match={"contains": "bad task"})
    setting.sim.script(code="1210", match={"contains": "bad request"})
    tasks = [submit(zhipu, words) for words in ("bad task", "bad request", "good")]
    outcomes = await zhipu.tasks.gather(*tasks)
    assert [type(outcome.error) for outcome in outcomes] == [TaskFailed, BadRequestError, type(None)]
    with pytest.raises(TaskFailed):
        outcomes[0].result  # noqa: B018


async def test_gather_keeps_the_order_of_its_arguments(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    tasks = [await submit(zhipu, f"number {number}") for number in range(5)]
    outcomes = await zhipu.tasks.gather(*reversed(tasks))
    assert [outcome.id for outcome in outcomes] == [task.id for task in reversed(tasks)]


async def test_each_wait_has_its_own_timeout(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=NeverEnds(), match={"contains": "stuck"})
    tasks = [await submit(zhipu, words) for words in ("stuck", "good")]
    stuck, good = await zhipu.tasks.gather(*tasks, timeout=0.2)
    assert isinstance(stuck.error, TaskTimeout)
    assert good.ok


async def test_leaving_the_loop_early_leaves_nothing_behind(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    submissions = [submit(zhipu, f"number {number}") for number in range(100)]
    outcomes = zhipu.tasks.as_completed(submissions)
    async for outcome in outcomes:
        assert outcome.ok
        break
    await outcomes.aclose()
    assert await others() == set()
    del submissions
    gc.collect()  # a coroutine that nobody awaited would warn now, and warnings are errors


async def test_a_plain_break_leaves_nothing_behind(zhipu: AsyncZhipuAI) -> None:
    async for outcome in zhipu.tasks.as_completed([submit(zhipu) for _ in range(50)]):
        assert outcome.ok
        break
    assert await others() == set()
    gc.collect()


async def test_cancelling_while_submitting_leaves_nothing_behind(zhipu: AsyncZhipuAI) -> None:
    async def consume() -> None:
        submissions = [submit(zhipu, f"number {number}") for number in range(100)]
        async for outcome in zhipu.tasks.as_completed(submissions):
            assert outcome.ok

    for ticks in range(0, 60, 3):
        consumer = asyncio.ensure_future(consume())
        for _ in range(ticks):
            await asyncio.sleep(0)
        consumer.cancel()
        await asyncio.wait([consumer])
        assert consumer.cancelled()
        assert await others() == set()
    gc.collect()


async def test_submissions_that_nobody_iterates_are_closed(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    zhipu.tasks.as_completed([submit(zhipu), submit(zhipu)])
    gc.collect()
    assert submissions(setting) == 0


async def test_what_cannot_be_waited_for_is_refused(zhipu: AsyncZhipuAI) -> None:
    no_task: Any = 3
    with pytest.raises(InvalidType, match="int"):
        await zhipu.tasks.gather(no_task)
    no_list: Any = None
    with pytest.raises(InvalidType, match="NoneType"):
        zhipu.tasks.as_completed(no_list)


async def test_a_coroutine_that_is_no_submission_is_an_outcome(zhipu: AsyncZhipuAI) -> None:
    async def wrong() -> Any:
        return 3

    (outcome,) = await zhipu.tasks.gather(wrong())
    assert isinstance(outcome.error, InvalidType)


async def test_an_iterator_that_fails_is_told_after_what_was_started(zhipu: AsyncZhipuAI) -> None:
    def failing() -> Iterator[Any]:
        yield submit(zhipu)
        yield submit(zhipu)
        raise RuntimeError("the caller's own")

    outcomes = zhipu.tasks.as_completed(failing())
    assert [(await anext(outcomes)).ok for _ in range(2)] == [True, True]
    with pytest.raises(RuntimeError, match="own"):
        await anext(outcomes)


async def test_async_iterators_are_pulled_too(zhipu: AsyncZhipuAI) -> None:
    async def slow() -> AsyncIterator[PendingTask[ChatTaskResult]]:
        for _ in range(5):
            yield await submit(zhipu)

    assert [outcome.ok async for outcome in zhipu.tasks.as_completed(slow())] == [True] * 5


def test_one_client_waits_in_several_loops() -> None:
    async def twice() -> None:
        async with Simulator() as sim:
            zhipu = AsyncZhipuAI(sim.api_key, base_url=sim.base_url)
            zhipu.tasks.polling.scale = 0.002
            assert (await (await submit(zhipu))).text
            await asyncio.to_thread(asyncio.run, again(zhipu))
            await zhipu.close()

    async def again(zhipu: AsyncZhipuAI) -> None:
        assert (await (await submit(zhipu))).text

    asyncio.run(twice())


# ── the ledger ─────────────────────────────────────────────────────────────────────────────────────


async def test_an_unfinished_task_is_resumed_by_the_next_client(setting: Setting) -> None:
    first = setting.client(ledger=setting.path)
    task = await submit(first)
    await first.close()
    second = setting.client(ledger=setting.path)
    resumed = [each async for each in second.tasks.resume()]
    assert [each.ref for each in resumed] == [task.ref]
    outcomes = [outcome async for outcome in second.tasks.as_completed(resumed)]
    assert outcomes[0].ok
    assert [each async for each in second.tasks.resume()] == []


async def test_a_living_clients_task_is_not_resumed(setting: Setting) -> None:
    first, second = setting.client(ledger=setting.path), setting.client(ledger=setting.path)
    task = await submit(first)
    assert [each async for each in second.tasks.resume()] == []
    assert [each async for each in first.tasks.resume()] == [], "somebody has it in hand"
    ref = task.ref
    del task
    gc.collect()
    assert [each.ref async for each in first.tasks.resume()] == [ref]


async def test_a_task_found_by_its_reference_ends_in_the_ledger_too(setting: Setting) -> None:
    zhipu = setting.client(ledger=setting.path)
    ref = (await submit(zhipu)).ref
    await zhipu.tasks.attach(ref)
    await zhipu.close()
    assert [each async for each in setting.client(ledger=setting.path).tasks.resume()] == []


async def test_a_submission_whose_answer_is_lost_stays_as_an_intent(setting: Setting) -> None:
    async with hostile(reset) as server:
        zhipu = setting.client(ledger=setting.path, base_url=server.base_url)
        with pytest.raises(MaybeSubmitted):
            await submit(zhipu, "a secret prompt")
        (intent,) = await zhipu.tasks.intents()
        assert intent.endpoint == "chat.completions.submit"
    assert b"secret" not in setting.path.read_bytes()


async def test_a_cancelled_submission_stays_as_an_intent(setting: Setting) -> None:
    async with hostile(stall) as server:
        zhipu = setting.client(ledger=setting.path, base_url=server.base_url)
        submitting = asyncio.ensure_future(submit(zhipu))
        while not server.requests:
            await asyncio.sleep(0.001)
        assert await zhipu.tasks.intents() == [], "it is on its way"
        submitting.cancel()
        await asyncio.wait([submitting])
        assert len(await zhipu.tasks.intents()) == 1


@pytest.mark.parametrize("refusal", [error("1210", 400), error("1113", 429), error("1000", 401)])
async def test_a_refused_submission_leaves_no_intent(setting: Setting, refusal: Any) -> None:
    async with hostile(refusal) as server:
        zhipu = setting.client(ledger=setting.path, base_url=server.base_url)
        with pytest.raises(Exception, match=r"HTTP 4"):
            await submit(zhipu)
        assert await zhipu.tasks.intents() == []


async def test_nothing_is_sent_without_a_ledger_that_works(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary " * 20)
    zhipu = setting.client(ledger=tmp_path / "diary.txt")
    with pytest.raises(LedgerError, match=r"diary\.txt"):
        await submit(zhipu)
    assert setting.sim.requests == []


async def test_resuming_needs_a_ledger(zhipu: AsyncZhipuAI) -> None:
    with pytest.raises(InvalidArgument, match="ledger"):
        [each async for each in zhipu.tasks.resume()]


async def test_a_ledger_that_is_none_is_refused_at_its_first_use() -> None:
    wrong: Any = 3
    async with AsyncZhipuAI(KEY, base_url="http://127.0.0.1:1", ledger=wrong) as zhipu:
        with pytest.raises(InvalidType, match="ledger"):
            await submit(zhipu)


CRASH = """
import asyncio, sys
from zhipu_async import AsyncZhipuAI

async def main():
    zhipu = AsyncZhipuAI(sys.argv[1], base_url=sys.argv[2], ledger=sys.argv[3])
    number = 0
    async def submit():
        task = await zhipu.chat.completions.submit(model="glm-4.7", messages="hello")
        print(task.ref, flush=True)
    while True:
        await asyncio.gather(*(submit() for _ in range(5)))

asyncio.run(main())
"""


async def test_a_killed_process_loses_no_task_that_it_was_told_of(setting: Setting) -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CRASH, setting.sim.api_key, setting.sim.base_url, str(setting.path)),
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    told = [(await child.stdout.readline()).decode().strip() for _ in range(23)]
    os.kill(child.pid, signal.SIGKILL)
    told += [
        line.strip()
        for line in (await child.stdout.read()).decode().splitlines(keepends=True)
        if "\n" in line
    ]
    await child.wait()
    zhipu = setting.client(ledger=setting.path)
    resumed = {str(task.ref) async for task in zhipu.tasks.resume()}
    intents = len(await zhipu.tasks.intents())
    assert set(told) <= resumed
    assert len(resumed) <= submissions(setting) <= len(resumed) + intents
