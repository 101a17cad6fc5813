"""`zhipu-async batch run`: files of requests, over as many runs as it takes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Terminal
from zhipu_async.cli.progress import facts
from zhipu_async.simulator import Simulator, Stall

Begin = Callable[..., Terminal]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(f'{{"custom_id": "q{n}", "prompt": "Say {n}"}}\n' for n in range(5)), "utf-8")
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def texts(path: Path) -> dict[str, str]:
    return {
        line["custom_id"]: line["response"]["body"]["choices"][0]["message"]["content"]
        for line in map(json.loads, path.read_text("utf-8").splitlines())
        if "response" in line
    }


def test_every_line_gets_its_answer(run: Run, sim: Simulator, source: Path, target: Path) -> None:
    ended = run("batch", "run", source, target)
    assert (ended.code, ended.out) == (0, "")
    assert texts(target) == {f"q{n}": str(n) for n in range(5)}
    assert "5 of 5 answered" in ended.err
    assert "tokens" in ended.err


@pytest.mark.parametrize("via", ["direct", "task", "batch"])
def test_every_way_leads_there(run: Run, source: Path, target: Path, via: str) -> None:
    ended = run("batch", "run", source, target, "--via", via, "--local")
    assert ended.code == 0, ended
    assert texts(target) == {f"q{n}": str(n) for n in range(5)}


def test_lines_come_in_many_forms(run: Run, sim: Simulator, tmp_path: Path, target: Path) -> None:
    messages = [{"role": "user", "content": "Say b"}]
    forms: list[object] = [
        "Say a",
        {"custom_id": "b", "method": "POST", "url": "/v4/chat/completions",
         "body": {"model": "glm-4.6", "messages": messages, "stream": True}},
        {"id": 7, "messages": messages, "max_tokens": 99},
    ]  # fmt: skip
    (source := tmp_path / "in.jsonl").write_text("\ufeff" + "\n\n".join(map(json.dumps, forms)), "utf-8")
    assert run("batch", "run", source, target, "-m", "glm-5").code == 0
    assert texts(target) == {"1": "a", "b": "b", "7": "b"}
    sent = {request.body["model"]: request.body for request in sim.requests}
    assert "stream" not in sent["glm-4.6"]
    assert {body.get("max_tokens") for body in sent.values()} >= {99}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"a"\nnonsense\n', "line 2 is not JSON"),
        ("[1]\n", "line 1 is neither"),
        ('{"custom_id": "x"}\n', "line 1 has neither messages nor a prompt"),
        ('{"custom_id": "x", "prompt": "a"}\n{"custom_id": "x", "prompt": "b"}\n', "'x' twice"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_before_anything_is_sent(
    run: Run, sim: Simulator, tmp_path: Path, target: Path, text: str, says: str
) -> None:
    (source := tmp_path / "in.jsonl").write_text(text, "utf-8")
    ended = run("batch", "run", source, target)
    assert ended.code == 2
    assert says in ended.err
    assert sim.requests == []
    assert not target.exists()


def test_a_file_that_is_not_there_is_wrong_usage(run: Run, sim: Simulator, target: Path) -> None:
    ended = run("batch", "run", "nowhere.jsonl", target)
    assert ended.code == 2
    assert "nowhere.jsonl" in ended.err


def test_an_earlier_output_is_not_overwritten_unasked(run: Run, source: Path, target: Path) -> None:
    target.write_text("precious\n", "utf-8")
    ended = run("batch", "run", source, target, "--local")
    assert ended.code == 2
    assert "--resume" in ended.err
    assert target.read_text("utf-8") == "precious\n"
    assert run("batch", "run", source, target, "--local", "--overwrite", "--resume").code == 2
    assert run("batch", "run", source, target, "--local", "--overwrite").code == 0
    assert len(texts(target)) == 5


def test_failures_are_written_and_tried_again_when_asked(
    run: Run, sim: Simulator, source: Path, target: Path
) -> None:
    sim.script(code="1301", match={"contains": "Say 3"})
    ended = run("batch", "run", source, target)
    assert ended.code == 1
    [failed] = [line for line in lines(target) if "error" in line]
    assert failed["custom_id"] == "q3"
    assert failed["error"]["code"] == "1301"  # type: ignore[index]
    assert "--resume --repeat failed" in ended.err

    before = len(sim.requests)
    assert run("batch", "run", source, target, "--resume").code == 1
    assert len(sim.requests) == before
    assert run("batch", "run", source, target, "--resume", "--repeat", "failed").code == 0
    assert len(sim.requests) == before + 1
    assert texts(target)["q3"] == "3"


def test_half_a_line_that_a_crash_left_is_answered_again_and_not_paid_again(
    run: Run, sim: Simulator, source: Path, target: Path
) -> None:
    assert run("batch", "run", source, target).code == 0
    whole = target.read_text("utf-8")
    target.write_text(whole[:-20], "utf-8")
    assert run("batch", "run", source, target, "--resume").code == 0
    assert texts(target) == {f"q{n}": str(n) for n in range(5)}
    assert len(sim.requests) == 5


def test_json_is_a_summary(run: Run, source: Path, target: Path) -> None:
    ended = run("batch", "run", source, target, "--local", "--json")
    assert json.loads(ended.out) == {
        "total": 5, "answered": 5, "failed": 0, "interrupted": False, "target": str(target)
    }  # fmt: skip


def written_down(target: Path) -> int:
    """How many tasks the ledger of an output file has the id of."""
    with closing(sqlite3.connect(f"{target}.ledger")) as ledger:
        count: int = ledger.execute("SELECT count(*) FROM entries WHERE ref <> ''").fetchone()[0]
    return count


def test_ctrl_c_finishes_what_is_under_way_and_begins_nothing_more(
    sim: Simulator, run: Run, terminal: Begin, source: Path, target: Path
) -> None:
    sim.script(fault=Stall(), match={"contains": "Say 1"})
    work = terminal("batch", "run", str(source), str(target), "--concurrency", "1")
    while "Stall" not in [request.fault for request in sim.requests]:
        assert work.process.poll() is None  # only what stalls already is released below
    work.shows("1/5")
    work.type("\x03")
    work.shows("Ctrl-C again")
    sim.release()
    work.shows("--resume goes on")
    assert work.ends() == 130
    assert len(sim.requests) <= 3  # one more may have been taken from the file already
    assert len(texts(target)) == len(sim.requests)

    assert run("batch", "run", source, target, "--resume").code == 0
    assert (len(texts(target)), len(sim.requests)) == (5, 5)


def test_ctrl_c_twice_leaves_at_once(
    sim: Simulator, run: Run, terminal: Begin, source: Path, target: Path
) -> None:
    sim.script(fault=Stall(), match={"contains": "Say 4"})
    work = terminal("batch", "run", str(source), str(target))
    asyncio.run(sim.received(5))
    work.shows("4/5")
    work.type("\x03")
    work.shows("Ctrl-C again")
    work.type("\x03")
    work.shows("--resume goes on")
    assert work.ends() == 130
    assert sorted(texts(target)) == ["q0", "q1", "q2", "q3"]

    # Nobody can know whether the fifth was accepted, so it is repeated only when that is asked for.
    ended = run("batch", "run", source, target, "--resume")
    assert ended.code == 1
    assert "may have been paid for" in ended.err
    ended = run("batch", "run", source, target, "--resume", "--repeat", "unknown")
    assert (ended.code, len(sim.requests)) == (0, 6)
    assert texts(target) == {f"q{n}": str(n) for n in range(5)}


def test_ctrl_c_leaves_tasks_to_the_platform(
    sim: Simulator, run: Run, terminal: Begin, source: Path, target: Path
) -> None:
    work = terminal("batch", "run", str(source), str(target), "--via", "task")
    asyncio.run(sim.received(5))
    while written_down(target) < 5:
        assert work.process.poll() is None  # an id that is not written yet would be an unknown
    work.type("\x03")
    work.shows("--resume goes on")
    assert work.ends() == 130
    ended = run("batch", "run", source, target, "--via", "task", "--resume")
    assert ended.code == 0
    assert [request.path for request in sim.requests].count("/api/paas/v4/async/chat/completions") == 5


def test_a_killed_run_is_gone_on_with(sim: Simulator, run: Run, source: Path, target: Path) -> None:
    sim.script(fault=Stall(), match={"contains": "Say 4"})
    command = [sys.executable, "-m", "zhipu_async.cli", "batch", "run", str(source), str(target)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not target.exists() or len(target.read_text("utf-8").splitlines()) < 4:
        assert process.poll() is None
    process.kill()
    process.wait()
    assert run("batch", "run", source, target, "--resume", "--repeat", "unknown").code == 0
    assert (len(texts(target)), len(sim.requests)) == (5, 6)


def test_without_rich_a_line_is_drawn_and_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from zhipu_async.cli import progress
    from zhipu_async.cli.screen import Screen
    from zhipu_async.cli.stage import Tally

    monkeypatch.setitem(sys.modules, "rich.progress", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.progress(Screen(), 9, "work") as display:
        display.show(Tally(9, 0.0, done=3, failed=1), before=2)
    drawn = capsys.readouterr().err
    assert "5/9" in drawn
    assert "1 failed" in drawn
    assert "zhipu-async[cli]" in drawn


def test_the_facts_are_rate_tokens_time_left_and_failures() -> None:
    class Standing:
        done, total, failed, rate, tokens = 100, 5000, 2, 1.25, 12345
        seconds_left: float | None = 3920.0

    assert facts(Standing()) == "1.2/s · 12,345 tokens · 1:05:20 left · 2 failed"
