"""`python -m benchmarks`: asks the questions, prints one table, and writes the page after a full run."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence

from benchmarks.harness.answers import Answer
from benchmarks.harness.arena import Arena
from benchmarks.harness.page import write_page
from benchmarks.harness.report import goals_table, tables

QUESTIONS = (
    "burst",
    "wakeups",
    "spaced",
    "tls",
    "short_streams",
    "calls",
    "conversation",
    "embeddings",
    "stream_memory",
    "polling",
    "realtime",
    "imports",
    "simulator",
)


def arguments() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="question", help=f"of {', '.join(QUESTIONS)}; default: all"
    )
    parser.add_argument("--quick", action="store_true", help="fewer turns and no peers: under a minute")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its plot")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the result is the exit code."""
    chosen = arguments().parse_args(argv)
    unknown = set(chosen.names) - set(QUESTIONS)
    if unknown:
        print(f"No such question: {', '.join(sorted(unknown))}. There are: {', '.join(QUESTIONS)}")
        return 2
    found: list[Answer] = []
    with Arena(quick=chosen.quick) as arena:
        for name in chosen.names or QUESTIONS:
            found.append(asked(name, arena))
            print("\n".join(tables(found[-1])), flush=True)
    print("\n".join(goals_table(found)))
    for failure in arena.failures:
        print(f"left out: {failure}")
    if chosen.write:
        write_page(found)
    return 0


def asked(name: str, arena: Arena) -> Answer:
    """The answer to one question."""
    began = time.monotonic()
    print(f"{name} ...", file=sys.stderr, end=" ", flush=True)
    answer: Answer = importlib.import_module(f"benchmarks.questions.{name}").run(arena)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return answer
