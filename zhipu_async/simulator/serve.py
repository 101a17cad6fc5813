"""The `simulate` command: the local platform in a terminal, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .caps import caps_of_tier
from .models import TIERS
from .server import LOOPBACK, Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .requests import Received

DEFAULT_PORT = 8787
WARNING = "Everybody who can reach this machine can now use the simulator and read what was sent to it."


def arguments() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="zhipu-async simulate",
        description="Run a local platform that answers every endpoint without a model.",
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: this machine only)"
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="let --host be an address others can reach"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="other answers, another key (default: %(default)s)"
    )
    parser.add_argument(
        "--api-key", action="append", default=[], help="a key to accept; may be given more than once"
    )
    parser.add_argument(
        "--tier", choices=[*TIERS, "none"], default="V0", help="caps of requests in flight (default: V0)"
    )
    parser.add_argument(
        "--pace",
        type=float,
        default=1.0,
        help="1 answers as slowly as a real model, 0 at once (default: %(default)s)",
    )
    parser.add_argument(
        "--script", type=Path, help="a JSON file with what the control URL takes at /_simulator/script"
    )
    parser.add_argument("--quiet", action="store_true", help="do not show the requests")
    return parser


def serve(argv: Sequence[str] | None = None) -> int:
    """Run the simulator until it is interrupted; the result is the exit code."""
    parser = arguments()
    chosen = parser.parse_args(argv)
    if chosen.host not in LOOPBACK and not chosen.allow_remote:
        parser.error(f"{chosen.host} can be reached from other machines; add --allow-remote if that is meant")
    try:
        return asyncio.run(run(chosen))
    except OSError as error:
        say(f"Cannot listen on {chosen.host}:{chosen.port}: {error.strerror}", sys.stderr)
        return 1
    except KeyboardInterrupt:  # where signal handlers cannot be set, as on Windows
        return 0


async def run(chosen: argparse.Namespace) -> int:
    simulator = Simulator(
        seed=chosen.seed, host=chosen.host, port=chosen.port, allow_remote=chosen.allow_remote,
        api_keys=chosen.api_key, pace=chosen.pace, caps={} if chosen.tier == "none" else caps_of_tier(chosen.tier),
        on_request=None if chosen.quiet else show,
    )  # fmt: skip
    if chosen.script is not None:
        simulator.load_script(json.loads(chosen.script.read_bytes()))
    async with simulator:
        say(greeting(simulator))
        if chosen.allow_remote:
            say(WARNING, sys.stderr)
        await interrupted()
    say(f"{simulator.counts.requests} requests answered.")
    return 0


def greeting(simulator: Simulator) -> str:
    """What to copy into the program that is to be tried."""
    return "\n".join((
        f"base URL  {simulator.base_url}",
        f"API key   {simulator.api_key}",
        f"control   {simulator.platform.origin}/_simulator",
        "Press Ctrl-C to stop.",
    ))  # fmt: skip


async def interrupted() -> None:
    """Wait for Ctrl-C or a request to terminate."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            break
    await stop.wait()


def show(received: Received) -> None:
    """Print one line about a request: what, for which model, how it ended; never what it said."""
    took = f"{(time.monotonic() - received.at) * 1000:.0f} ms"
    notes = [note for note in (received.model, received.code, received.fault) if note]
    if received.gone:
        notes.append("client left")
    if received.unknown_fields:
        notes.append("unknown: " + ", ".join(received.unknown_fields))
    status = received.status if received.status is not None else "---"
    path = received.path.removeprefix("/api")
    say(f"{status} {received.method:6} {path}  {took:>8}  {'  '.join(notes)}".rstrip())


def say(text: str, where: TextIO | None = None) -> None:
    """Write a line at once, so that it can be seen through a pipe too."""
    stream = where or sys.stdout
    stream.write(text + "\n")
    stream.flush()
