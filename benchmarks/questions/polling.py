"""What waiting for thousands of tasks costs per poll."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import Arena

TASKS = 2000  # fewer would be another question: what it costs by hand grows with the sockets

MADE_OF = (
    "what every call of ours does: retry loop, permit, clocks, observers, error checks, and below them the pool and "
    "the parser of aiohttp; the poller by hand has none of ours, and opens its sockets once"
)


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 2 if arena.quick else 5
    orders = {"scene": "task-1", "tasks": TASKS}
    race = arena.race(("ours", "by_hand"), "poll", orders, unit="µs per poll", turns=turns, fresh=True)
    note = "By hand is a task for each pending id, without a limit: it opens a socket for each."
    answer.tables.append(Table(f"{TASKS:,} pending tasks, four polls each", race, note=note))
    answer.goal(
        f"{TASKS:,} pending tasks: / a task each without a limit",
        0.5,
        race.ratio("ours", "by_hand"),
        made_of=MADE_OF,
    )
    answer.goal(f"{TASKS:,} pending tasks: sockets", 64, race.median("ours", "sockets"))
    if not arena.quick:
        race = arena.race(
            ("ours",), "poll", {**orders, "tasks": 5000}, unit="µs per poll", turns=3, fresh=True
        )
        answer.tables.append(Table("5,000 pending tasks, four polls each", race))
    return answer
