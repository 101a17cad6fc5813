"""`zhipu-async batch run`: a file of requests becomes a file of answers, over as many runs as it takes."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from zhipu_async.cli.chosen import CHAT_MODEL, INTERRUPTED, OK, PLATFORM_FAILED, Chosen
from zhipu_async.cli.connecting import Connection, connected
from zhipu_async.cli.lines import Remaining, Source, keep_answers, written
from zhipu_async.cli.progress import Display, progress
from zhipu_async.cli.screen import GREEN, YELLOW, Screen
from zhipu_async.errors import InvalidArgument, MaybeSubmitted

if TYPE_CHECKING:
    from zhipu_async import ChatCompletion, Outcome, Outcomes

JOB = "zhipu-async batch run"  # the ledger belongs to one output file, so one name is enough
FINISHING = "\nFinishing what is under way; Ctrl-C again leaves it.\n"
MAY_BE_PAID = (
    "were cut off on their way, and may have been paid for: --resume --repeat unknown asks them again."
)


@dataclass(slots=True)
class Tally:
    """What came of it."""

    total: int
    before: int = 0
    answered: int = 0
    failed: int = 0
    unknown: int = 0
    interrupted: bool = False

    @property
    def answers(self) -> int:
        """Return how many lines have their answer, earlier runs' included."""
        return self.before + self.answered


def batch(chosen: Chosen, screen: Screen) -> int:
    """Answer every line of the file; return 1 when some could not be answered."""
    source = Source(chosen.source, chosen.model or CHAT_MODEL)
    source.check()
    before = _earlier_answers(chosen)
    remaining = Remaining(source, before)
    tally = Tally(source.count, before=source.count - len(remaining))
    with (
        connected(chosen, screen) as connection,
        progress(screen, source.count, chosen.target.name) as display,
    ):
        try:
            asyncio.run(_work(connection, chosen, remaining, tally, display))
        except KeyboardInterrupt:
            tally.interrupted = True
    _sum_up(tally, chosen, screen)
    if tally.interrupted:
        return INTERRUPTED
    return PLATFORM_FAILED if tally.failed else OK


async def _work(
    connection: Connection, chosen: Chosen, remaining: Remaining, tally: Tally, display: Display
) -> None:
    async with connection.client(ledger=ledger_of(chosen.target)) as zhipu:
        outcomes = zhipu.chat.completions.map(
            remaining,
            via=chosen.via,
            concurrency=chosen.concurrency,
            job=JOB,
            repeat=chosen.repeat,
            on_progress=lambda standing: display.show(standing, before=tally.before),
        )
        # Line by line: after a crash at most the line being written is missing, and the ledger has that one.
        with (
            chosen.target.open("a", encoding="utf-8", buffering=1) as target,
            _interruptible(chosen, outcomes, tally),
        ):
            async with outcomes:
                try:
                    async for outcome in outcomes:
                        _keep(outcome, target, tally)
                finally:
                    for outcome in outcomes.finished():
                        _keep(outcome, target, tally)


def _keep(outcome: Outcome[ChatCompletion], target: TextIO, tally: Tally) -> None:
    target.write(json.dumps(written(outcome), ensure_ascii=False) + "\n")
    tally.answered += outcome.ok
    tally.failed += not outcome.ok
    tally.unknown += isinstance(outcome.error, MaybeSubmitted)


@contextmanager
def _interruptible(chosen: Chosen, outcomes: Outcomes[ChatCompletion], tally: Tally) -> Generator[None]:
    """Let the first Ctrl-C begin nothing more, and the second leave at once.

    A call that is cut off may be paid for and its answer lost. Tasks and batches live on, so there one will do.
    """
    loop, work = asyncio.get_running_loop(), asyncio.current_task()
    assert work is not None

    def interrupt() -> None:
        leaving = tally.interrupted or chosen.via != "direct"
        tally.interrupted = True
        outcomes.stop()
        if leaving:
            work.cancel()
        else:
            sys.stderr.write(FINISHING)

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except NotImplementedError:  # Windows: the first Ctrl-C leaves
        yield
        return
    try:
        yield
    except asyncio.CancelledError:
        if not tally.interrupted:
            raise
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def ledger_of(target: Path) -> Path:
    """Return where the ledger of an output file is."""
    return target.with_name(target.name + ".ledger")


def _earlier_answers(chosen: Chosen) -> frozenset[str]:
    """Make room for the output; return the names of what an earlier run has answered."""
    target, ledger = chosen.target, ledger_of(chosen.target)
    if chosen.resume and chosen.overwrite:
        raise InvalidArgument("--resume and --overwrite exclude each other")
    if chosen.overwrite:
        for left in (target, ledger, *(ledger.with_name(ledger.name + tail) for tail in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)
    if not target.exists() and not ledger.exists():
        return frozenset()
    if not chosen.resume:
        raise InvalidArgument(
            f"{target if target.exists() else ledger} is there already.",
            hint="--resume goes on with it, --overwrite begins anew.",
        )
    return keep_answers(target) if target.exists() else frozenset()


def _sum_up(tally: Tally, chosen: Chosen, screen: Screen) -> None:
    if screen.json_wanted:
        screen.json({
            "total": tally.total, "answered": tally.answers, "failed": tally.failed, "interrupted": tally.interrupted,
            "target": str(chosen.target),
        })  # fmt: skip
        return
    whole = tally.answers == tally.total
    screen.notice(
        f"{tally.answers} of {tally.total} answered, in {chosen.target}", GREEN if whole else YELLOW
    )
    if tally.interrupted:
        screen.notice("Interrupted. The same command with --resume goes on; nothing is paid twice.", YELLOW)
    if tally.unknown:
        screen.notice(f"{tally.unknown} {MAY_BE_PAID}", YELLOW)
    if tally.failed > tally.unknown:
        screen.notice(
            f"{tally.failed - tally.unknown} failed: --resume --repeat failed tries them again.", YELLOW
        )
