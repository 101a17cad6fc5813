"""How long until there is a client: import, and the first object to call methods of."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import CLIENT_CORES, ROOT, Arena, Race
from benchmarks.harness.peers import peer_python

PROGRAMS = {
    "import zhipu_async": "import zhipu_async",
    "zhipu_async: a usable client": "import zhipu_async; zhipu_async.AsyncZhipuAI('a.b').chat.completions.create",
    "import aiohttp": "import aiohttp",
}
PEERS = {
    "openai: a usable client": "import openai; openai.AsyncOpenAI(api_key='a').chat.completions.create",
    "zai-sdk: a usable client": "import zai; zai.ZhipuAiClient(api_key='a.b').chat.completions.create",
}
EMPTY = "empty interpreter"
MADE_OF = "asyncio and msgspec (four fifths), and some 50 modules of ours"
BYTECODE = ROOT / ".artifacts" / "bench-bytecode"


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    commands = {EMPTY: [sys.executable, "-c", "pass"]}
    commands |= {name: [sys.executable, "-c", code] for name, code in PROGRAMS.items()}
    if not arena.quick:
        commands |= {name: [str(peer_python()), "-c", code] for name, code in PEERS.items()}
    raw: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        milliseconds(command)  # compiles what it imports: who installs a package has that done by pip
    for turn in range(5 if arena.quick else 15):
        for name in commands if turn % 2 else reversed(commands):
            raw[name].append(milliseconds(commands[name]))
    race = Race("ms of CPU over an empty interpreter")
    for name in commands:
        if name != EMPTY:
            race.turns[name] = [{"cpu": mine - its} for mine, its in zip(raw[name], raw[EMPTY], strict=True)]
    answer.tables.append(Table("Import, and a usable client", race, reference="import zhipu_async"))
    answer.goal("import zhipu_async, ms over an empty interpreter", 45, race.median("import zhipu_async"))
    answer.goal(
        "a usable client, ms over an empty interpreter",
        60,
        race.median("zhipu_async: a usable client"),
        made_of=MADE_OF,
    )
    return answer


def milliseconds(command: list[str]) -> float:
    """What a program takes of the processor, from its start to its end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    time.sleep(0)
    process = subprocess.Popen(command, env=environment, cwd="/", preexec_fn=pinned)  # noqa: PLW1509  no threads
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000


def pinned() -> None:
    """Stay on the clients' core."""
    if CLIENT_CORES:
        os.sched_setaffinity(0, CLIENT_CORES)
