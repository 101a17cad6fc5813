"""docs/performance.md, written from a full run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import ROOT
from benchmarks.harness.machine import facts
from benchmarks.harness.plot import plot
from benchmarks.harness.report import figure, goals_table, tables

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "assets" / "performance.svg"

INTRODUCTION = """\
# Performance

<!-- Written by `python -m benchmarks --write`. Change the benchmarks, not this page. -->

What the library costs, measured by its public API as programs call it, with everything switched on: the answer added
up, the four clocks, the limiter, the checks for errors, `.meta`. Beside it run the floor (aiohttp reading and throwing
away; decoding without a network), what one writes by hand, and other clients from PyPI.

![CPU time relative to zhipu_async, logarithmic](assets/performance.svg)
"""

METHOD = """\
## How it was measured

- A figure is **CPU time of the process** (user and system, all threads), the median of several turns. Contenders take
  turns in one run, A B C and then C B A, each in a process of its own; ratios are taken inside a turn. Believe the
  ratios: microseconds of two runs on one machine differ by a tenth and more.
- The server sits on one core and the contender on another. It is a bare protocol that has its answers ready, so no
  contender waits for it. Plain HTTP on loopback, unless a table says TLS.
- Every streamed text is checked against what was sent.
- "One event per wakeup" is what a model's stream is: the program sleeps, one event comes, the program wakes. There the
  server sits in the contender's own loop, so that nothing sleeps and the machine's power states are not measured.
  Where events come from another process, a spinner of the idle class keeps the contender's core awake for that reason.
- Each process frees one large block before it begins. Whether glibc returns memory after each read of a socket depends
  on whether that ever happened, and is worth 5 to 10 µs per read: chance that no contender should have.

Repeat it with `make bench` (some minutes; it installs the peers into an environment of their own) or
`make bench-quick` (under a minute, without peers). `python -m benchmarks burst calls` asks only these questions;
`--write` writes this page.
"""


def write_page(answers: list[Answer]) -> None:
    """Write the page and its plot."""
    drawn = [table for answer in answers for table in answer.tables if table.plotted]
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    PLOT.write_text(plot(drawn), encoding="utf-8")
    PAGE.write_text("\n".join(page(answers)).rstrip() + "\n", encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)} and {PLOT.relative_to(ROOT)}")


def page(answers: list[Answer]) -> Iterator[str]:
    """The page, line by line."""
    yield INTRODUCTION
    yield "## Where it is not ahead\n"
    yield from behind(answers)
    yield "\n## What it promises itself"
    yield from goals_table(answers)
    yield "\n" + METHOD
    yield f"The run below is of {datetime.now(UTC):%Y-%m-%d}:\n"
    yield from (f"- {fact}" for fact in facts())
    for answer in answers:
        yield f"\n## {answer.question}"
        yield from tables(answer)


def behind(answers: list[Answer]) -> Iterator[str]:
    """Missed goals with what they are made of, and who needs less, floors left out."""
    for answer in answers:
        for goal in answer.goals:
            if not goal.held and goal.measured is not None:
                made_of = f" It is made of {goal.made_of}." if goal.made_of else ""
                yield f"- {goal.text}: {figure(goal.measured)}, where {goal.limit:g} was the goal.{made_of}"
    for answer in answers:
        for table in answer.tables:
            yield from cheaper(table)


def cheaper(table: Table) -> Iterator[str]:
    """Those of a table who need clearly less than we do."""
    for name, _, _, _, ratio in table.rows():
        floor = name.startswith(("floor", "zhipu_async"))
        if table.reference == "ours" and not floor and ratio is not None and ratio < 0.95:
            yield f"- {table.title}: {name} needs {figure(ratio)} of what zhipu_async needs."
