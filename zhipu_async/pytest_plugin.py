"""The pytest fixtures `zhipu_simulator` and `zhipu`; nothing is imported before a test asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from zhipu_async import AsyncZhipuAI
    from zhipu_async.simulator import Simulator


@pytest.fixture
def zhipu_simulator() -> Generator[Simulator]:
    """A local platform of the test's own, in a thread, on a free port: script it, aim clients at its `base_url`."""
    from zhipu_async.simulator import SimulatorThread

    with SimulatorThread() as simulator:
        yield simulator


@pytest.fixture
def zhipu(zhipu_simulator: Simulator) -> AsyncZhipuAI:
    """A client aimed at `zhipu_simulator`; it may be used in any loop and needs no closing."""
    from zhipu_async import AsyncZhipuAI

    return AsyncZhipuAI(zhipu_simulator.api_key, base_url=zhipu_simulator.base_url)
