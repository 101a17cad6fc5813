"""The state behind all operations: keys, caps, tasks, shelves, and everything made up from the seed. No I/O here."""

from __future__ import annotations

import random
import time
import zlib
from typing import TYPE_CHECKING

from .auth import Keys, made_up_key
from .caps import Caps, Counts, Gate
from .scripts import ScriptBook
from .tasks import Life, Tasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .faults import Fault
    from .shapes import Body

REMEMBERED_REQUEST_IDS = 100_000
"""Older ones are forgotten, so that a day of load does not fill the memory."""
FIRST_TASK_ID = 9_000_000_000_000_000_000
"""Task ids are 19 digits long, too many for a float, as on the real platform."""


class Platform:
    """One local platform. Handlers reach it as `ask.platform`."""

    def __init__(
        self,
        *,
        seed: int = 0,
        pace: float = 0.0,
        looks: int = 1,
        api_keys: Iterable[str] = (),
        coding_keys: Iterable[str] = (),
        caps: Caps | None = None,
        task_caps: Caps | None = None,
        models: Iterable[str] = (),
    ) -> None:
        self.seed = seed
        self.pace = pace
        self.looks = looks
        given = tuple(api_keys)
        self.api_key: str = given[0] if given else made_up_key(seed)
        self.extra_models: frozenset[str] = frozenset(model.lower() for model in models)
        """Names that every operation answers to, besides its own."""
        self.keys: Keys = Keys(frozenset(given or (self.api_key,)), frozenset(coding_keys))
        self.gate: Gate = Gate(caps or {})
        self.task_gate: Gate = Gate(task_caps or {})
        self.counts: Counts = Counts()
        self.tasks: Tasks = Tasks()
        self.scripts: ScriptBook = ScriptBook()
        self.origin = "http://127.0.0.1"
        """Where the simulator listens, for links in answers; set when it does."""
        self._shelves: dict[tuple[str, str], dict[str, Body]] = {}
        self._request_ids: dict[tuple[str, str], None] = {}
        self._count = 0

    def forget(self) -> None:
        """Forget what was stored, scripted and counted; keys, caps and the place of new ids stay."""
        self.counts = Counts()
        self.tasks = Tasks()
        self.scripts.clear()
        self._shelves.clear()
        self._request_ids.clear()

    def shelf(self, name: str, key: str) -> dict[str, Body]:
        """Give the things of one kind that belong to this key, by id: `shelf("files", ask.key)`."""
        return self._shelves.setdefault((name, key), {})

    def rng(self, *about: object) -> random.Random:
        """A source of chance that is the same for the same seed and subject."""
        return random.Random(self.number(*about))

    def number(self, *about: object) -> int:
        """A 32-bit number that is the same for the same seed and subject."""
        return zlib.crc32("\x1f".join(map(str, about)).encode("utf-8", "replace"), self.seed & 0xFFFFFFFF)

    def life(self, seconds: float, fault: Fault | None = None) -> Life:
        """Work that takes so many seconds at pace 1."""
        return Life(seconds, pace=self.pace, looks=self.looks, fault=fault)

    def new_id(self, prefix: str = "") -> str:
        """An id that no answer of this simulator had before."""
        self._count += 1
        return f"{prefix}{self.number('id', self._count):08x}{self._count:08x}"

    def new_task_id(self) -> str:
        self._count += 1
        return str(FIRST_TASK_ID + self.seed % 1000 * 10**12 + self._count)

    def now(self) -> int:
        """Unix seconds."""
        return int(time.time())

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return int(time.time() * 1000)

    def is_new_request_id(self, key: str, request_id: str) -> bool:
        """Remember the caller's request_id; False when it was used before."""
        place = (key, request_id)
        if place in self._request_ids:
            return False
        self._request_ids[place] = None
        if len(self._request_ids) > REMEMBERED_REQUEST_IDS:
            del self._request_ids[next(iter(self._request_ids))]
        return True
