"""`zhipu-async batch run`: a file of requests becomes a file of answers, over as many runs as it takes."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from zhipu_async.cli.chosen import CHAT_MODEL, INTERRUPTED, OK, PLATFORM_FAILED, Chosen
from zhipu_async.cli.connecting import Connection, connected
from zhipu_async.cli.lines import Source, keep_answers, written
from zhipu_async.cli.progress import Display, progress
from zhipu_async.cli.screen import GREEN, YELLOW, Screen
from zhipu_async.errors import InvalidArgument, MaybeSubmitted

JOB = "zhipu-async batch run"  # the ledger belongs to one output file, so one name is enough


@dataclass(slots=True)
class Tally:
    """What came of it."""

    total: int
    before: int = 0
    answered: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def answers(self) -> int:
        """Return how many lines have their answer, earlier runs' included."""
        return self.before + self.answered


def batch(chosen: Chosen, screen: Screen) -> int:
    """Answer every line of the file; return 1 when some could not be answered."""
    source = Source(chosen.source, chosen.model or CHAT_MODEL)
    source.check()
    before = _earlier_answers(chosen)
    tally = Tally(source.count, before=len(before & source.keys))
    with (
        connected(chosen, screen) as connection,
        progress(screen, source.count, chosen.target.name) as display,
    ):
        work = _work(connection, chosen, source, before, tally, display)
        try:
            asyncio.run(work)
        except KeyboardInterrupt:
            interrupted = True
        else:
            interrupted = False
    _sum_up(tally, chosen, screen, interrupted=interrupted)
    if interrupted:
        return INTERRUPTED
    return PLATFORM_FAILED if tally.failed else OK


async def _work(
    connection: Connection,
    chosen: Chosen,
    source: Source,
    before: frozenset[str],
    tally: Tally,
    display: Display,
) -> None:
    ledger = ledger_of(chosen.target)
    async with connection.client(ledger=ledger) as zhipu:
        outcomes = zhipu.chat.completions.map(
            source.requests(without=before),
            via=chosen.via,
            concurrency=chosen.concurrency,
            job=JOB,
            repeat=chosen.repeat,
            on_progress=lambda standing: display.show(standing, before=tally.before),
        )
        # Line by line: after a crash at most the line being written is missing, and the ledger has that one.
        with chosen.target.open("a", encoding="utf-8", buffering=1) as target:
            async with aclosing(outcomes):
                async for outcome in outcomes:
                    target.write(json.dumps(written(outcome), ensure_ascii=False) + "\n")
                    tally.answered += outcome.ok
                    tally.failed += not outcome.ok
                    tally.unknown += isinstance(outcome.error, MaybeSubmitted)


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


def _sum_up(tally: Tally, chosen: Chosen, screen: Screen, *, interrupted: bool) -> None:
    if screen.json_wanted:
        screen.json({
            "total": tally.total, "answered": tally.answers, "failed": tally.failed, "interrupted": interrupted,
            "target": str(chosen.target),
        })  # fmt: skip
        return
    whole = tally.answers == tally.total
    screen.notice(
        f"{tally.answers} of {tally.total} answered, in {chosen.target}", GREEN if whole else YELLOW
    )
    if interrupted:
        screen.notice("Interrupted. The same command with --resume goes on; nothing is paid twice.", YELLOW)
    elif tally.failed:
        again = "unknown" if tally.unknown == tally.failed else "both" if tally.unknown else "failed"
        screen.notice(f"{tally.failed} failed: --resume --repeat {again} tries them again.", YELLOW)
