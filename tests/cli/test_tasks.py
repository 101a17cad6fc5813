"""`zhipu-async tasks`: a ledger of a program that is gone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import MaybeSubmitted
from zhipu_async.simulator import Reset, Simulator, TaskFails


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "tasks.sqlite3"


async def leave_behind(sim: Simulator, ledger: Path, *prompts: str) -> list[str]:
    """Submit, and go away before anything is done."""
    async with AsyncZhipuAI(sim.api_key, base_url=sim.base_url, ledger=ledger) as zhipu:
        tasks = [await zhipu.images.submit(model="glm-image", prompt=prompt) for prompt in prompts]
        return [str(task.ref) for task in tasks]


def test_what_is_unfinished_is_listed_without_a_key(
    run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = asyncio.run(leave_behind(sim, ledger, "a cat", "a dog"))
    monkeypatch.delenv("ZHIPUAI_API_KEY")
    ended = run("tasks", "list", ledger)
    assert (ended.code, ended.out.split()) == (0, refs)
    assert json.loads(run("tasks", "list", ledger, "--json").out) == {"submitted": refs, "unknown": []}


def test_what_nobody_knows_about_is_listed_apart(run: Run, sim: Simulator, ledger: Path) -> None:
    sim.script(fault=Reset("after_body"))
    with pytest.raises(MaybeSubmitted):
        asyncio.run(leave_behind(sim, ledger, "a cat"))
    ended = run("tasks", "list", ledger)
    assert ended.out == ""
    assert "nobody knows" in ended.err
    [unknown] = json.loads(run("tasks", "list", ledger, "--json").out)["unknown"]
    assert unknown["endpoint"].startswith("images")


def test_all_of_a_ledger_is_waited_for(run: Run, sim: Simulator, ledger: Path) -> None:
    refs = asyncio.run(leave_behind(sim, ledger, "a cat", "a dog"))
    ended = run("tasks", "resume", ledger)
    assert ended.code == 0
    results = [json.loads(line) for line in ended.out.splitlines()]
    assert sorted(result["ref"] for result in results) == sorted(refs)
    assert all(result["result"]["image_result"] for result in results)
    again = run("tasks", "resume", ledger)
    assert (again.code, again.out) == (0, "")
    assert "Nothing is unfinished" in again.err


def test_single_tasks_are_waited_for_and_failures_are_exit_code_1(
    run: Run, sim: Simulator, ledger: Path
) -> None:
    sim.script(fault=TaskFails(), match={"prompt": "a dog"})
    good, bad = asyncio.run(leave_behind(sim, ledger, "a cat", "a dog"))
    assert run("tasks", "wait", good, "--timeout", 60).code == 0
    ended = run("tasks", "wait", good, bad)
    assert ended.code == 1
    failed = {line["ref"]: line for line in map(json.loads, ended.out.splitlines())}[bad]
    assert failed["error"]["type"] == "TaskFailed"


def test_a_reference_that_is_none_is_wrong_usage(run: Run, sim: Simulator) -> None:
    ended = run("tasks", "wait", "nonsense")
    assert ended.code == 2
    assert sim.requests == []


def test_a_ledger_that_is_not_there_is_not_made(run: Run, ledger: Path) -> None:
    assert run("tasks", "list", ledger).code == 2
    assert run("tasks", "resume", ledger).code == 2
    assert not ledger.exists()


def test_a_file_that_is_no_ledger_is_left_as_it_is(run: Run, ledger: Path) -> None:
    ledger.write_text("notes", "utf-8")
    assert run("tasks", "list", ledger).code == 2
    assert ledger.read_text("utf-8") == "notes"
