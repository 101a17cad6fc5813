"""CPU per streamed delta when each one wakes the program: one stream, 200 streams, and uvloop."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table, quotient
from benchmarks.harness.arena import UVLOOP, Arena

FLOORS = ("bare", "bare_waking", "discard")
PEERS = ("openai_aiohttp", "openai_httpx")
NOTE = (
    "The server sits in the same loop, so its write and its passes of the loop are in every figure. The goal is "
    "measured against the floor that wakes its reader for each event, as any client has to; the other one "
    "sleeps until the last."
)
MADE_OF = (
    "the server's share and the loop's, which are two thirds of it, then aiohttp's read; ours adds one coroutine step, "
    "one decode (1.1 µs where one comes at a time: the processor's caches are cold), adding up and one generator step"
)


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 3 if arena.quick else 7
    events = 2000
    shares = {name: {"scene": "drip-300-1", "events": 300} for name in PEERS}
    orders = {"scene": f"drip-{events}-1", "events": events, "streams": 1, "near": True}
    on_uvloop = [
        f"{name}{UVLOOP}" for name in (("ours",) if arena.quick else ("bare_waking", "discard", "ours"))
    ]
    names = (*FLOORS, "ours", "ours_text", "by_hand", *on_uvloop, *PEERS)
    race = arena.race(names, "streams", orders, unit="µs per event", turns=turns, shares=shares)
    answer.tables.append(Table("One event per wakeup, one stream", race, note=NOTE, plotted=True))
    answer.goal(
        "one event per wakeup: / aiohttp discarding", 1.15, quotient(race, "ours", "discard"), made_of=MADE_OF
    )
    answer.goal(
        "one event per wakeup: / bare protocol that wakes its reader",
        1.35,
        quotient(race, "ours", "bare_waking"),
        made_of=MADE_OF,
    )
    for name, limit in (("openai_aiohttp", 4.6), ("openai_httpx", 6.4)):
        answer.goal(f"one event per wakeup: {name} / ours", limit, race.ratio(name, "ours"), at_most=False)

    shares = {name: {"scene": "drip-10-200", "events": 10} for name in PEERS}
    orders = {"scene": "drip-50-200", "events": 50, "streams": 200, "near": True}
    race = arena.race(names, "streams", orders, unit="µs per event", turns=min(turns, 3), shares=shares)
    answer.tables.append(Table("One event per wakeup, 200 streams, their requests included", race, note=NOTE))
    return answer
