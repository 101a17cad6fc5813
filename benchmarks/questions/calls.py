"""What a chat call costs over a bare aiohttp request: one at a time, and 1,000 at a time."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import UVLOOP, Arena

CONTENDERS = (
    "discard",
    "ours",
    f"ours{UVLOOP}",
    "by_hand",
    "lines_json",
    "openai_aiohttp",
    "openai_httpx",
    "zai",
    "mistral",
)
PEERS = CONTENDERS[5:]
CROWD = ("ours", "by_hand", "openai_aiohttp", "openai_httpx", "zai")

MADE_OF = (
    "our own steps, 85 per call: checking and writing the request, permit, clocks, observers, error checks; below them "
    "the pool and the parser of aiohttp, without its session"
)


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 3 if arena.quick else 7
    shares = {name: {"requests": 50} for name in PEERS}
    orders = {"scene": "call", "requests": 300}
    race = arena.race(CONTENDERS, "calls", orders, unit="µs per call", turns=turns, shares=shares)
    answer.tables.append(Table("Small chat completion, one after the other", race, plotted=True))

    orders = {"scene": "slow-50", "requests": 1000, "together": 1000}
    race = arena.race(CROWD, "calls", orders, unit="µs per call", turns=min(turns, 3))
    answer.tables.append(Table("1,000 calls of 50 ms at one time", race))
    answer.goal(
        "1,000 calls at one time: / aiohttp + msgspec by hand",
        1.6,
        race.ratio("ours", "by_hand"),
        made_of=MADE_OF,
    )
    return answer
