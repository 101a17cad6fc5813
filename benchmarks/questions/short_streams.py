"""CPU of a whole short stream, and the time to its first delta."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table, quotient
from benchmarks.harness.arena import UVLOOP, Arena, Race

PEERS = ("openai_aiohttp", "openai_httpx", "zai", "mistral")
CONTENDERS = ("bare", "discard", "ours", f"ours{UVLOOP}", "by_hand", *PEERS)
MADE_OF = (
    "our own steps: by count the whole takes 0.69 million instructions, and throwing away through aiohttp's session "
    "0.58. Of the interpreter's steps in it 46 in a hundred are ours: an eighth of those add up the answer, another "
    "eighth are permit, clocks and observers, the rest is writing the request, decoding, the view and the end. "
    "It would take 30,000 instructions less: a view and an answer that look at each piece once, together"
)


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 3 if arena.quick else 7
    for scene, how, limit in (
        ("burst", "on a kept connection", 1.2),
        ("parting", "each on a new connection", 1.2),
    ):
        orders = {"scene": f"{scene}-10", "requests": 150}
        shares = {name: {"requests": 30} for name in PEERS}
        race = arena.race(CONTENDERS, "short", orders, unit="µs per stream", turns=turns, shares=shares)
        answer.tables.append(Table(f"Stream of ten events, {how}", race, plotted=scene == "burst"))
        answer.goal(
            f"short stream {how}: / aiohttp discarding",
            limit,
            quotient(race, "ours", "discard"),
            made_of=MADE_OF,
        )
        for name, least in (("openai_aiohttp", 3.2), ("zai", 3.6)):
            answer.goal(f"short stream {how}: {name} / ours", least, race.ratio(name, "ours"), at_most=False)

    orders = {"scene": "burst-10", "requests": 100}
    shares = {name: {"requests": 25} for name in PEERS}
    race = arena.race(CONTENDERS, "first", orders, unit="µs", turns=turns, shares=shares, figure="first")
    over = Race("µs over a bare protocol", figure="first")
    floor = race.turns["bare"]
    for name, taken in race.turns.items():
        if name != "bare":
            over.turns[name] = [
                {"first": mine["first"] - its["first"]} for mine, its in zip(taken, floor, strict=False)
            ]
    answer.tables.append(Table("Time to the first delta on a kept connection, over a bare protocol", over))
    return answer
