"""What an open stream costs in memory, at 1,000."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import Arena

CONTENDERS = ("bare", "discard", "by_hand", "ours", "openai_aiohttp", "openai_httpx", "zai")
MADE_OF = (
    "1.4 KiB of Python objects on top of aiohttp's 12 once it is open (generator, cursor, reader, text so far, the "
    "last chunk, clocks, permit, record), and of what opening a thousand at one time leaves behind: 3.5 KiB more than "
    "aiohttp's for each request under way, half of it the frames of five coroutines"
)
STREAMS, MILLISECONDS = 1000, 2000


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    orders = {"scene": f"hold-{MILLISECONDS // (2 if arena.quick else 1)}", "streams": STREAMS}
    race = arena.race(
        CONTENDERS,
        "hold",
        orders,
        unit="KiB per stream",
        turns=1 if arena.quick else 3,
        fresh=True,
        figure="kib",
    )
    answer.tables.append(
        Table(f"Memory per open stream, {STREAMS:,} of them, each with one delta read", race)
    )
    answer.goal(
        "memory per open stream: / aiohttp discarding", 1.2, race.ratio("ours", "discard"), made_of=MADE_OF
    )
    for name, limit in (("openai_aiohttp", 2.2), ("zai", 4.5)):
        answer.goal(f"memory per open stream: {name} / ours", limit, race.ratio(name, "ours"), at_most=False)
    return answer
