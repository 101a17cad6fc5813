"""The ledger file: what it keeps, who may take over, and how it refuses."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from zhipu_async.errors import LedgerError
from zhipu_async.protocol.ledger import Entry, State
from zhipu_async.transport.sqlite import SqliteLedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.sqlite3"


@pytest_asyncio.fixture
async def ledger(path: Path) -> AsyncGenerator[SqliteLedger]:
    ledger = SqliteLedger(path)
    yield ledger
    await ledger.close()


def intent(number: int, *, job: str = "", created: float = 0.0) -> Entry:
    return Entry(
        id=f"e{number}", endpoint="videos.submit", job=job, key=str(number), fingerprint="f", created=created
    )


async def test_an_intent_is_there_before_anything_else(ledger: SqliteLedger) -> None:
    assert await ledger.begin(intent(1)) is None
    (entry,) = await ledger.unfinished()
    assert (entry.id, entry.state, entry.ref) == ("e1", State.INTENT, "")


async def test_an_id_is_found_again(ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1))
    await ledger.submitted("e1", "videos:9")
    found = await ledger.find("videos:9")
    assert found is not None
    assert (found.id, found.state) == ("e1", State.SUBMITTED)
    assert await ledger.find("videos:8") is None


async def test_what_ended_is_no_longer_unfinished(ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1, job="night"))
    await ledger.submitted("e1", "videos:9")
    await ledger.finished("e1", State.DONE, b'{"id":"9"}')
    assert await ledger.unfinished() == []
    known = await ledger.begin(intent(1, job="night"))
    assert known is not None
    assert (known.state, known.result, known.ref) == (State.DONE, b'{"id":"9"}', "videos:9")


async def test_one_key_of_a_job_has_one_entry(ledger: SqliteLedger) -> None:
    assert await ledger.begin(intent(1, job="night")) is None
    again = Entry(id="other", endpoint="videos.submit", job="night", key="1", fingerprint="g")
    known = await ledger.begin(again)
    assert known is not None
    assert (known.id, known.fingerprint) == ("e1", "f")
    assert await ledger.begin(intent(2, job="night")) is None


async def test_entries_without_a_job_do_not_exclude_each_other(ledger: SqliteLedger) -> None:
    assert await ledger.begin(Entry(id="a", endpoint="x")) is None
    assert await ledger.begin(Entry(id="b", endpoint="x")) is None


async def test_an_intent_can_be_forgotten_but_an_id_cannot(ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1))
    await ledger.begin(intent(2))
    await ledger.submitted("e2", "videos:2")
    await ledger.erase("e1")
    await ledger.erase("e2")
    assert [entry.id for entry in await ledger.unfinished()] == ["e2"]


async def test_an_entry_is_an_intent_again_when_it_is_sent_once_more(ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1, job="night"))
    await ledger.finished("e1", State.FAILED, b"{}")
    await ledger.restart("e1")
    (entry,) = await ledger.unfinished("night")
    assert (entry.state, entry.result) == (State.INTENT, b"")


async def test_unfinished_work_comes_oldest_first_and_by_job(ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1, job="day", created=3.0))
    await ledger.begin(intent(2, job="night", created=1.0))
    await ledger.begin(intent(3, job="night", created=2.0))
    assert [entry.id for entry in await ledger.unfinished()] == ["e2", "e3", "e1"]
    assert [entry.id for entry in await ledger.unfinished("night")] == ["e2", "e3"]


async def test_a_living_owners_work_is_not_taken_over(path: Path, ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1, job="night"))
    other = SqliteLedger(path)
    assert await other.unfinished() == []
    known = await other.begin(intent(1, job="night"))
    assert known is not None
    assert known.held
    await other.close()


async def test_what_a_living_owner_has_done_may_be_read(path: Path, ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1, job="night"))
    await ledger.finished("e1", State.DONE, b"{}")
    other = SqliteLedger(path)
    known = await other.lookup("night", "1")
    assert known is not None
    assert not known.held
    await other.close()


async def test_an_entry_that_cannot_be_written_costs_the_others_nothing(ledger: SqliteLedger) -> None:
    unwritable = Entry(id="e2", endpoint="videos.submit", job="night", key="\ud800")
    good, bad, also_good = await asyncio.gather(
        ledger.begin(intent(1)), ledger.begin(unwritable), ledger.begin(intent(3)), return_exceptions=True
    )
    assert good is None
    assert isinstance(bad, LedgerError)
    assert also_good is None
    assert {entry.id for entry in await ledger.unfinished()} == {"e1", "e3"}


async def test_a_closed_owners_work_is_taken_over_by_one(path: Path) -> None:
    first, second, third = SqliteLedger(path), SqliteLedger(path), SqliteLedger(path)
    await first.begin(intent(1))
    await first.close()
    assert [entry.id for entry in await second.unfinished()] == ["e1"]
    assert await third.unfinished() == []
    await second.close()
    await third.close()


async def test_a_cancelled_caller_loses_no_write(ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1))

    async def note() -> None:
        await ledger.submitted("e1", "videos:9")

    task = asyncio.create_task(note())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert await ledger.find("videos:9") is not None


async def test_a_thousand_writes_at_once_all_arrive(ledger: SqliteLedger) -> None:
    await asyncio.gather(*(ledger.begin(intent(number)) for number in range(1000)))
    assert len(await ledger.unfinished()) == 1000


async def test_a_closed_ledger_opens_again_at_its_next_use(ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1))
    await ledger.close()
    await ledger.close()
    assert len(await ledger.unfinished()) == 1


async def test_closing_leaves_no_thread_and_no_file_but_the_ledger(path: Path) -> None:
    ledger = SqliteLedger(path)
    await ledger.begin(intent(1))
    await ledger.close()
    assert os.listdir(path.parent) == [path.name]
    assert not [thread for thread in threading.enumerate() if thread.name == "zhipu_async ledger"]


async def test_a_dropped_ledger_ends_its_thread(path: Path) -> None:
    ledger = SqliteLedger(path)
    await ledger.begin(intent(1))
    del ledger
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name == "zhipu_async ledger"]


async def test_the_file_is_the_users_own(path: Path, ledger: SqliteLedger) -> None:
    await ledger.begin(intent(1))
    for name in os.listdir(path.parent):
        assert stat.S_IMODE(os.stat(path.parent / name).st_mode) == 0o600, name


def test_one_ledger_serves_one_loop_after_another(path: Path) -> None:
    ledger = SqliteLedger(path)

    async def write(number: int) -> None:
        await ledger.begin(intent(number))

    for number in range(3):
        asyncio.run(write(number))

    async def read() -> int:
        count = len(await ledger.unfinished())
        await ledger.close()
        return count

    assert asyncio.run(read()) == 3


# ── files that are none ────────────────────────────────────────────────────────────────────────────


def foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (words)")
    connection.close()


def text_file(path: Path) -> None:
    path.write_text("dear diary " * 1000)


def damaged_ledger(path: Path) -> None:
    async def fill() -> None:
        ledger = SqliteLedger(path)
        await asyncio.gather(*(ledger.begin(intent(number)) for number in range(500)))
        await ledger.close()

    asyncio.run(fill())
    content = bytearray(path.read_bytes())
    content[4096:20000] = os.urandom(20000 - 4096)
    path.write_bytes(content)


def newer_ledger(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA application_id = {0x7A687031}")
        connection.execute("PRAGMA user_version = 99")
        connection.execute("CREATE TABLE entries (everything)")
    connection.close()


async def use(path: Path) -> None:
    ledger = SqliteLedger(path)
    try:
        assert await ledger.begin(intent(1)) is None
    finally:
        await ledger.close()


@pytest.mark.parametrize("make", [foreign_database, text_file, damaged_ledger, newer_ledger])
def test_a_file_that_is_no_ledger_is_refused_and_left_untouched(
    path: Path, make: Callable[[Path], None]
) -> None:
    make(path)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"tasks\.sqlite3"):
        asyncio.run(use(path))
    assert path.read_bytes() == before


def test_a_directory_is_no_ledger(path: Path) -> None:
    path.mkdir()
    with pytest.raises(LedgerError):
        asyncio.run(use(path))


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    path.touch()
    asyncio.run(use(path))
    assert path.stat().st_size > 0


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="nowhere"):
        await SqliteLedger(tmp_path / "nowhere" / "tasks.sqlite3").begin(intent(1))


async def test_a_ledger_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "later" / "tasks.sqlite3")
    with pytest.raises(LedgerError):
        await ledger.begin(intent(1))
    (tmp_path / "later").mkdir()
    assert await ledger.begin(intent(1)) is None
    await ledger.close()


FULL_DISK = """
import asyncio, resource, signal, sys
from zhipu_async.errors import LedgerError
from zhipu_async.protocol.ledger import Entry
from zhipu_async.transport.sqlite import SqliteLedger

async def main():
    ledger = SqliteLedger(sys.argv[1])
    await ledger.begin(Entry(id="first", endpoint="x"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    written = 0
    try:
        for number in range(10_000):
            await ledger.begin(Entry(id=str(number), endpoint="x" * 1000))
            written += 1
    except LedgerError as exc:
        print(written, exc)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is POSIX")
def test_a_full_disk_is_an_error_and_loses_nothing_written(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "cannot be used" in done.stdout, done.stderr
    written = int(done.stdout.split()[0])

    async def count() -> int:
        ledger = SqliteLedger(path)
        entries = await ledger.unfinished()
        await ledger.close()
        return len(entries)

    assert asyncio.run(count()) == written + 1


# ── processes ──────────────────────────────────────────────────────────────────────────────────────

WRITER = """
import asyncio, sys
from zhipu_async.protocol.ledger import Entry
from zhipu_async.transport.sqlite import SqliteLedger

async def main():
    ledger = SqliteLedger(sys.argv[1])
    number = 0
    while True:
        await ledger.begin(Entry(id=f"{sys.argv[2]}-{number}", endpoint="x"))
        await ledger.submitted(f"{sys.argv[2]}-{number}", f"videos:{sys.argv[2]}-{number}")
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


def test_a_killed_writer_loses_nothing_it_was_told_is_written(path: Path) -> None:
    for turn in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(turn)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            reported = [int(writer.stdout.readline()) for _ in range(20)]
            writer.kill()
            reported += [int(line) for line in writer.stdout if line.endswith("\n")]

        async def taken_over() -> set[str]:
            ledger = SqliteLedger(path)
            entries = await ledger.unfinished()
            await ledger.close()
            return {entry.ref for entry in entries}

        assert {f"videos:{turn}-{number}" for number in reported} <= asyncio.run(taken_over())


def owner_files(path: Path) -> list[str]:
    return [name for name in os.listdir(path.parent) if "-owner-" in name]


def test_what_killed_processes_left_beside_the_ledger_is_cleared_away_when_it_opens(path: Path) -> None:
    for turn in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(turn)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline()
            assert len(owner_files(path)) == 1  # the one that lives; its predecessor's is gone
            writer.kill()

    async def open_and_close() -> None:
        ledger = SqliteLedger(path)
        await ledger.lookup("night", "1")  # has nothing to do with anything they wrote
        assert len(owner_files(path)) == 1
        await ledger.close()

    asyncio.run(open_and_close())
    assert owner_files(path) == []


async def test_opening_a_ledger_clears_away_neither_the_living_nor_other_peoples_files(
    path: Path, ledger: SqliteLedger
) -> None:
    await ledger.begin(intent(1))
    names = [f"{path.name}-owner-of-the-house", f"another-{path.name}-owner-{'0' * 32}"]
    for name in names:
        (path.parent / name).touch()
    alive = set(owner_files(path))
    other = SqliteLedger(path)
    assert await other.unfinished() == []
    assert set(owner_files(path)) > alive
    await other.close()
    assert set(owner_files(path)) == alive


def _write_in_child(ledger: SqliteLedger, path: str) -> None:
    async def write() -> None:
        await ledger.begin(intent(2))
        await ledger.close()

    asyncio.run(write())
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forking is POSIX")
def test_a_forked_child_has_a_hand_of_its_own(path: Path) -> None:
    ledger = SqliteLedger(path)

    async def both() -> list[str]:
        await ledger.begin(intent(1))
        child = multiprocessing.get_context("fork").Process(target=_write_in_child, args=(ledger, str(path)))
        child.start()
        await asyncio.to_thread(child.join, 30)
        assert child.exitcode == 0
        entries = await ledger.unfinished()
        await ledger.close()
        return [entry.id for entry in entries]

    assert sorted(asyncio.run(both())) == ["e1", "e2"]


def test_several_processes_write_at_once(path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(turn)], stdout=subprocess.PIPE, text=True
        )
        for turn in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        for _ in range(10):
            assert writer.stdout.readline()
    ledger = SqliteLedger(path)

    async def seen() -> int:
        return len(await ledger.unfinished())

    assert asyncio.run(seen()) == 0
    for writer in writers:
        writer.kill()
        writer.communicate()
    assert asyncio.run(seen()) >= 30
    asyncio.run(ledger.close())
