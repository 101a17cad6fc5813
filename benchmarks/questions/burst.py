"""CPU per streamed delta when everything is there at once: one stream, 200 streams, small and large chunks."""

from __future__ import annotations

from benchmarks.harness.answers import Answer, Table, quotient
from benchmarks.harness.arena import UVLOOP, Arena

CONTENDERS = ("decode_only", "discard", "ours", "ours_text", f"ours{UVLOOP}", "by_hand", "lines_json")
PEERS = ("openai_aiohttp", "openai_httpx", "zai", "mistral")
EVENTS, PEER_EVENTS = 10_000, 1000
MADE_OF = (
    "adding the answer up (0.1 µs per event), handing it through a generator (0.05), and the processor's cache, "
    "which a batch of decoded chunks fills where the floor reuses one chunk's memory (0.1 to 0.2)"
)


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    turns = 3 if arena.quick else 7
    shares = {name: {"scene": f"burst-{PEER_EVENTS}", "events": PEER_EVENTS} for name in PEERS}
    orders = {"scene": f"burst-{EVENTS}", "events": EVENTS, "streams": 1}
    race = arena.race(
        (*CONTENDERS, *PEERS), "streams", orders, unit="µs per event", turns=turns, shares=shares
    )
    answer.tables.append(Table("Burst, one HTTP chunk per event, one stream", race, plotted=True))
    answer.goal(
        "burst: / (aiohttp discarding + decoding alone)",
        1.5,
        quotient(race, "ours", "discard", "decode_only"),
        made_of=MADE_OF,
    )
    answer.goal("burst: / decoding alone", 5.2, quotient(race, "ours", "decode_only"), made_of=MADE_OF)
    answer.goal(
        "burst: lines + json / ours", 3.2, race.ratio("lines_json", "ours"), at_most=False, made_of=MADE_OF
    )
    for name, limit in (("openai_aiohttp", 32), ("openai_httpx", 42), ("zai", 100)):
        answer.goal(f"burst: {name} / ours", limit, race.ratio(name, "ours"), at_most=False)

    orders = {"scene": f"blocks-{EVENTS}", "events": EVENTS, "streams": 1}
    race = arena.race(CONTENDERS, "streams", orders, unit="µs per event", turns=turns)
    answer.tables.append(Table("Burst in HTTP chunks of 16 KiB, one stream", race))
    answer.goal(
        "burst, 16 KiB chunks: / decoding alone", 2.6, quotient(race, "ours", "decode_only"), made_of=MADE_OF
    )

    events, few = (50, 20) if arena.quick else (200, 20)
    shares = {name: {"scene": f"burst-{few}", "events": few} for name in PEERS}
    orders = {"scene": f"burst-{events}", "events": events, "streams": 200}
    race = arena.race(
        ("discard", "ours", "by_hand", "lines_json", *PEERS),
        "streams",
        orders,
        unit="µs per event",
        turns=min(turns, 3),
        shares=shares,
    )
    answer.tables.append(Table("Burst, 200 streams at one time, their requests included", race))
    return answer
