"""Bulk work over real sockets: back-pressure, order, progress, jobs, crashes, batches."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.test_tasks import KEY, Setting, others
from tests.hostile import error, hostile, reset
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    ContentBlocked,
    InternalServerError,
    InvalidArgument,
    InvalidType,
    LedgerError,
    MaybeSubmitted,
    StreamFailed,
    TaskFailed,
)
from zhipu_async.flows.call import Calls
from zhipu_async.flows.progress import Progress
from zhipu_async.flows.request import Request
from zhipu_async.protocol.chat_params import ChatRequest
from zhipu_async.protocol.endpoint import Endpoint
from zhipu_async.protocol.ledger import State
from zhipu_async.simulator import Reset, Simulator, TaskFails
from zhipu_async.transport.sqlite import SqliteLedger
from zhipu_async.types.chat import ChatCompletion
from zhipu_async.types.tasks import Outcome

EVERY_WAY = pytest.mark.parametrize("via", ["direct", "task", "batch"])
PAID = ("/chat/completions", "/async/chat/completions", "/batches", "/embeddings")


@pytest_asyncio.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    async with Simulator() as sim:
        setting = Setting(sim, tmp_path / "tasks.sqlite3")
        yield setting
        await setting.close()


@pytest_asyncio.fixture
async def zhipu(setting: Setting) -> AsyncZhipuAI:
    return setting.client()


@pytest_asyncio.fixture
async def remembering(setting: Setting) -> AsyncZhipuAI:
    return setting.client(ledger=setting.path)


def asking(number: object) -> ChatRequest:
    return {"model": "glm-4-plus", "messages": f"number {number}."}


def requests(count: int) -> list[ChatRequest]:
    return [asking(number) for number in range(count)]


def paid(sim: Simulator) -> int:
    """How many requests would have cost money."""
    posts = [received.path for received in sim.requests if received.method == "POST"]
    return sum(path.endswith(PAID) for path in posts)


async def collected(outcomes: AsyncIterable[Outcome[ChatCompletion]]) -> list[Outcome[ChatCompletion]]:
    return [outcome async for outcome in outcomes]


# ── every way ──────────────────────────────────────────────────────────────────────────────────────


@EVERY_WAY
async def test_each_item_has_its_own_answer(zhipu: AsyncZhipuAI, via: Any) -> None:
    outcomes = await collected(zhipu.chat.completions.map(requests(50), via=via))
    assert sorted(outcome.index for outcome in outcomes) == list(range(50))
    assert all(f"number {outcome.index}." in outcome.result.text for outcome in outcomes)
    assert await others() == set()


@EVERY_WAY
async def test_the_order_of_the_input_is_kept_when_asked_for(zhipu: AsyncZhipuAI, via: Any) -> None:
    outcomes = await collected(zhipu.chat.completions.map(requests(50), via=via, ordered=True))
    assert [outcome.index for outcome in outcomes] == list(range(50))


@EVERY_WAY
async def test_results_carry_the_callers_key(zhipu: AsyncZhipuAI, via: Any) -> None:
    pairs = [(f"row {number}", asking(number)) for number in range(5)]
    outcomes = await collected(zhipu.chat.completions.map(pairs, via=via))
    assert {outcome.key: outcome.index for outcome in outcomes} == {f"row {n}": n for n in range(5)}


@EVERY_WAY
async def test_one_bad_item_costs_only_itself(zhipu: AsyncZhipuAI, via: Any) -> None:
    wrong: Any = {"model": "glm-4-plus", "messages": "hi", "temprature": 1}
    items = [asking(0), wrong, asking(2)]
    outcomes = await collected(zhipu.chat.completions.map(items, via=via, ordered=True))
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, InvalidType)


@EVERY_WAY
async def test_an_answer_that_the_platform_broke_off_is_a_failure(
    zhipu: AsyncZhipuAI, setting: Setting, via: Any
) -> None:
    answer = {"choices": [{"message": {"content": "Hel"}, "finish_reason": "network_error"}]}
    line = {"custom_id": "item-000000000", "response": {"status_code": 200, "body": answer}}
    task = {"task_status": "SUCCESS", "id": "1", **answer}
    broken = {
        "direct": lambda: setting.sim.script(body=answer, match={"path": "/chat/completions"}),
        "task": lambda: setting.sim.script(body=task, match={"method": "GET"}),
        "batch": lambda: setting.sim.script(body=json.dumps(line), match={"path": "/content"}),
    }
    broken[via]()
    (outcome,) = await collected(zhipu.chat.completions.map(requests(1), via=via))
    assert isinstance(outcome.error, StreamFailed | TaskFailed)
    assert "network_error" in str(outcome.error)


@EVERY_WAY
async def test_async_generators_are_pulled_too(zhipu: AsyncZhipuAI, via: Any) -> None:
    async def lines() -> AsyncIterator[ChatRequest]:
        for number in range(10):
            await asyncio.sleep(0)
            yield asking(number)

    assert len(await collected(zhipu.chat.completions.map(lines(), via=via))) == 10


async def collect(
    ended: list[Outcome[ChatCompletion]], outcomes: AsyncIterable[Outcome[ChatCompletion]]
) -> None:
    async for outcome in outcomes:
        ended.append(outcome)


class Sudden(BaseException):
    """What only ends programs, such as `pytest.fail` and `sys.exit` raise."""


async def test_an_exception_that_nobody_expects_ends_the_work_and_is_raised(
    zhipu: AsyncZhipuAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = zhipu._calls.call  # pyright: ignore[reportPrivateUsage]

    async def call(self: Calls, endpoint: Endpoint[Any], request: Request) -> Any:
        if "number 3." in str(request.fields):
            raise Sudden
        return await send(endpoint, request)

    monkeypatch.setattr(Calls, "call", call)
    ended: list[Outcome[ChatCompletion]] = []
    with pytest.raises(Sudden):
        await collect(ended, zhipu.chat.completions.map(requests(10), ordered=True))
    assert [outcome.ok for outcome in ended[:4]] == [True, True, True, False]
    assert await others() == set()


@pytest.mark.parametrize("trouble", [Sudden, asyncio.CancelledError])
async def test_an_async_source_that_ends_suddenly_is_no_end_of_the_items(
    zhipu: AsyncZhipuAI, trouble: type[BaseException]
) -> None:
    async def lines() -> AsyncIterator[ChatRequest]:
        yield asking(0)
        await asyncio.sleep(0)
        raise trouble

    ended: list[Outcome[ChatCompletion]] = []
    with pytest.raises((Sudden, APIConnectionError)):
        await collect(ended, zhipu.chat.completions.map(lines()))
    assert len(ended) == 1


@EVERY_WAY
async def test_nothing_to_do_is_done_at_once(zhipu: AsyncZhipuAI, setting: Setting, via: Any) -> None:
    assert await collected(zhipu.chat.completions.map([], via=via)) == []
    assert setting.sim.requests == []


@EVERY_WAY
async def test_leaving_early_leaves_nothing_behind(zhipu: AsyncZhipuAI, via: Any) -> None:
    closed: list[bool] = []

    def endless() -> Iterator[ChatRequest]:
        try:
            yield from (asking(number) for number in itertools.count())
        finally:
            closed.append(True)

    source = itertools.islice(endless(), 100) if via == "batch" else endless()
    outcomes = zhipu.chat.completions.map(source, via=via)
    async for outcome in outcomes:
        assert outcome.ok
        break
    await outcomes.aclose()
    assert await others() == set()
    del source, outcomes
    gc.collect()
    assert closed == [True]


@EVERY_WAY
async def test_a_plain_break_leaves_nothing_behind(zhipu: AsyncZhipuAI, via: Any) -> None:
    async for outcome in zhipu.chat.completions.map(requests(50), via=via):
        assert outcome.ok
        break
    await asyncio.to_thread(gc.collect)  # removing the files of a batch takes a thread's while
    while left := await others():
        await asyncio.wait(left)


@EVERY_WAY
async def test_a_cancelled_consumer_leaves_nothing_behind(zhipu: AsyncZhipuAI, via: Any) -> None:
    for ticks in range(0, 80, 7):
        consumer = asyncio.ensure_future(collected(zhipu.chat.completions.map(requests(20), via=via)))
        for _ in range(ticks):
            await asyncio.sleep(0)
        consumer.cancel()
        with suppress(asyncio.CancelledError):
            await consumer
        while (left := await others()) and via == "batch":  # removing its files takes a thread's while
            await asyncio.wait(left)
        assert left == set()


async def test_items_are_pulled_only_as_there_is_room(zhipu: AsyncZhipuAI) -> None:
    pulled = 0

    def counting() -> Iterator[ChatRequest]:
        nonlocal pulled
        for number in range(1000):
            pulled += 1
            yield asking(number)

    seen = 0
    async for _ in zhipu.chat.completions.map(counting(), concurrency=5):
        seen += 1
        assert pulled <= seen + 5
    assert seen == 1000


async def test_the_first_failure_is_raised_when_asked_for(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(code="1210", match={"contains": "number 3."})
    with pytest.raises(BadRequestError):
        await collected(zhipu.chat.completions.map(requests(20), on_error="raise"))
    assert await others() == set()


@EVERY_WAY
async def test_progress_is_told_after_each_item(zhipu: AsyncZhipuAI, via: Any) -> None:
    told: list[tuple[int, int | None]] = []
    last: list[Progress] = []

    def note(progress: Progress) -> None:
        told.append((progress.done, progress.total))
        last.append(progress)

    await collected(zhipu.chat.completions.map(requests(10), via=via, on_progress=note))
    assert told == [(done, 10) for done in range(1, 11)]
    assert (last[-1].succeeded, last[-1].failed) == (10, 0)
    assert last[-1].tokens > 0
    assert last[-1].seconds_left == 0
    assert str(last[-1]).startswith("10/10, ")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"via": "post"}, "post"),
        ({"on_error": "ignore"}, "ignore"),
        ({"concurrency": 0}, "concurrency"),
        ({"job": "night"}, "ledger"),
        ({"repeat": "failed"}, "job="),
    ],
)
async def test_arguments_that_cannot_work_are_refused_at_once(
    zhipu: AsyncZhipuAI, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidArgument, match=named):
        zhipu.chat.completions.map([], **options)


async def too_late(progress: Progress) -> None:
    """What nobody would await."""


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"concurrency": "5"}, "str"),
        ({"concurrency": True}, "bool"),
        ({"on_progress": 5}, "on_progress"),
        ({"on_progress": too_late}, "too_late"),
    ],
)
async def test_arguments_of_a_wrong_type_are_refused_at_once(
    zhipu: AsyncZhipuAI, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidType, match=named):
        zhipu.chat.completions.map([], **options)
    with pytest.raises(InvalidType, match=named):
        zhipu.embeddings.map([], model="embedding-3", **options)


@pytest.mark.parametrize("one", ["Say hi", b"Say hi", {"model": "glm-4.7", "messages": "Say hi"}])
async def test_a_single_item_is_no_iterable_of_items(zhipu: AsyncZhipuAI, one: Any) -> None:
    with pytest.raises(InvalidType, match="single item"):
        zhipu.chat.completions.map(one)
    with pytest.raises(InvalidType, match="single item"):
        zhipu.tasks.as_completed(one)


async def test_a_misspelled_option_of_embeddings_is_refused(zhipu: AsyncZhipuAI) -> None:
    misspelled: Any = {"odered": False}
    with pytest.raises(InvalidType, match=r"odered.*ordered"):
        zhipu.embeddings.map(["a"], model="embedding-3", **misspelled)


async def test_an_unknown_repeat_is_refused(remembering: AsyncZhipuAI) -> None:
    wrong: Any = "always"
    with pytest.raises(InvalidArgument, match="always"):
        remembering.chat.completions.map([], job="night", repeat=wrong)


async def test_a_pair_that_is_none_is_refused(zhipu: AsyncZhipuAI) -> None:
    wrong: Any = [(3, asking(1))]
    with pytest.raises(InvalidArgument, match="key"):
        await collected(zhipu.chat.completions.map(wrong))


@EVERY_WAY
async def test_a_prompt_in_place_of_a_request_is_told_what_a_request_is(
    zhipu: AsyncZhipuAI, via: Any
) -> None:
    prompts: Any = ["Say hi", ("greeting", "Say hello")]
    outcomes = [outcome async for outcome in zhipu.chat.completions.map(prompts, via=via)]
    for outcome in outcomes:
        assert isinstance(outcome.error, InvalidType)
        assert "a dict with model and messages" in str(outcome.error)
    assert sorted(outcome.key for outcome in outcomes) == ["0", "greeting"]


async def test_failed_tasks_are_outcomes(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=TaskFails(), match={"contains": "number 1."})
    outcomes = await collected(zhipu.chat.completions.map(requests(3), via="task", ordered=True))
    assert [type(outcome.error) for outcome in outcomes] == [type(None), TaskFailed, type(None)]


async def test_waves_of_refusals_are_outlasted() -> None:
    async with Simulator(task_caps={"*": 3}, caps={"*": 4}) as sim:
        async with AsyncZhipuAI(sim.api_key, base_url=sim.base_url) as zhipu:
            zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]  # no pauses
            zhipu.tasks.polling.scale = 0.002
            sim.script(code="1302", times=5)
            assert all(outcome.ok for outcome in await collected(zhipu.chat.completions.map(requests(60))))
            tasks = zhipu.chat.completions.map(requests(40), via="task")
            assert all(outcome.ok for outcome in await collected(tasks))


# ── jobs ───────────────────────────────────────────────────────────────────────────────────────────


@EVERY_WAY
async def test_a_job_that_ended_is_replayed_without_paying(
    remembering: AsyncZhipuAI, setting: Setting, via: Any
) -> None:
    first = await collected(
        remembering.chat.completions.map(requests(20), via=via, job="night", ordered=True)
    )
    before = paid(setting.sim)
    again = await collected(
        remembering.chat.completions.map(requests(20), via=via, job="night", ordered=True)
    )
    assert paid(setting.sim) == before
    assert all(outcome.replayed for outcome in again)
    assert [outcome.result.text for outcome in again] == [outcome.result.text for outcome in first]
    assert again[0].result.raw == first[0].result.raw


async def test_a_job_goes_on_where_it_stopped(remembering: AsyncZhipuAI, setting: Setting) -> None:
    outcomes = remembering.chat.completions.map(requests(40), job="night", concurrency=1)
    for _ in range(10):
        await anext(outcomes)
    await outcomes.aclose()
    rest = await collected(remembering.chat.completions.map(requests(40), job="night"))
    assert sum(outcome.replayed for outcome in rest) >= 10
    unknown = [outcome for outcome in rest if isinstance(outcome.error, MaybeSubmitted)]
    assert paid(setting.sim) <= 40
    assert len(unknown) <= 1


async def test_ids_that_were_handed_out_are_polled(setting: Setting) -> None:
    first = setting.client(ledger=setting.path)
    first.tasks.polling.scale = 1000.0
    outcomes = first.chat.completions.map(requests(5), via="task", job="night")
    waiting = asyncio.ensure_future(anext(outcomes))
    while len(setting.sim.requests) < 5:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.wait([waiting])
    await first.close()
    second = setting.client(ledger=setting.path)
    again = await collected(second.chat.completions.map(requests(5), via="task", job="night"))
    assert all(outcome.ok for outcome in again)
    assert paid(setting.sim) == 5


async def test_what_may_have_arrived_is_reported_and_sent_again_only_if_asked(setting: Setting) -> None:
    async with hostile(reset) as server:
        broken = setting.client(ledger=setting.path, base_url=server.base_url)
        (outcome,) = await collected(broken.chat.completions.map(requests(1), job="night"))
        assert isinstance(outcome.error, MaybeSubmitted)
        assert len(server.requests) == 1
        await broken.close()
    zhipu = setting.client(ledger=setting.path)
    (outcome,) = await collected(zhipu.chat.completions.map(requests(1), job="night"))
    assert isinstance(outcome.error, MaybeSubmitted)
    assert "repeat" in str(outcome.error)
    assert paid(setting.sim) == 0
    (outcome,) = await collected(zhipu.chat.completions.map(requests(1), job="night", repeat="unknown"))
    assert outcome.ok
    (outcome,) = await collected(zhipu.chat.completions.map(requests(1), job="night"))
    assert outcome.replayed


@pytest.mark.parametrize(("code", "kind"), [("1210", BadRequestError), ("1301", ContentBlocked)])
async def test_what_would_fail_again_is_not_sent_again(
    remembering: AsyncZhipuAI, setting: Setting, code: str, kind: type[Exception]
) -> None:
    setting.sim.script(code=code, message="not like this")
    for _ in range(2):
        (outcome,) = await collected(remembering.chat.completions.map(requests(1), job="night"))
        assert type(outcome.error) is kind
        assert "not like this" in str(outcome.error)
    assert len(setting.sim.requests) == 1
    (outcome,) = await collected(remembering.chat.completions.map(requests(1), job="night", repeat="failed"))
    assert outcome.ok


async def test_a_failed_task_is_remembered(remembering: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(fault=TaskFails(code="1301", message="unsafe"))
    for replayed in (False, True):
        (outcome,) = await collected(remembering.chat.completions.map(requests(1), via="task", job="night"))
        assert isinstance(outcome.error, TaskFailed)
        assert (outcome.error.code, outcome.replayed) == ("1301", replayed)
        assert outcome.error.task_id
        assert outcome.error.body


async def test_what_was_surely_refused_is_sent_again(remembering: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script(code="1000")
    (outcome,) = await collected(remembering.chat.completions.map(requests(1), job="night"))
    assert isinstance(outcome.error, AuthenticationError)
    (outcome,) = await collected(remembering.chat.completions.map(requests(1), job="night"))
    assert outcome.ok


async def test_a_failing_platform_is_not_asked_twice_by_a_job(
    remembering: AsyncZhipuAI, setting: Setting
) -> None:
    setting.sim.script(code="1200")
    (outcome,) = await collected(remembering.chat.completions.map(requests(1), job="night"))
    assert isinstance(outcome.error, MaybeSubmitted)
    assert isinstance(outcome.error.__cause__, InternalServerError)
    assert len(setting.sim.requests) == 1


async def test_a_changed_request_needs_a_key_of_its_own(remembering: AsyncZhipuAI) -> None:
    await collected(remembering.chat.completions.map(requests(1), job="night"))
    (outcome,) = await collected(remembering.chat.completions.map([asking("other")], job="night"))
    assert isinstance(outcome.error, InvalidArgument)


async def test_a_key_that_a_job_has_twice_is_paid_for_once(
    remembering: AsyncZhipuAI, setting: Setting
) -> None:
    twice = [("a", asking(1)), ("a", asking(1))]
    outcomes = await collected(remembering.chat.completions.map(twice, job="night", ordered=True))
    assert [type(outcome.error) for outcome in outcomes] == [type(None), LedgerError]
    assert "twice" in str(outcomes[1].error)
    assert paid(setting.sim) == 1


async def test_two_living_runs_of_a_job_share_no_item(setting: Setting) -> None:
    first, second = setting.client(ledger=setting.path), setting.client(ledger=setting.path)
    both = await asyncio.gather(
        collected(first.chat.completions.map(requests(50), job="night")),
        collected(second.chat.completions.map(requests(50), job="night")),
    )
    assert paid(setting.sim) == 50
    errors = [outcome.error for outcomes in both for outcome in outcomes if not outcome.ok]
    assert all(isinstance(each, LedgerError) for each in errors)
    done = {outcome.index for outcomes in both for outcome in outcomes if outcome.ok}
    assert done == set(range(50))


async def test_what_another_living_run_has_finished_is_replayed(setting: Setting) -> None:
    first, second = setting.client(ledger=setting.path), setting.client(ledger=setting.path)
    setting.sim.script(code="1301", match={"model": "glm-4-plus"})
    await collected(first.chat.completions.map(requests(5), job="night"))
    outcomes = await collected(second.chat.completions.map(requests(5), job="night"))
    assert all(outcome.replayed for outcome in outcomes)
    assert sum(outcome.ok for outcome in outcomes) == 4
    assert paid(setting.sim) == 5


async def test_a_paid_answer_is_yielded_though_the_ledger_cannot_keep_it(
    remembering: AsyncZhipuAI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(self: SqliteLedger, entry_id: str, state: State, result: bytes) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(SqliteLedger, "finished", full)
    (outcome,) = await collected(remembering.chat.completions.map(requests(1), job="night"))
    assert "number 0." in outcome.result.text
    assert "the disk is full" in caplog.text
    (outcome,) = await collected(remembering.chat.completions.map(requests(1), job="night"))
    assert isinstance(outcome.error, MaybeSubmitted)


@pytest.mark.parametrize("via", ["task", "batch"])
async def test_a_task_whose_id_cannot_be_kept_is_waited_for_all_the_same(
    remembering: AsyncZhipuAI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, via: Any
) -> None:
    async def full(self: SqliteLedger, entry_id: str, ref: str) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(SqliteLedger, "submitted", full)
    outcomes = await collected(remembering.chat.completions.map(requests(3), via=via, job="night"))
    assert all(f"number {outcome.index}." in outcome.result.text for outcome in outcomes)
    assert "the disk is full" in caplog.text
    assert "zhipu.tasks.attach(" in caplog.text


async def test_a_broken_ledger_stops_a_job_before_it_pays(setting: Setting, tmp_path: Path) -> None:
    zhipu = setting.client(ledger=tmp_path / "no" / "such" / "place.sqlite3")
    outcomes = await collected(zhipu.chat.completions.map(requests(3), job="night"))
    assert all(isinstance(outcome.error, LedgerError) for outcome in outcomes)
    assert setting.sim.requests == []


async def test_the_ledger_holds_no_prompt(remembering: AsyncZhipuAI, setting: Setting) -> None:
    setting.sim.script("an answer", times=None)
    secret: ChatRequest = {"model": "glm-4-plus", "messages": "my diary"}
    await collected(remembering.chat.completions.map([secret], job="night"))
    await remembering.close()
    content = setting.path.read_bytes()
    assert b"an answer" in content
    assert b"diary" not in content


CRASH = """
import asyncio, sys
from zhipu_async import AsyncZhipuAI

async def main():
    key, url, ledger, via = sys.argv[1:]
    zhipu = AsyncZhipuAI(key, base_url=url, ledger=ledger)
    zhipu.tasks.polling.scale = 0.002
    requests = ({"model": "glm-4-plus", "messages": f"number {n}."} for n in range(40))
    async for outcome in zhipu.chat.completions.map(requests, via=via, job="night", concurrency=8):
        print("unknown" if not outcome.ok else "replayed" if outcome.replayed else "done", outcome.key, flush=True)
    print("end", flush=True)
    await zhipu.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("via", ["direct", "task"])
async def test_a_job_killed_again_and_again_pays_for_no_item_twice(tmp_path: Path, via: str) -> None:
    async with Simulator(latency=0.002) as sim:
        lines: list[str] = []
        for turn in range(9):
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", CRASH, sim.api_key, sim.base_url, str(tmp_path / "l.sqlite3"), via),
                stdout=asyncio.subprocess.PIPE,
            )
            assert child.stdout is not None
            lines = []
            async for line in child.stdout:
                lines.append(line.decode().strip())
                fresh = sum(each.startswith("done") for each in lines)
                if fresh == 7 + turn % 3 and lines[-1].startswith("done"):
                    child.kill()
            await child.wait()
            if lines[-1] == "end":
                break
        assert lines[-1] == "end"
        asked = Counter(text_of(received.body) for received in sim.requests if received.path.endswith(PAID))
        assert max(asked.values()) == 1
        unknown = [line.split()[1] for line in lines if line.startswith("unknown")]
        finished = [line for line in lines if line.startswith(("done", "replayed"))]
        assert len(unknown) + len(finished) == 40
        assert len(unknown) <= 9 * 8


async def test_ctrl_c_keeps_what_was_finished(tmp_path: Path) -> None:
    async with Simulator(latency=0.005) as sim:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CRASH, sim.api_key, sim.base_url, str(tmp_path / "l.sqlite3"), "direct"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        lines = [await child.stdout.readline() for _ in range(10)]
        child.send_signal(signal.SIGINT)
        rest, complaints = await child.communicate()
        lines += rest.splitlines()
        assert b"never" not in complaints
        assert complaints.count(b"Traceback") <= 2, complaints.decode()
        done = {line.split()[1].decode() for line in lines if line.startswith(b"done")}
        assert 10 <= len(done) < 40
        async with AsyncZhipuAI(sim.api_key, base_url=sim.base_url, ledger=tmp_path / "l.sqlite3") as zhipu:
            outcomes = await collected(zhipu.chat.completions.map(requests(40), job="night"))
        assert done <= {outcome.key for outcome in outcomes if outcome.replayed}
        assert all(outcome.ok or isinstance(outcome.error, MaybeSubmitted) for outcome in outcomes)


def text_of(body: Any) -> str:
    return str(body["messages"][0]["content"])


# ── batches ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_batch_is_one_file_per_model(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    items: list[ChatRequest] = [
        {"model": model, "messages": f"number {n}."}
        for n, model in enumerate(["glm-4-plus"] * 3 + ["glm-4-long"] * 2)
    ]
    outcomes = await collected(zhipu.chat.completions.map(items, via="batch"))
    assert all(f"number {outcome.index}." in outcome.result.text for outcome in outcomes)
    assert sum(received.path.endswith("/batches") for received in setting.sim.requests) == 2


@pytest.mark.parametrize(("ordered", "batches"), [(False, 2), (True, 20)])
async def test_models_in_turns_share_batches_unless_the_order_is_kept(
    zhipu: AsyncZhipuAI, setting: Setting, ordered: bool, batches: int
) -> None:
    items: list[ChatRequest] = [
        {"model": ("glm-4-plus", "glm-4-long")[n % 2], "messages": f"number {n}."} for n in range(20)
    ]
    outcomes = await collected(zhipu.chat.completions.map(items, via="batch", ordered=ordered))
    assert all(f"number {outcome.index}." in outcome.result.text for outcome in outcomes)
    indexes = [outcome.index for outcome in outcomes]
    assert indexes == list(range(20)) if ordered else sorted(indexes) == list(range(20))
    assert sum(received.path.endswith("/batches") for received in setting.sim.requests) == batches


async def test_more_models_than_papers_end_all_the_same(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    items: list[ChatRequest] = [{"model": f"model-{n % 20}", "messages": f"number {n}."} for n in range(40)]
    wrong: Any = {"model": "glm-4-plus", "messages": "hi", "temprature": 1}
    outcomes = await collected(zhipu.chat.completions.map([wrong, *items, wrong], via="batch"))
    assert sorted(outcome.index for outcome in outcomes) == list(range(42))
    assert {outcome.index for outcome in outcomes if isinstance(outcome.error, InvalidType)} == {0, 41}


async def test_refused_lines_are_outcomes_of_their_items(zhipu: AsyncZhipuAI) -> None:
    items: list[ChatRequest] = [
        asking(0),
        {"model": "glm-4-plus", "messages": "hi [unsafe]"},
        asking(2),
    ]
    outcomes = await collected(zhipu.chat.completions.map(items, via="batch", ordered=True))
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, ContentBlocked)


async def test_a_batch_that_failed_is_the_error_of_all_its_items(
    zhipu: AsyncZhipuAI, setting: Setting
) -> None:
    setting.sim.script(fault=TaskFails(), match={"path": "/batches"})
    outcomes = await collected(zhipu.chat.completions.map(requests(3), via="batch"))
    assert [type(outcome.error) for outcome in outcomes] == [TaskFailed] * 3


async def test_an_upload_that_fails_is_the_error_of_all_its_items(
    zhipu: AsyncZhipuAI, setting: Setting
) -> None:
    setting.sim.script(code="1113", match={"path": "/files"}, times=None)
    outcomes = await collected(zhipu.chat.completions.map(requests(3), via="batch"))
    assert len(outcomes) == 3
    assert all("1113" in str(outcome.error) for outcome in outcomes)


async def test_an_upload_that_broke_is_tried_again(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]
    setting.sim.script(fault=Reset(), match={"path": "/files"}, times=2)
    outcomes = await collected(zhipu.chat.completions.map(requests(3), via="batch"))
    assert [outcome.ok for outcome in outcomes] == [True] * 3
    assert sum(received.path.endswith("/batches") for received in setting.sim.requests) == 1


async def test_a_batch_whose_receipt_was_lost_is_not_created_twice(
    zhipu: AsyncZhipuAI, setting: Setting
) -> None:
    setting.sim.script(fault=Reset(), match={"path": "/batches"})
    outcomes = await collected(zhipu.chat.completions.map(requests(3), via="batch"))
    assert [type(outcome.error) for outcome in outcomes] == [MaybeSubmitted] * 3
    assert sum(received.path.endswith("/batches") for received in setting.sim.requests) == 1


async def test_a_killed_batch_job_is_found_again(setting: Setting) -> None:
    first = setting.client(ledger=setting.path)
    first.tasks.polling.scale = 1000.0
    waiting = asyncio.ensure_future(
        collected(first.chat.completions.map(requests(10), via="batch", job="night"))
    )
    while paid(setting.sim) < 1:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.wait([waiting])
    await first.close()
    second = setting.client(ledger=setting.path)
    outcomes = await collected(second.chat.completions.map(requests(10), via="batch", job="night"))
    assert all(outcome.ok for outcome in outcomes)
    assert paid(setting.sim) == 1


# ── embeddings ─────────────────────────────────────────────────────────────────────────────────────


async def test_texts_are_embedded_in_packs_and_in_order(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    texts = [f"text number {number}" for number in range(150)]
    outcomes = [outcome async for outcome in zhipu.embeddings.map(texts, model="embedding-3", dimensions=256)]
    assert [outcome.index for outcome in outcomes] == list(range(150))
    assert paid(setting.sim) == 3
    alone = await zhipu.embeddings.create(model="embedding-3", input=texts[100], dimensions=256)
    assert outcomes[100].result == pytest.approx(alone.vectors[0])


async def test_a_refused_text_costs_only_itself(zhipu: AsyncZhipuAI) -> None:
    texts = ["fine"] * 20
    texts[7] = "x" * 100_000
    outcomes = [outcome async for outcome in zhipu.embeddings.map(texts, model="embedding-3", dimensions=256)]
    assert [outcome.ok for outcome in outcomes] == [index != 7 for index in range(20)]
    assert isinstance(outcomes[7].error, BadRequestError)


async def test_embedding_2_gets_fewer_texts_at_a_time(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    texts = ["画" * 400] * 64
    outcomes = [outcome async for outcome in zhipu.embeddings.map(texts, model="embedding-2")]
    assert all(outcome.ok for outcome in outcomes)
    assert paid(setting.sim) >= 4


async def test_embeddings_go_by_batch_too(zhipu: AsyncZhipuAI, setting: Setting) -> None:
    texts = [(f"row {number}", f"text {number}") for number in range(10)]
    told: list[int] = []
    outcomes = [
        outcome
        async for outcome in zhipu.embeddings.map(
            texts,
            model="embedding-3",
            dimensions=256,
            vectors="array",
            via="batch",
            on_progress=lambda p: told.append(p.tokens),
        )
    ]
    assert [outcome.key for outcome in outcomes] == [key for key, _ in texts]
    assert all(len(outcome.result) == 256 for outcome in outcomes)
    assert told[-1] > 0
    assert sum(received.path.endswith("/embeddings") for received in setting.sim.requests) == 0


async def test_an_embedding_job_is_replayed(remembering: AsyncZhipuAI, setting: Setting) -> None:
    async def once() -> list[list[float]]:
        outcomes = remembering.embeddings.map(
            [f"text {number}" for number in range(70)], model="embedding-3", dimensions=256, job="vectors"
        )
        return [outcome.result async for outcome in outcomes]

    assert await once() == await once()
    assert paid(setting.sim) == 2


async def test_what_is_no_list_of_texts_is_refused(zhipu: AsyncZhipuAI) -> None:
    one: Any = "one text"
    with pytest.raises(InvalidType, match="create"):
        zhipu.embeddings.map(one, model="embedding-3")
    wrong: Any = [3]
    with pytest.raises(InvalidType, match="int"):
        [outcome async for outcome in zhipu.embeddings.map(wrong, model="embedding-3")]
    way: Any = "task"
    with pytest.raises(InvalidArgument, match="task"):
        zhipu.embeddings.map(["a"], model="embedding-3", via=way)


async def test_a_broken_connection_is_told_to_each_text() -> None:
    async with hostile(error("1210", 400)) as server, AsyncZhipuAI(KEY, base_url=server.base_url) as zhipu:
        outcomes = [outcome async for outcome in zhipu.embeddings.map(["a", "b"], model="embedding-3")]
    assert [type(outcome.error) for outcome in outcomes] == [BadRequestError] * 2
    assert len(server.requests) == 3
