"""Other people's clients, in an environment of their own that is made when it is first needed."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from scripts.environments import made

PLACE = Path(__file__).parents[2] / ".artifacts" / "bench-env"
PEERS = frozenset({"openai_aiohttp", "openai_httpx", "zai", "mistral"})
PACKAGES = ("zai-sdk", "openai[aiohttp]", "mistralai")
SHOWN = ("aiohttp", "httpx", "openai", "zai-sdk", "mistralai", "pydantic")


@cache
def peer_python() -> Path:
    """The interpreter that has the peers, after installing them if need be."""
    # The same aiohttp for all: the peers' client is compared, not their transport's age.
    return made(PLACE, [*PACKAGES, f"aiohttp=={version('aiohttp')}"])


def versions() -> dict[str, str]:
    """What the peers' environment holds."""
    code = f"from importlib.metadata import version\nfor name in {SHOWN!r}: print(name, version(name))"
    shown = subprocess.run(
        [str(peer_python()), "-c", code], check=True, capture_output=True, text=True
    ).stdout
    return dict(line.split() for line in shown.splitlines())
