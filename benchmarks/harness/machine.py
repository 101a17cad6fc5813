"""The facts of the machine and of what ran on it, without which no figure means anything."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version

from benchmarks.harness.peers import versions

OURS = ("aiohttp", "msgspec", "websockets", "uvloop", "numpy")


def facts() -> Iterator[str]:
    """One line each."""
    yield f"{os.cpu_count()} cores of {processor()}; {platform.system()} {platform.release()}"
    yield f"{platform.python_implementation()} {platform.python_version()}, asyncio's own loop unless a row says uvloop"
    yield "zhipu_async with " + ", ".join(f"{name} {version(name)}" for name in OURS)
    yield "peers: " + ", ".join(f"{name} {number}" for name, number in versions().items())


def processor() -> str:
    """The processor's name."""
    with open("/proc/cpuinfo") as told:
        for line in told:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
