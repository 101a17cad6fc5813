"""What 64 vectors of 2048 numbers (1.5 MB) cost, as lists, arrays and numpy."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import Arena, Race

CONTENDERS = ("decode_only", "ours", "by_hand", "lines_json", "openai_aiohttp", "openai_httpx", "zai")


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 3 if arena.quick else 7
    shares = {name: {"requests": 1} for name in CONTENDERS[4:]}
    orders = {"scene": "vectors", "requests": 5}
    race = arena.race(CONTENDERS, "embed", orders, unit="µs per call", turns=turns, shares=shares)
    answer.tables.append(Table("Embeddings call, 64 vectors of 2048 as lists of float", race))
    answer.goal("embeddings: / aiohttp + msgspec by hand", 1.2, race.ratio("ours", "by_hand"))
    for name, limit in (("openai_aiohttp", 21), ("zai", 38)):
        answer.goal(f"embeddings: {name} / ours", limit, race.ratio(name, "ours"), at_most=False)

    forms = Race("µs per call")
    for kind in ("list", "array", "numpy"):
        taken = arena.race(("ours",), "embed", {**orders, "kind": kind}, unit="µs per call", turns=turns)
        forms.turns[f"vectors={kind!r}"] = taken.turns["ours"]
    answer.tables.append(
        Table("The same, in the three forms of zhipu_async", forms, reference="vectors='list'")
    )
    return answer
