"""Contenders in turn: A B C ... C B A, each in its own process on one core, the server on another."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.harness.peers import PEERS, peer_python
from benchmarks.harness.server import AUTHORITY, CERTIFICATE

ROOT = Path(__file__).parents[2]
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVER_CORES, CLIENT_CORES = CORES[:1], CORES[-1:]
FILES = 65536  # a poller without a limit opens a socket per task
UVLOOP = " (uvloop)"
PLAIN = " (plain)"


@dataclass
class Race:
    """What each contender needed, turn by turn; one figure per turn, in `unit`."""

    unit: str
    turns: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    figure: str = "cpu"

    def values(self, name: str, figure: str = "") -> list[float]:
        """The figures of a contender, in the order of the turns."""
        return [turn[figure or self.figure] for turn in self.turns.get(name, [])]

    def median(self, name: str, figure: str = "") -> float:
        """The middle one."""
        return median(self.values(name, figure))

    def ratio(self, one: str, other: str) -> float | None:
        """How many times the other one needs what the one needs: the middle of the ratios inside a turn."""
        pairs = list(zip(self.values(one), self.values(other), strict=False))
        return median(a / b for a, b in pairs) if pairs else None


class Arena:
    """Starts what is needed when it is needed, and ends it."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self._server: subprocess.Popen[str] | None = None
        self._workers: dict[str, subprocess.Popen[str]] = {}
        self._place = TemporaryDirectory(prefix="zhipu-bench-")
        self.failures: list[str] = []

    def __enter__(self) -> Arena:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self._workers.values(), self._server):
            if process is not None:
                stop(process)
        self._place.cleanup()

    @property
    def origin(self) -> str:
        """Where the server is."""
        if self._server is None:
            certify(Path(self._place.name))
            command = [sys.executable, "-m", "benchmarks.harness.server", self._place.name]
            self._server = start(command, SERVER_CORES)
            self._origin = read_line(self._server)
        return self._origin

    def known(self, names: Sequence[str]) -> list[str]:
        """Those contenders that take part: peers stay away from quick runs."""
        return [name for name in names if not (self.quick and base(name) in PEERS)]

    @contextmanager
    def awake(self) -> Generator[None]:
        """Keep the contenders' core from falling asleep between two events: waking it would hide what they cost."""
        spinner = start([sys.executable, "-m", "benchmarks.harness.spinner"], CLIENT_CORES)
        try:
            print(read_line(spinner), file=sys.stderr, end=" ", flush=True)
            yield
        finally:
            stop(spinner)

    def race(
        self,
        names: Sequence[str],
        verb: str,
        orders: Mapping[str, object],
        *,
        unit: str,
        turns: int,
        shares: Mapping[str, Mapping[str, object]] | None = None,
        fresh: bool = False,
        figure: str = "cpu",
    ) -> Race:
        """Let the contenders take turns; `shares` gives slow ones less to do, `fresh` a new process per turn."""
        race = Race(unit, figure=figure)
        names = self.known(names)
        out: set[str] = set()
        for turn in range(-1 if not fresh else 0, turns):  # turn -1 warms up, and is not counted
            for name in names if turn % 2 == 0 else reversed(names):
                if name in out:
                    continue
                order = {"verb": verb, **orders, **(shares or {}).get(name, {})}
                answer = self._take(name, order, fresh=fresh)
                if "error" in answer:
                    out.add(name)
                    race.turns.pop(name, None)
                    self.failures.append(f"{name}, {verb}: {answer['error']}")
                elif turn >= 0:
                    race.turns.setdefault(name, []).append(answer)
        return race

    def _take(self, name: str, order: Mapping[str, object], *, fresh: bool) -> dict[str, float]:
        if fresh:
            worker = self._start(name)
            try:
                return ask(worker, order)
            finally:
                stop(worker)
        if name not in self._workers:
            self._workers[name] = self._start(name)
        return ask(self._workers[name], order)

    def _start(self, name: str) -> subprocess.Popen[str]:
        module = base(name)
        python = str(peer_python()) if module in PEERS else sys.executable
        more = ["--uvloop"] if name.endswith(UVLOOP) else []
        command = [python, "-m", "benchmarks.harness.worker", module, self.origin, *more]
        worker = start(command, CLIENT_CORES, SSL_CERT_FILE=str(Path(self._place.name) / AUTHORITY))
        read_line(worker)
        return worker


def base(name: str) -> str:
    """The module of a contender."""
    return name.removesuffix(UVLOOP).removesuffix(PLAIN)


def certify(place: Path) -> None:
    """Make a certificate for the server, and the authority that its clients trust; both end with the run."""
    import trustme  # here, since the peers' environment has no need of it

    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / AUTHORITY)
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(place / CERTIFICATE)


def start(command: list[str], cores: list[int], **variables: str) -> subprocess.Popen[str]:
    """Start a process on these cores."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_PROXY": "*", "no_proxy": "*", **variables}

    def pin() -> None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, FILES), most))
        if cores:
            os.sched_setaffinity(0, cores)

    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
        preexec_fn=pin,  # noqa: PLW1509  no threads here
    )


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended early")
    return line.strip()


def ask(worker: subprocess.Popen[str], order: Mapping[str, object]) -> dict[str, float]:
    """Let a contender take a turn."""
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(order) + "\n")
    worker.stdin.flush()
    answer: dict[str, float] = json.loads(read_line(worker))
    return answer


def stop(process: subprocess.Popen[str]) -> None:
    """End a process that was started here."""
    with suppress(OSError):
        process.terminate()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
