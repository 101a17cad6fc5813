"""Who is alive: one locked file per owner, which the system unlocks when its process dies, however it dies."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import weakref
from uuid import uuid4

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


OWN_FILE_ONLY = (
    0o600  # rw for the user: the name of the file is all it says, and even that is nobody's business
)


NAME = re.compile("[0-9a-f]{32}")  # other files whose names begin alike are not ours to remove


class Owner:
    """A name that is known to be alive for as long as this process holds its file."""

    def __init__(self, beside: str) -> None:
        _sweep(beside)
        self.name: str = uuid4().hex
        self._path = _path(beside, self.name)
        self._descriptor = _locked(self._path)
        _ours.add(self)

    def release(self) -> None:
        """Be dead: what this owner held may be taken over."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)  # first: a name whose file is gone is dead for everybody at one moment
        _ours.discard(self)
        os.close(self._descriptor)

    def forget(self) -> None:
        """Close a forked child's copy; the parent's lock stays, and dies with the parent alone."""
        os.close(self._descriptor)


_ours: weakref.WeakSet[Owner] = weakref.WeakSet()


def _forget_all() -> None:
    for owner in tuple(_ours):
        owner.forget()
    _ours.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def is_alive(beside: str, name: str) -> bool:
    """Tell whether an owner's process still holds its file; a dead one's is cleared away."""
    try:
        descriptor = os.open(_path(beside, name), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        _lock(descriptor)
    except OSError:
        return True
    else:
        with contextlib.suppress(OSError):
            os.unlink(_path(beside, name))
        return False
    finally:
        os.close(descriptor)


def _sweep(beside: str) -> None:
    """Clear away the files of the dead: a process that was killed could not."""
    directory, begins = os.path.split(_path(beside, ""))
    with contextlib.suppress(OSError):  # what cannot be listed stays as it is
        for found in os.listdir(directory):
            name = found.removeprefix(begins)
            if name != found and NAME.fullmatch(name):
                with contextlib.suppress(OSError):  # another user's, or Windows forbids it
                    is_alive(beside, name)


def _locked(path: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, OWN_FILE_ONLY)
        with contextlib.suppress(OSError):
            _lock(descriptor)
            if _is_at(descriptor, path):
                return descriptor
        # Somebody looked in the moment before the lock, took us for dead and cleared the file away.
        os.close(descriptor)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _path(beside: str, name: str) -> str:
    return f"{beside}-owner-{name}"
