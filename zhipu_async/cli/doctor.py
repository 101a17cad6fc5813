"""`zhipu-async doctor`: where the key is, what it opens, and what stands in the way."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from importlib.util import find_spec
from urllib.request import getproxies

from zhipu_async.cli.chosen import CHAT_MODEL, OK, PLATFORM_FAILED, USAGE, Chosen
from zhipu_async.cli.connecting import NO_KEY, NO_KEY_HINT, simulated
from zhipu_async.cli.doors import Door, Knock, doors_of, knock, other_doors
from zhipu_async.cli.findings import (
    Finding,
    clock_finding,
    door_finding,
    money_finding,
    proxy_finding,
    verdict,
)
from zhipu_async.cli.screen import DIM, GREEN, RED, YELLOW, Screen
from zhipu_async.version import __version__

# In the order in which the client reads them, per site; a test holds that against the client itself.
KEY_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "bigmodel": ("ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "ZAI_API_KEY"),
    "z.ai": ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY"),
}
BASE_URL_VARIABLES = ("ZHIPUAI_BASE_URL", "ZAI_BASE_URL")
MARKS: Mapping[bool | None, tuple[str, str]] = {True: ("✓", GREEN), False: ("✗", RED), None: ("·", YELLOW)}
LOCAL_ADVICE = (
    "The way to the simulator is clear; `zhipu-async simulate` keeps one running for your programs."
)
OPTIONAL = ("rich", "numpy", "pydantic", "opentelemetry", "sounddevice", "uvloop")


def doctor(chosen: Chosen, screen: Screen) -> int:
    """Look at everything between a program and an answer, and say what to change."""
    with simulated(0.0) if chosen.local else nullcontext() as simulator:
        if simulator is not None:
            chosen.base_url = simulator.base_url
            found = [_versions(), Finding("key", True, "the simulator's own")]
            return _examine(chosen, screen, found, simulator.api_key)
        key, finding = find_key(chosen.site or "bigmodel", os.environ)
        return _examine(chosen, screen, [_versions(), finding], key)


def _examine(chosen: Chosen, screen: Screen, found: list[Finding], key: str) -> int:
    proxies = {scheme: proxy for scheme, proxy in getproxies().items() if scheme != "no"}  # no_proxy
    knocks = asyncio.run(_knock_at_all(chosen, key, bool(proxies))) if key else []
    found += [finding for finding in (proxy_finding(proxies, knocks), clock_finding(knocks)) if finding]
    found += [door_finding(knock) for knock in knocks]
    found += [finding for finding in (money_finding(knocks),) if finding]
    advice = LOCAL_ADVICE if chosen.local else verdict(knocks) if key else NO_KEY_HINT
    works = any(knock.opened for knock in knocks)
    if screen.json_wanted:
        screen.json({"ok": works, "findings": [asdict(finding) for finding in found], "advice": advice})
    else:
        _print(found, advice, screen)
    if not key:
        return USAGE
    return OK if works else PLATFORM_FAILED


async def _knock_at_all(chosen: Chosen, key: str, behind_proxy: bool) -> list[Knock]:
    """Try the doors that were chosen; those of the other site only when nobody here knows the key."""
    model = (chosen.model or CHAT_MODEL) if chosen.spend else ""
    base_url = chosen.base_url or next(filter(None, map(os.environ.get, BASE_URL_VARIABLES)), None)
    doors = doors_of(chosen.site, base_url)
    knocks = [await _try(door, key, model, behind_proxy) for door in doors]
    if chosen.site is None and base_url is None and not any(knock.knows_key for knock in knocks):
        knocks += [await _try(door, key, model, behind_proxy) for door in other_doors(doors)]
    return knocks


async def _try(door: Door, key: str, model: str, behind_proxy: bool) -> Knock:
    """Try directly, as clients do; when nobody is there and a proxy is known, through that."""
    direct = await knock(door, key, model)
    if direct.reached or not behind_proxy:
        return direct
    through = await knock(door, key, model, trust_env=True)
    return through if through.reached else direct


def find_key(site: str, environment: Mapping[str, str]) -> tuple[str, Finding]:
    """Return the key that the client takes, and where it is; the finding never shows it."""
    found = {name: key for name in KEY_VARIABLES[site] if (key := environment.get(name, "").strip())}
    if not found:
        return "", Finding("key", False, NO_KEY)
    name, key = next(iter(found.items()))
    others = [other for other, value in found.items() if value != key]
    says = f"in {name}, {len(key)} characters" + (
        ", id.secret" if key.count(".") == 1 else ", not of the form id.secret"
    )
    if others:
        return key, Finding("key", None, f"{says}; {' and '.join(others)} holds another one, and is not used")
    return key, Finding("key", True, says)


def _versions() -> Finding:
    present = [name for name in OPTIONAL if find_spec(name) is not None]
    return Finding(
        "version", True,
        f"zhipu_async {__version__}, Python {platform.python_version()}, with {', '.join(present) or 'no extras'}",
    )  # fmt: skip


def _print(found: list[Finding], advice: str, screen: Screen) -> None:
    for finding in found:
        mark, colour = MARKS[finding.ok]
        screen.say(mark, colour, end=" ")
        screen.say(f"{finding.check:9} {finding.says}")
        if finding.hint:
            screen.say(f"            {finding.hint}", DIM)
    screen.say("")
    screen.say(advice)
