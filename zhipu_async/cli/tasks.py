"""`zhipu-async tasks`: what a ledger knows as unfinished, and how it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

from zhipu_async.cli.chosen import OK, PLATFORM_FAILED, Chosen
from zhipu_async.cli.connecting import Connection, connected
from zhipu_async.cli.screen import DIM, GREEN, RED, YELLOW, Screen, described
from zhipu_async.errors import InvalidArgument

if TYPE_CHECKING:
    from zhipu_async import AsyncZhipuAI, Outcome, PendingTask, Reply

UNKNOWN = "Of these nobody knows whether they arrived: they were on their way when their program ended."


def show(chosen: Chosen, screen: Screen) -> int:
    """List the unfinished tasks of a ledger; nothing is sent for that, and no key is needed."""
    _check_ledger(chosen)
    asyncio.run(_show(chosen, screen))
    return OK


def wait(chosen: Chosen, screen: Screen) -> int:
    """Wait for tasks by their references."""
    with connected(chosen, screen) as connection:
        return asyncio.run(_wait(connection, chosen, screen))


def resume(chosen: Chosen, screen: Screen) -> int:
    """Wait for every unfinished task of a ledger."""
    _check_ledger(chosen)
    with connected(chosen, screen) as connection:
        return asyncio.run(_resume(connection, chosen, screen))


async def _show(chosen: Chosen, screen: Screen) -> None:
    from zhipu_async import AsyncZhipuAI

    async with AsyncZhipuAI("nobody.is-asked", ledger=chosen.ledger) as zhipu:
        refs = [str(task.ref) async for task in zhipu.tasks.resume(chosen.job)]
        intents = await zhipu.tasks.intents(chosen.job)
    if screen.json_wanted:
        unknown = [
            {"endpoint": entry.endpoint, "job": entry.job, "key": entry.key, "created": entry.created}
            for entry in intents
        ]
        screen.json({"submitted": refs, "unknown": unknown})
        return
    for ref in refs:
        screen.say(ref)
    screen.notice(f"{len(refs)} submitted and not ended.", DIM)
    if intents:
        screen.notice(UNKNOWN, YELLOW)
    for entry in intents:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
        screen.notice(f"  {began}  {entry.endpoint}  {entry.job} {entry.key}".rstrip(), YELLOW)


async def _wait(connection: Connection, chosen: Chosen, screen: Screen) -> int:
    async with connection.client() as zhipu:
        # All are read before the first is asked about, so that a typo costs no wait.
        return await _report(zhipu, [zhipu.tasks.attach(ref) for ref in chosen.refs], chosen, screen)


async def _resume(connection: Connection, chosen: Chosen, screen: Screen) -> int:
    async with connection.client(ledger=chosen.ledger) as zhipu:
        return await _report(zhipu, zhipu.tasks.resume(chosen.job), chosen, screen)


async def _report(
    zhipu: AsyncZhipuAI,
    tasks: Iterable[PendingTask[Reply]] | AsyncIterable[PendingTask[Reply]],
    chosen: Chosen,
    screen: Screen,
) -> int:
    outcomes = (
        zhipu.tasks.as_completed(tasks, timeout=chosen.timeout)
        if chosen.timeout is not None
        else zhipu.tasks.as_completed(tasks)
    )
    async with outcomes:
        try:
            async for outcome in outcomes:
                _tell(outcome, screen)
        finally:  # also at a Ctrl-C: what has ended is told
            for outcome in outcomes.finished():
                _tell(outcome, screen)
    if not outcomes.progress.done:
        screen.notice("Nothing is unfinished.", DIM)
    return PLATFORM_FAILED if outcomes.progress.failed else OK


def _tell(outcome: Outcome[Reply], screen: Screen) -> None:
    ref = str(outcome.ref)
    if outcome.error is None:
        screen.notice(f"done    {ref}", GREEN)
        screen.json({"ref": ref, "result": outcome.result.raw})
    else:
        screen.notice(f"failed  {ref}  {outcome.error}", RED)
        screen.json({"ref": ref, "error": described(outcome.error)})


def _check_ledger(chosen: Chosen) -> None:
    """Refuse a name that is no file: opening a ledger makes one."""
    if not chosen.ledger.is_file():
        raise InvalidArgument(f"there is no ledger {chosen.ledger}")
