"""The ledger in a SQLite file: one thread writes, several processes may share it, a crash loses nothing committed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar
from urllib.request import pathname2url

from zhipu_async.errors import LedgerError
from zhipu_async.protocol.ledger import Entry, State
from zhipu_async.transport.owners import Owner, is_alive

T = TypeVar("T")

APPLICATION_ID = 0x7A687031  # "zhp1" in the file's header: what tells our files from everybody else's
SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0  # other processes write for milliseconds; who holds the file longer is stuck
GROUP = 256  # writes that share one commit: a commit costs a trip to the disk, however much is in it
CHECKED_BYTES = 64 * 1024 * 1024  # files up to here are checked through when opened, in some milliseconds
EXIT_SECONDS = 5.0  # what is queued at the interpreter's end gets this long
OWN_FILE_ONLY = 0o600  # results are the model's words: nobody else's business on a shared machine

SCHEMA = """
CREATE TABLE entries (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, key TEXT NOT NULL, endpoint TEXT NOT NULL, fingerprint TEXT NOT NULL,
    state TEXT NOT NULL, ref TEXT NOT NULL DEFAULT '', result BLOB NOT NULL DEFAULT x'',
    created REAL NOT NULL, owner TEXT NOT NULL);
CREATE UNIQUE INDEX one_per_key ON entries (job, key) WHERE job <> '';
CREATE INDEX unfinished ON entries (created) WHERE state IN ('intent', 'submitted');
CREATE INDEX by_ref ON entries (ref) WHERE ref <> '';
"""
COLUMNS = "id, job, key, endpoint, fingerprint, state, ref, result, created, owner"


# What befalls all that is written, such as a full disk; other errors are of one row.
_OF_THE_FILE = (sqlite3.OperationalError, LedgerError, OSError)

# SQLite forbids to touch a connection after a fork, and to close it is to touch it.
_inherited: list[_Thread] = []


class _Work(NamedTuple):
    """One thing for the thread to do, and who waits for it."""

    do: Callable[[_File], object]
    done: Future[Any]


class SqliteLedger:
    """Keeps entries in a file. Every method posts its work at once: a cancelled caller loses no write."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: str = os.path.abspath(os.fspath(path))
        self._lock = threading.Lock()
        self._thread: _Thread | None = None

    def __repr__(self) -> str:
        return f"SqliteLedger({self.path!r})"

    def begin(self, entry: Entry) -> Awaitable[Entry | None]:
        """Write an intent; when its job already has an entry for the key, write nothing and return that."""
        return self._post(lambda file: file.begin(entry))

    def lookup(self, job: str, key: str) -> Awaitable[Entry | None]:
        """Return what a job knows about a key."""
        return self._post(lambda file: file.lookup(job, key))

    def restart(self, entry_id: str) -> Awaitable[None]:
        """Make the entry an intent again, for a request that is sent once more."""
        return self._post(lambda file: file.change(entry_id, State.INTENT, ref="", result=b""))

    def submitted(self, entry_id: str, ref: str) -> Awaitable[None]:
        """Note the id that the platform gave."""
        return self._post(lambda file: file.change(entry_id, State.SUBMITTED, ref=ref))

    def finished(self, entry_id: str, state: State, result: bytes) -> Awaitable[None]:
        """Note how it ended."""
        return self._post(lambda file: file.change(entry_id, state, result=result))

    def erase(self, entry_id: str) -> Awaitable[None]:
        """Forget an intent whose request surely was not accepted."""
        return self._post(lambda file: file.erase(entry_id))

    def find(self, ref: str) -> Awaitable[Entry | None]:
        """Return the entry of a task."""
        return self._post(lambda file: file.find(ref))

    def unfinished(self, job: str | None = None) -> Awaitable[list[Entry]]:
        """Return what has not ended, oldest first; what dead processes held is ours from now on."""
        return self._post(lambda file: file.unfinished(job))

    async def close(self) -> None:
        """Write what is queued and close the file; the next use opens it again."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and thread.is_ours():
            await asyncio.shield(asyncio.wrap_future(thread.stop()))
            thread.join()

    def _post(self, do: Callable[[_File], T]) -> Awaitable[T]:
        done: Future[T] = Future()
        with self._lock:
            self._running_thread().work.put(_Work(do, done))
        return asyncio.wrap_future(done)

    def _running_thread(self) -> _Thread:
        if self._thread is None or not self._thread.is_ours():
            if self._thread is not None:
                _inherited.append(self._thread)
            self._thread = _Thread(self.path)
            weakref.finalize(self, self._thread.stop_soon)
        return self._thread


class _Thread:
    """The one thread that touches the file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.work: SimpleQueue[_Work | None] = SimpleQueue()
        self._file: _File | None = None
        self._ended: Future[None] = Future()
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="zhipu_async ledger", daemon=True)
        self._thread.start()

    def is_ours(self) -> bool:
        """Tell whether the thread is in this process: a forked child has the object without the thread."""
        return self._process == os.getpid()

    def stop(self) -> Future[None]:
        """End after what is queued."""
        self.work.put(None)
        return self._ended

    def join(self) -> None:
        """Wait for the thread that has said it ended: a matter of microseconds."""
        self._thread.join()

    def stop_soon(self) -> None:
        """End at the interpreter's end, or when the ledger is dropped."""
        if self.is_ours() and self._thread.is_alive():
            self.work.put(None)
            self._thread.join(EXIT_SECONDS)

    def _run(self) -> None:
        try:
            while group := self._next_group():
                self._do(group)
        finally:
            try:
                if self._file is not None:
                    self._file.close()
            finally:
                self._ended.set_result(None)  # whatever happens: `close` waits for it

    def _next_group(self) -> list[_Work]:
        group: list[_Work] = []
        with contextlib.suppress(Empty):
            while len(group) < GROUP:
                work = self.work.get(block=not group)
                if work is None:
                    if group:
                        self.work.put(None)
                    break
                group.append(work)
        return group

    def _do(self, group: list[_Work]) -> None:
        try:
            results = self._transaction(group)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the callers must hear of it: nobody else does)
            if len(group) > 1 and not isinstance(exc, _OF_THE_FILE):
                for work in group:  # one that cannot be written must not cost the others theirs
                    self._do([work])
                return
            for work in group:
                _settle(work.done, error=_explained(self.path, exc))
        else:
            for work, result in zip(group, results, strict=True):
                _settle(work.done, result)

    def _transaction(self, group: list[_Work]) -> list[object]:
        if self._file is None:
            self._file = _File(self.path)
        with self._file.transaction():
            return [work.do(self._file) for work in group]


def _settle(done: Future[Any], result: object = None, *, error: Exception | None = None) -> None:
    # False means that the caller was cancelled meanwhile; the write has been made all the same.
    if not done.set_running_or_notify_cancel():
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)


# ── the file ───────────────────────────────────────────────────────────────────────────────────────


class _File:
    """An open ledger file, used by one thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        refuse_foreign(path)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWN_FILE_ONLY))
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            self._prepare()
            self._owner = Owner(path)
        except BaseException:
            self._connection.close()
            raise
        self._dead: set[str] = set()

    def close(self) -> None:
        """Close the file; what it still holds is for whoever resumes."""
        self._connection.close()
        self._owner.release()

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Commit all of it or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def begin(self, entry: Entry) -> Entry | None:
        """Write an intent, unless there is an entry for its key."""
        known = self.lookup(entry.job, entry.key)
        if known is not None:
            return known
        values = (entry.id, entry.job, entry.key, entry.endpoint, entry.fingerprint)
        self._connection.execute(
            "INSERT INTO entries (id, job, key, endpoint, fingerprint, state, created, owner) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, entry.state.value, entry.created, self._owner.name),
        )
        return None

    def lookup(self, job: str, key: str) -> Entry | None:
        """Return what a job knows about a key."""
        found = self._rows("WHERE job = ? AND key = ? AND job <> ''", job, key)
        return found[0] if found else None

    def change(self, entry_id: str, state: State, **columns: str | bytes) -> None:
        """Move an entry on; it is ours from now on."""
        assigned = "".join(f", {name} = ?" for name in columns)
        self._connection.execute(
            f"UPDATE entries SET state = ?, owner = ?{assigned} WHERE id = ?",  # noqa: S608 (our own names)
            (state.value, self._owner.name, *columns.values(), entry_id),
        )

    def erase(self, entry_id: str) -> None:
        """Forget an intent."""
        self._connection.execute("DELETE FROM entries WHERE id = ? AND state = 'intent'", (entry_id,))

    def find(self, ref: str) -> Entry | None:
        """Return the entry of a task."""
        found = self._rows("WHERE ref = ?", ref)
        return found[0] if found else None

    def unfinished(self, job: str | None) -> list[Entry]:
        """Return what has not ended and is not held by a living process."""
        rows = self._rows(
            "WHERE state IN ('intent', 'submitted') AND ifnull(?, job) = job ORDER BY created", job
        )
        return [entry for entry in rows if not entry.held]

    def _rows(self, where: str, *values: str | None) -> list[Entry]:
        found = self._connection.execute(f"SELECT {COLUMNS} FROM entries {where}", values)  # noqa: S608 (as above)
        return [self._entry(*row) for row in found.fetchall()]

    def _entry(self, *row: Any) -> Entry:
        entry_id, job, key, endpoint, fingerprint, state, ref, result, created, owner = row
        return Entry(
            id=entry_id,
            job=job,
            key=key,
            endpoint=endpoint,
            fingerprint=fingerprint,
            state=State(state),
            ref=ref,
            result=result,
            created=created,
            held=state != State.DONE and self._is_held(entry_id, owner),
        )

    def _is_held(self, entry_id: str, owner: str) -> bool:
        """Tell whether another living process holds the entry; a dead one's becomes ours."""
        if owner == self._owner.name:
            return False
        if owner not in self._dead and is_alive(self._path, owner):
            return True
        self._dead.add(owner)
        self._connection.execute("UPDATE entries SET owner = ? WHERE id = ?", (self._owner.name, entry_id))
        return False

    def _prepare(self) -> None:
        # Full: an id is worth a trip to the disk, so that a power cut loses none either.
        self._connection.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise LedgerError(f"{self._path} was written by a newer version of zhipu_async")
            if version == 0:
                self._create()
        # After the schema, so that the header on the disk says whose file it is from the first moment.
        self._connection.execute("PRAGMA journal_mode = WAL")

    def _create(self) -> None:
        for statement in SCHEMA.split(";"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def refuse_foreign(path: str) -> None:
    """Raise when the file is not a ledger, or a damaged one; it is only read for that."""
    try:
        with open(path, "rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    if not header:
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise LedgerError(f"{path} is not a ledger: it was left as it is")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise LedgerError(f"{path} is a database of another program: it was left as it is")
    if os.path.getsize(path) <= CHECKED_BYTES:
        _check_through(path)


def _check_through(path: str) -> None:
    url = f"file:{pathname2url(str(Path(path)))}?mode=ro"
    with contextlib.closing(sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS)) as connection:
        try:
            ((verdict,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.OperationalError:
            return  # it cannot be read like this at the moment; opening it will tell
        except sqlite3.DatabaseError as exc:
            verdict = str(exc)
    if verdict != "ok":
        raise LedgerError(f"the ledger {path} is damaged ({verdict}): it was left as it is")


def _explained(path: str, exc: Exception) -> Exception:
    if isinstance(exc, LedgerError):
        return exc
    error = LedgerError(f"the ledger {path} cannot be used: {exc}", hint="Nothing was sent without it.")
    error.__cause__ = exc
    return error
