"""Files that are whole or not there, whatever happens on the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from zhipu_async.types.saving import WholeFile, save_whole, to_its_end

FULL = Path("/dev/full")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def write_and(path: Path, then: Callable[[], object]) -> None:
    async with WholeFile(path) as file:
        await file.write(b"x")
        then()


async def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    async with WholeFile(tmp_path / "a") as file:
        await file.write(b"----")
        await file.write(b"cd")
        await file.begin_with(b"head")
        assert names_in(tmp_path) == ["a.part"]
    assert names_in(tmp_path) == ["a"]
    assert file.path.read_bytes() == b"headcd"


async def test_what_was_there_before_stays_until_then(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError):
        await write_and(path, lambda: 1 // 0)
    assert path.read_bytes() == b"before"
    assert await save_whole(path, b"after") == path
    assert path.read_bytes() == b"after"
    assert names_in(tmp_path) == ["a"]


@pytest.mark.parametrize("place", ["missing/a", "."])
async def test_a_place_that_cannot_be_written_raises_at_once(tmp_path: Path, place: str) -> None:
    with pytest.raises(OSError, match=str(tmp_path)):
        await save_whole(tmp_path / place, b"x")
    assert names_in(tmp_path) == []


async def test_a_name_that_cannot_be_taken_leaves_no_part(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(OSError, match="a"):
        await write_and(path, path.mkdir)
    assert names_in(tmp_path) == ["a"]


@pytest.mark.skipif(not FULL.exists(), reason="there is no full disk here")
async def test_a_full_disk_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_open: Callable[[Path, str], object] = Path.open

    def instead(path: Path, mode: str) -> object:
        path.touch()
        return real_open(FULL, mode)

    monkeypatch.setattr(Path, "open", instead)
    with pytest.raises(OSError, match="space"):
        await save_whole(tmp_path / "a", b"x" * 100_000)
    assert names_in(tmp_path) == []


class Gate:
    """Work that a test lets through."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.passed = False

    def work(self) -> None:
        self.entered.set()
        self.opened.wait()
        self.passed = True


async def test_cancelling_waits_for_the_work_however_often(tmp_path: Path) -> None:
    gate = Gate()
    task = asyncio.create_task(to_its_end(gate.work))
    while not gate.entered.is_set():
        await asyncio.sleep(0)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not task.done()
    gate.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gate.passed


async def test_an_error_after_cancelling_is_not_left_unheard(recwarn: pytest.WarningsRecorder) -> None:
    gate = Gate()

    def fail() -> None:
        gate.work()
        raise OSError("too late")

    task = asyncio.create_task(to_its_end(fail))
    while not gate.entered.is_set():
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    gate.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not recwarn.list


async def test_cancelling_at_any_moment_leaves_nothing_or_all(tmp_path: Path) -> None:
    for turns in range(12):
        path = tmp_path / str(turns)
        task = asyncio.create_task(save_whole(path, b"x" * 1000))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert not path.exists() or path.read_bytes() == b"x" * 1000
    assert not [name for name in names_in(tmp_path) if name.endswith(".part")]
