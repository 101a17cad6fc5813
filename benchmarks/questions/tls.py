"""What TLS adds to a streamed delta: in a burst, and one event at a time."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import PLAIN, Arena

CONTENDERS = ("bare", "discard", "by_hand", "ours", f"ours{PLAIN}")
SHARES = {f"ours{PLAIN}": {"tls": False}}


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    orders = {"scene": "burst-10000", "events": 10_000, "streams": 1, "tls": True}
    turns = 3 if arena.quick else 7
    race = arena.race(CONTENDERS, "streams", orders, unit="µs per event", turns=turns, shares=SHARES)
    answer.tables.append(Table("Burst over TLS, one stream", race))

    if arena.quick:
        return answer
    orders = {"scene": "spaced-1000-1000", "events": 1000, "streams": 1, "tls": True}
    with arena.awake():
        race = arena.race(CONTENDERS, "streams", orders, unit="µs per event", turns=5, shares=SHARES)
    answer.tables.append(Table("One event per millisecond over TLS, one stream", race))
    return answer
