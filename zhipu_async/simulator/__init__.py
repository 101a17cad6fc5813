"""The local platform: answers every endpoint on loopback; shares nothing with the client.

    async with Simulator(seed=1) as sim:
        sim.script("Hello!")                                # the next request is answered with this text
        sim.script(status=429, code="1302", times=2)        # the two after it are refused
        ...                                                 # aim a client at sim.base_url with sim.api_key
        print(sim.requests[-1].body, sim.counts.peak)

To add an operation, write it into the module of its area in `areas/` (a new one is named in `areas/__init__.py`):

1. A handler, `def submit_video(ask: Ask) -> Answer`. Plain dicts in: `ask.body` (nulls already gone), `ask.params`
   (of the path), `ask.query`, `ask.files`. Plain dicts out: `Whole(body)` for JSON, `Events(frames)` with
   `sse(chunk)` for a stream, `Raw(content, content_type)` for bytes. `seconds=` says how long the real platform
   takes. Handlers never wait.
2. A table of fields, `VIDEO = {"model": text().needed, "prompt": text(1, 512), ...}` (`fields.py`). Missing fields
   are refused with 1213, illegal ones with 1214, before the handler runs. Fields not in the table are accepted and
   reported in `sim.requests[n].unknown_fields`. `fields=None` leaves the body unchecked. For GET read `ask.query`.
3. A line in the module's `OPERATIONS`: `Operation("POST", "/paas/v4/videos/generations", submit_video, VIDEO,
   models=VIDEO_MODELS, task=True)`. Say `body="form"` for multipart, `body="none"` where there is none,
   `family="knowledge"` or `"finagent"` for paths whose errors look different (`refusals.py`).

State: `ask.platform.shelf("files", ask.key)` is a dict by id that lasts as long as the simulator. Chance:
`ask.platform.rng("video", prompt)` and `.number(...)` depend on the seed and the subject only. Ids:
`ask.platform.new_id("file_")`. Tasks: `task = ask.platform.tasks.start(ask, result, seconds=60)`, where `result()`
gives the finished task's own members, then `Whole(ticket(task))`; GET async-result answers them all. Other things that
take time keep an `ask.platform.life(seconds)` and call its `look()` on every poll. To refuse: `raise Refusal("1301",
beside={...})`, `missing(name)`, `illegal(name, why)`, `conflicting(a, b)`.

What most handlers need: `Kept(Kind, ask)` holds things of one dataclass between requests (`keeping.py`). With
`say(ask, text)` the script's words go first, `quirk(ask)` chooses between two forms the platform may use (`saying.py`).
`areas.made` gives links to pictures, clips and files, `paging.py` cuts lists into pages.
"""

from __future__ import annotations

from .caps import caps_of_tier
from .faults import (
    Cut,
    Html,
    KeepAlives,
    NeverEnds,
    Reset,
    Slow,
    Splice,
    Stall,
    TaskFails,
    WrongContentType,
)
from .requests import Received
from .scripts import Script
from .server import Simulator
from .thread import SimulatorThread

__all__ = [
    "Cut",
    "Html",
    "KeepAlives",
    "NeverEnds",
    "Received",
    "Reset",
    "Script",
    "Simulator",
    "SimulatorThread",
    "Slow",
    "Splice",
    "Stall",
    "TaskFails",
    "WrongContentType",
    "caps_of_tier",
]
