"""The `simulate` command: the local platform in a terminal, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .caps import caps_of_tier
from .listening import LOGGER
from .models import TIERS
from .orders import scripts_of
from .server import LOOPBACK, Simulator

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from .requests import Received

DEFAULT_PORT = 8787
SLOWEST_PACE = 1000
"""A slower one is a slip of the hand: the first word would come after minutes."""
WARNING = (
    "Warning: everybody who can reach this machine can now use the simulator. "
    "The control URL asks for the key."
)


def arguments() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="zhipu-async simulate",
        description="Run a local platform that answers every endpoint without a model.",
    )
    parser.add_argument(
        "--port", type=port, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; 0.0.0.0 lets other machines in (default: this machine only)",
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
        type=pace,
        default=1.0,
        help="1 answers as slowly as a real model, 0 at once (default: %(default)s)",
    )
    parser.add_argument(
        "--script", type=scripts, help="a JSON file with what the control URL takes at /_simulator/script"
    )
    parser.add_argument("--quiet", action="store_true", help="do not show the requests")
    return parser


def port(text: str) -> int:
    number = int(text)
    if number not in range(2**16):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def pace(text: str) -> float:
    number = float(text)
    if not 0 <= number <= SLOWEST_PACE:
        raise argparse.ArgumentTypeError(f"a pace is a number from 0 to {SLOWEST_PACE}")
    return number


def scripts(path: str) -> object:
    """Read the file and see whether all of it is understood."""
    try:
        entries: object = json.loads(Path(path).read_bytes())
        scripts_of(entries)
    except (OSError, ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from error
    return entries


def serve(argv: Sequence[str] | None = None) -> int:
    """Run the simulator until it is interrupted; the result is the exit code."""
    parser = arguments()
    chosen = parser.parse_args(argv)
    try:
        asyncio.run(run(chosen))
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (")[0]  # asyncio adds the address to some
        say(
            f"Cannot listen on {chosen.host}:{chosen.port}: {why}. Try another --port; 0 takes a free one.",
            sys.stderr,
        )
        return 1
    except KeyboardInterrupt:  # where signal handlers cannot be set, as on Windows
        pass
    return 0


async def run(chosen: argparse.Namespace) -> None:
    remote = chosen.host not in LOOPBACK
    simulator = Simulator(
        seed=chosen.seed, host=chosen.host, port=chosen.port, allow_remote=remote,
        api_keys=chosen.api_key, pace=chosen.pace, caps={} if chosen.tier == "none" else caps_of_tier(chosen.tier),
        on_request=None if chosen.quiet else show,
    )  # fmt: skip
    if chosen.script is not None:
        simulator.load_script(chosen.script)
    with told_among_requests():
        await serving(simulator, remote=remote)


async def serving(simulator: Simulator, *, remote: bool) -> None:
    """Greet, serve until Ctrl-C, say how much it was."""
    async with simulator:
        say(greeting(simulator))
        if remote:
            say(WARNING, sys.stderr)
        await interrupted()
    if sys.stdout.isatty():
        say("")  # the terminal shows ^C
    say(f"{simulator.counts.requests} requests answered.")


def greeting(simulator: Simulator) -> str:
    """What to copy into the program that is to be tried."""
    return "\n".join((
        f"base URL  {simulator.base_url}",
        f"API key   {simulator.api_key}",
        f"control   {simulator.platform.origin}/_simulator",
        "Press Ctrl-C to stop.",
    ))  # fmt: skip


class Lines(logging.Handler):
    """Shows what the server has to say among the requests; a traceback follows only where the simulator is at fault."""

    def emit(self, record: logging.LogRecord) -> None:
        say(readable(record.getMessage()))
        if record.exc_info:
            say("".join(traceback.format_exception(record.exc_info[1])), sys.stderr)


@contextmanager
def told_among_requests() -> Generator[None]:
    """Take over the simulator's log."""
    lines = Lines()
    LOGGER.addHandler(lines)
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.propagate = True
        LOGGER.removeHandler(lines)


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
    say(readable(f"{status} {received.method:6} {path}  {took:>8}  {'  '.join(notes)}".rstrip()))


def readable(text: str) -> str:
    """Whatever a client calls its model, it stays one line and does nothing to the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def say(text: str, where: TextIO | None = None) -> None:
    """Write a line at once, so that it can be seen through a pipe too."""
    stream = where or sys.stdout
    stream.write(text + "\n")
    stream.flush()
