"""The command line as the tests call it: in process, in a pipe, in a terminal."""

from __future__ import annotations

import codecs
import io
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from zhipu_async.cli import main
from zhipu_async.simulator import Simulator

VARIABLES = (
    "ZHIPUAI_API_KEY", "ZAI_API_KEY", "ZHIPU_API_KEY", "ZHIPUAI_BASE_URL", "ZAI_BASE_URL",
    "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
)  # fmt: skip
HANGS_SECONDS = 30.0
# A session leader that opens a terminal owns it, and only then does Ctrl-C become a signal.
IN_TERMINAL = (
    "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR)); "
    "from zhipu_async.cli import main; sys.exit(main(sys.argv[1:]))"
)


def body_of(sim: Simulator, number: int = 0) -> dict[str, Any]:
    """Return what a request asked for."""
    return msgspec.convert(sim.requests[number].body, dict[str, Any])


class Ended:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"Ended({self.code}, {self.out!r}, {self.err!r})"


class Run(Protocol):
    def __call__(self, *words: object, stdin: bytes = b"") -> Ended: ...


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in process."""

    def once(*words: object, stdin: bytes = b"") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return once


@pytest.fixture
def sim(zhipu_simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """A simulator that the environment leads to, as a key and an address of the user's would."""
    monkeypatch.setenv("ZHIPUAI_API_KEY", zhipu_simulator.api_key)
    monkeypatch.setenv("ZHIPUAI_BASE_URL", zhipu_simulator.base_url)
    return zhipu_simulator


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *words: str, stdout: int | None = None) -> None:
        self._screen, inside = os.openpty()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_TERMINAL, *words],
            stdin=inside, stdout=inside if stdout is None else stdout, stderr=inside, start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        )  # fmt: skip
        os.close(inside)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._screen, text.encode())

    def shows(self, text: str) -> str:
        """Wait until something is on the screen that was not there at the last look; return all up to it."""
        while text not in self.seen:
            self.seen += self._read()
        before, _, self.seen = self.seen.partition(text)
        return before

    def waits(self) -> None:
        """Wait until the program sleeps. A signal between input()'s prompt and its wait is noticed at the next key.

        That is CPython's gap; a person presses again. Only Linux says whether a process sleeps.
        """
        state = Path(f"/proc/{self.process.pid}/stat")
        end = time.monotonic() + HANGS_SECONDS
        while state.exists() and state.read_text("ascii").rpartition(") ")[2][0] != "S":
            assert time.monotonic() < end, "it does not wait for a key"
            os.sched_yield()

    def ends(self) -> int:
        """Wait for the end and return the exit code."""
        while self.process.poll() is None:
            self.seen += self._read(or_end=True)
        return self.process.wait(HANGS_SECONDS)

    def close(self) -> None:
        """Take the terminal away."""
        self.process.kill()
        self.process.wait()
        os.close(self._screen)

    def _read(self, *, or_end: bool = False) -> str:
        ready, _, _ = select.select([self._screen], [], [], HANGS_SECONDS)
        assert ready, f"nothing more comes after {self.seen!r}"
        try:
            return self._decode(os.read(self._screen, 4096))
        except OSError:  # the other side has closed it
            assert or_end, f"it ended after {self.seen!r}"
            self.process.wait(HANGS_SECONDS)
            return ""


@pytest.fixture
def terminal() -> Generator[Callable[..., Terminal]]:
    """Run the command in a terminal."""
    opened: list[Terminal] = []

    def begin(*words: str, stdout: int | None = None) -> Terminal:
        opened.append(Terminal(*words, stdout=stdout))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()
