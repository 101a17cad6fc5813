"""Events and sound of a realtime call per CPU second."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import Arena

NOTE = (
    "By hand is websockets and msgspec into dicts: no session state, no clocks, nothing counted or bounded."
)


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 2 if arena.quick else 5
    names = ("ours", "by_hand")
    for kind, count, title in (
        ("text", 2000, "Transcript deltas that come in"),
        ("sound", 1000, "Sound that comes in, 100 ms per event"),
    ):
        orders = {"work": "hear", "kind": kind, "count": count}
        race = arena.race(names, "own", orders, unit="µs per event", turns=turns)
        answer.tables.append(Table(title, race, note=NOTE))
    orders = {"work": "speak", "frames": 50 if arena.quick else 100}
    race = arena.race(names, "own", orders, unit="µs per frame", turns=min(turns, 3))
    answer.tables.append(Table("Sound that goes out, in frames of 100 ms", race, note=NOTE))
    return answer
