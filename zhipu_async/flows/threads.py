"""Work that blocks, off the loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the work returns; cancelling leaves the thread to finish alone."""
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), abandon_on_cancel=True)
