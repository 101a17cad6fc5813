"""The command as a whole: help, version, exit codes, completion, demo."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import Run
from zhipu_async.cli import exit_code
from zhipu_async.cli.completion import vocabulary
from zhipu_async.cli.demo import TITLES
from zhipu_async.errors import (
    AccountError,
    APITimeoutError,
    InvalidArgument,
    LedgerError,
    TaskTimeout,
    ZhipuError,
)
from zhipu_async.version import __version__

COMMANDS = ["batch", "chat", "completion", "demo", "doctor", "explain", "realtime", "simulate", "tasks"]


def test_the_version_is_the_packages(run: Run) -> None:
    ended = run("--version")
    assert (ended.code, ended.out) == (0, f"zhipu-async {__version__}\n")


def test_help_shows_every_command_with_examples(run: Run) -> None:
    ended = run("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert re.search(rf"^    {command}\b", ended.out, re.MULTILINE)
    assert "examples:" in ended.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    ended = run(command, "--help")
    assert ended.code == 0
    assert ended.out.startswith("usage: zhipu-async")
    assert all(len(line) <= 80 for line in ended.out.splitlines())


@pytest.mark.parametrize("words", [(), ("batch",), ("tasks",)])
def test_half_a_command_shows_the_help_and_is_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    ended = run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "usage:" in ended.err


@pytest.mark.parametrize("words", [("nonsense",), ("chat", "--nonsense"), ("simulate", "--port", "x")])
def test_wrong_words_are_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidArgument("no"), 2),
        (LedgerError("no"), 2),
        (FileNotFoundError(2, "No such file", "x"), 2),
        (APITimeoutError("late"), 1),
        (AccountError("poor"), 1),
        (TaskTimeout("late"), 1),
    ],
)
def test_the_exit_code_says_whose_fault_it_is(error: ZhipuError | OSError, code: int) -> None:
    assert exit_code(error) == code


def test_help_does_not_load_what_it_does_not_need() -> None:
    script = (
        "import sys; from zhipu_async.cli import main; assert main(['--help']) == 0; "
        "assert not {'aiohttp', 'websockets', 'rich', 'msgspec'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_everything_works_without_rich() -> None:
    script = (
        "import sys; sys.modules['rich'] = None; from zhipu_async.cli import main; "
        "sys.exit(main(['chat', '--local', 'Say hi']) or main(['doctor', '--local']) or main(['demo', '--quick']))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 0, ended.stderr


def test_the_demo_shows_all_its_scenes_and_says_what_comes_next(run: Run) -> None:
    ended = run("demo")
    assert ended.code == 0, ended.err
    for title in TITLES.values():
        assert title in ended.out
    assert "Sunlight is scattered" in ended.out
    assert "forecast({" in ended.out
    assert "199 done, 1 failed, as arranged" in ended.out
    assert re.search(r"0\.\d\d  The Yangtze", ended.out)
    assert "程序员出门买西瓜" in ended.out
    shown, _, next_steps = ended.out.partition("What to type next")
    assert all(len(line) <= 80 for line in shown.splitlines())  # below stands where the environment is
    assert "chat --local" in next_steps
    assert "\x1b" not in ended.out + ended.err


def test_completion_knows_what_help_shows() -> None:
    words = vocabulary()
    assert [word for word in words[""] if not word.startswith("-")] == COMMANDS
    assert {"--model", "--local", "--json", "--thinking", "--no-thinking"} <= set(words["chat"])
    assert "--port" in words["simulate"]
    assert "run" in words["batch"]
    assert {"bash", "zsh", "fish"} <= set(words["completion"])


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("zhipu-async ch", "chat"),
        ("zhipu-async batch ", "run --help"),
        ("zhipu-async batch run in out --re", "--repeat --resume"),
        ("zhipu-async chat -m glm-5 --no-t", "--no-thinking"),
    ],
)
def test_bash_completes(run: Run, typed: str, offered: str) -> None:
    words = f"{typed}''" if typed.endswith(" ") else typed
    ask = f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
    script = run("completion", "bash").out + ask + "_zhipu_async; echo ${COMPREPLY[@]}"
    ended = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == offered.split()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_their_scripts(run: Run, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    script = run("completion", shell).out
    subprocess.run([shell, "-n"], input=script, text=True, check=True)
