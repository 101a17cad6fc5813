"""A ledger of one's own, and what a line in it goes through when things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.virtual import settle
from zhipu_async import AsyncZhipuAI, Ledger
from zhipu_async.errors import (
    AuthenticationError,
    BadRequestError,
    LedgerError,
    MaybeSubmitted,
    OutputTruncated,
    TaskFailed,
    ZhipuError,
)
from zhipu_async.flows.ledger import Line, error_of, new_entry, reason_of
from zhipu_async.protocol.ledger import Entry, State
from zhipu_async.simulator import Simulator


class Notebook:
    """The smallest ledger: a dictionary."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.calls: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: LedgerError | None = None
        self.closed = 0

    async def begin(self, entry: Entry) -> Entry | None:
        self.calls.append("begin")
        await self.gate.wait()
        known = await self.lookup(entry.job, entry.key)
        if known is None:
            self.entries[entry.id] = entry
        return known

    async def lookup(self, job: str, key: str) -> Entry | None:
        found = (each for each in self.entries.values() if job and (each.job, each.key) == (job, key))
        return next(found, None)

    async def restart(self, entry_id: str) -> None:
        self.entries[entry_id] = replace(self.entries[entry_id], state=State.INTENT, ref="", result=b"")

    async def submitted(self, entry_id: str, ref: str) -> None:
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.entries[entry_id] = replace(self.entries[entry_id], state=State.SUBMITTED, ref=ref)

    async def finished(self, entry_id: str, state: State, result: bytes) -> None:
        self.entries[entry_id] = replace(self.entries[entry_id], state=state, result=result)

    async def erase(self, entry_id: str) -> None:
        self.calls.append("erase")
        self.entries.pop(entry_id, None)

    async def find(self, ref: str) -> Entry | None:
        return next((each for each in self.entries.values() if each.ref == ref), None)

    async def unfinished(self, job: str | None = None) -> list[Entry]:
        left = (State.INTENT, State.SUBMITTED)
        return [each for each in self.entries.values() if each.state in left and job in (None, each.job)]

    async def close(self) -> None:
        self.closed += 1


@pytest_asyncio.fixture
async def notebook() -> Notebook:
    return Notebook()


@pytest_asyncio.fixture
async def zhipu(notebook: Notebook) -> AsyncGenerator[AsyncZhipuAI]:
    async with Simulator() as sim:
        async with AsyncZhipuAI(sim.api_key, base_url=sim.base_url, ledger=notebook) as zhipu:
            zhipu.tasks.polling.scale = 0.002
            yield zhipu


def line_in(notebook: Notebook, *, earlier: State | None = None) -> Line:
    line = Line(notebook, new_entry("videos.submit", {"prompt": "x"}, job="night", key="1", wall=0.0))
    if earlier is not None:
        known = replace(line.entry, state=earlier)
        notebook.entries[known.id] = known
        line.send_again(known)
    return line


async def test_an_object_with_the_same_methods_is_a_ledger(zhipu: AsyncZhipuAI, notebook: Notebook) -> None:
    ledger: Ledger = notebook
    assert isinstance(ledger, Ledger)
    task = await zhipu.chat.completions.submit(model="glm-4.7", messages="hi")
    (entry,) = notebook.entries.values()
    assert (entry.state, entry.ref) == (State.SUBMITTED, str(task.ref))
    await task
    await settle()
    (entry,) = notebook.entries.values()
    assert entry.state is State.DONE
    await zhipu.close()
    assert notebook.closed == 1


async def test_a_job_works_with_a_ledger_of_ones_own(zhipu: AsyncZhipuAI) -> None:
    for replayed in (False, True):
        outcomes = zhipu.chat.completions.map([{"model": "glm-4.7", "messages": "hi"}], job="night")
        assert [outcome.replayed async for outcome in outcomes] == [replayed]


async def test_an_id_that_could_not_be_written_is_told(zhipu: AsyncZhipuAI, notebook: Notebook) -> None:
    notebook.fault = LedgerError("disk full")
    with pytest.raises(LedgerError, match=r"attach\('chat:\d+") as caught:
        await zhipu.chat.completions.submit(model="glm-4.7", messages="hi")
    assert (await zhipu.tasks.attach(caught.value.ref)).raw["choices"]


async def test_a_cancelled_intent_is_taken_back_because_nothing_was_sent(notebook: Notebook) -> None:
    notebook.gate.clear()
    line = line_in(notebook)
    intending = asyncio.ensure_future(line.intend())
    await settle()
    intending.cancel()
    await settle()
    assert intending.cancelled()
    notebook.gate.set()
    await settle()
    assert notebook.calls == ["begin", "erase"]
    assert notebook.entries == {}


async def test_closing_waits_until_a_cancelled_intent_is_taken_back(
    zhipu: AsyncZhipuAI, notebook: Notebook
) -> None:
    notebook.gate.clear()
    submitting = asyncio.ensure_future(zhipu.chat.completions.submit(model="glm-4.7", messages="hi"))
    while "begin" not in notebook.calls:
        await asyncio.sleep(0)
    submitting.cancel()
    await asyncio.wait([submitting])
    closing = asyncio.ensure_future(zhipu.close())
    await settle()
    assert notebook.closed == 0
    notebook.gate.set()
    await closing
    assert (notebook.calls, notebook.entries, notebook.closed) == (["begin", "erase"], {}, 1)


async def test_a_cancelled_wait_for_the_id_does_not_lose_it(notebook: Notebook) -> None:
    line = line_in(notebook)
    await line.intend()
    notebook.gate.clear()
    noting = asyncio.ensure_future(line.submitted("videos:9"))
    await settle()
    noting.cancel()
    await settle()
    notebook.gate.set()
    await settle()
    assert notebook.entries[line.entry.id].ref == "videos:9"


async def test_an_intent_is_written_once_for_all_attempts(notebook: Notebook) -> None:
    line = line_in(notebook)
    await line.intend()
    await line.intend()
    assert notebook.calls == ["begin"]


async def test_another_runs_item_is_left_to_it(notebook: Notebook) -> None:
    await line_in(notebook).intend()
    with pytest.raises(LedgerError, match="Another run"):
        await line_in(notebook).intend()


@pytest.mark.parametrize(
    ("error", "earlier", "left"),
    [
        (AuthenticationError(status=401), None, None),
        (AuthenticationError(status=401), State.INTENT, State.INTENT),
        (AuthenticationError(status=401), State.FAILED, State.FAILED),
        (BadRequestError(code="1210"), None, State.FAILED),
        (BadRequestError(code="1210"), State.INTENT, State.FAILED),
        (MaybeSubmitted("?"), None, State.INTENT),
        (asyncio.CancelledError(), None, State.INTENT),
    ],
)
async def test_a_failure_leaves_what_is_known(
    notebook: Notebook, error: BaseException, earlier: State | None, left: State | None
) -> None:
    line = line_in(notebook, earlier=earlier)
    await line.intend()
    await line.failed(error)
    entry = notebook.entries.get(line.entry.id)
    assert (entry.state if entry else None) is left


async def test_what_failed_before_its_intent_leaves_nothing(notebook: Notebook) -> None:
    await line_in(notebook).failed(BadRequestError(code="1210"))
    assert notebook.entries == {}


@pytest.mark.parametrize(
    "error",
    [
        TaskFailed("unsafe", task_id="9", kind="videos", status="FAIL", code="1301", body="{}"),
        BadRequestError("no", code="1210", status=400, body="{}"),
        OutputTruncated("cut"),
        ZhipuError("something"),
    ],
)
def test_a_failure_reads_back_as_it_was(error: ZhipuError) -> None:
    read = error_of(reason_of(error))
    assert type(read) is type(error)
    assert str(read) == str(error)


def test_a_failure_of_a_kind_that_is_gone_still_reads() -> None:
    assert str(error_of(b'{"error":"NoSuchError","message":"words"}')) == "words"
    assert type(error_of(reason_of(RuntimeError("words")))) is ZhipuError
