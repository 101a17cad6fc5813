"""CPU per streamed delta when events come from another process, one by one, as a model writes them."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import UVLOOP, Arena

CONTENDERS = (
    *("bare", "bare_waking", "discard", "by_hand", "ours", f"ours{UVLOOP}"),
    *("openai_aiohttp", "openai_httpx", "zai"),
)
NOTE = (
    "Between two events the program sleeps, and a process of the idle class keeps its core awake: waking a core would "
    "cost more than anything a client does, and as much for all of them."
)


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 1 if arena.quick else 5
    events = 300 if arena.quick else 1000
    with arena.awake():
        orders = {"scene": f"spaced-{events}-1000", "events": events, "streams": 1}
        race = arena.race(CONTENDERS, "streams", orders, unit="µs per event", turns=turns)
        answer.tables.append(Table("One event per millisecond, one stream", race, note=NOTE))
        if arena.quick:
            return answer
        orders = {"scene": "spaced-25-120000", "events": 25, "streams": 200}
        race = arena.race(CONTENDERS, "streams", orders, unit="µs per event", turns=3)
        title = "200 streams with an event every 120 ms, their requests included"
        answer.tables.append(Table(title, race, note=NOTE))
    return answer
