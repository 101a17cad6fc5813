"""Every example runs as it stands, led to the simulator by the environment."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.example import EXAMPLES
from zhipu_async.simulator import Simulator

ELSEWHERE = {
    "fastapi_app": "tests/test_fastapi_example.py",
    "testing_your_app": "below, with pytest",
    "realtime_microphone": "tests/flows/test_realtime_microphone.py",
}
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
RUNNABLE = [name for name in NAMES if name not in ELSEWHERE]

Run = Callable[..., str]


@pytest.fixture
def run(zhipu_simulator: Simulator, tmp_path: Path) -> Run:
    """Run an example in a process of its own, in an empty folder, and return what it prints."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ZHIPU", "ZAI"))},
        "ZHIPUAI_API_KEY": zhipu_simulator.api_key,
        "ZHIPUAI_BASE_URL": zhipu_simulator.base_url,
        "PYTHONIOENCODING": "utf-8",
    }

    def once(name: str, *words: str) -> str:
        command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *words]
        ended = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
        )
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
        return ended.stdout

    return once


@pytest.mark.parametrize("name", RUNNABLE)
def test_it_runs_as_it_stands(run: Run, name: str) -> None:
    assert run(name).strip()


@pytest.mark.parametrize("name", NAMES)
def test_it_says_which_question_it_answers(name: str) -> None:
    question = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text("utf-8"))) or ""
    assert "?" in question.splitlines()[0]
    assert question.partition("?")[0] in (EXAMPLES / "README.md").read_text("utf-8")


def test_streaming_shows_the_reasoning_and_then_the_answer(run: Run, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script("Blue light is scattered.", reasoning="Rayleigh.")
    printed = run("streaming")
    assert printed.startswith("Thinking: Rayleigh.\n\nAnswer: Blue light is scattered.\n")
    assert "ended with 'stop'" in printed


def test_structured_prints_the_value(run: Run, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script('{"customer": "Li Wei", "order": 4711, "items": ["lamp"], "urgency": "high"}')
    assert run("structured") == "Li Wei, order 4711: lamp (high)\n"


def test_tools_are_called_and_their_results_are_used(run: Run, zhipu_simulator: Simulator) -> None:
    arguments = {"amount": 20, "source": "EUR"}
    zhipu_simulator.script(tool_calls=[{"name": "exchange", "arguments": arguments}])
    zhipu_simulator.script("That is 156 yuan.")
    assert run("tools").splitlines()[1] == "That is 156 yuan."
    assert "156.0" in zhipu_simulator.requests[1].text


def test_a_picture_of_the_users_is_looked_at(run: Run, zhipu_simulator: Simulator) -> None:
    run("vision", str(EXAMPLES / "circle.png"), "Which colour?")
    assert "Which colour?" in zhipu_simulator.requests[0].text


def test_search_finds_by_meaning(run: Run) -> None:
    assert "Yangtze" in run("embeddings_search").splitlines()[0]


def test_bulk_classification_pays_once_in_two_runs(run: Run, zhipu_simulator: Simulator) -> None:
    assert "known from an earlier run" not in run("bulk_classification")
    assert "'known from an earlier run': 200" in run("bulk_classification")
    assert len(zhipu_simulator.requests) == 200


def test_the_tests_of_the_testing_example_pass(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-o", "asyncio_mode=auto",
        "-c", os.devnull, "--rootdir", str(tmp_path), str(EXAMPLES / "testing_your_app.py"),
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 passed" in ended.stdout
