"""What a request of 200 messages (85 kB) costs: written, and sent."""

from __future__ import annotations

from benchmarks.harness import scenes
from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import Arena

CONTENDERS = ("ours", "by_hand", "lines_json")
PEERS = ("openai_aiohttp", "openai_httpx", "zai", "mistral")
MADE_OF = "one look at each message (15 µs), and what any call of ours adds: 85 steps"


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 3 if arena.quick else 7
    shares = {name: {"requests": 5} for name in PEERS}
    orders = {"scene": "call", "requests": 100}
    race = arena.race((*CONTENDERS, *PEERS), "talk", orders, unit="µs per call", turns=turns, shares=shares)
    answer.tables.append(Table("Chat completion with 200 messages", race, plotted=True))
    answer.goal(
        "200 messages: / aiohttp + msgspec by hand", 1.3, race.ratio("ours", "by_hand"), made_of=MADE_OF
    )
    for name, limit in (("openai_httpx", 50), ("zai", 5)):
        answer.goal(f"200 messages: {name} / ours", limit, race.ratio(name, "ours"), at_most=False)

    own: dict[str, object] = {"work": "encode", "times": 300, "messages": scenes.conversation()}
    race = arena.race(CONTENDERS, "own", own, unit="µs per request", turns=turns)
    answer.tables.append(Table("Checking and writing 200 messages, nothing sent", race))
    return answer
