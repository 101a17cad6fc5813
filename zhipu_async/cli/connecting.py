"""Which platform a command talks to: the real one, or with --local the embedded simulator."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zhipu_async.cli.chosen import Chosen
from zhipu_async.cli.screen import DIM, Screen
from zhipu_async.errors import MissingKey

if TYPE_CHECKING:
    from zhipu_async import AsyncZhipuAI
    from zhipu_async.simulator import Simulator

# A quarter of a real model's time: slow enough to see the tokens arrive, quick enough not to bore.
LOCAL_PACE = 0.25
LOCAL_POLLING = 0.02  # nobody else is kept from being served, and simulated work ends sooner
NO_KEY = "There is no API key in ZHIPUAI_API_KEY, ZAI_API_KEY or ZHIPU_API_KEY."
NO_KEY_HINT = "With --local the embedded simulator answers: no key, no network."


@dataclass(frozen=True, slots=True)
class Connection:
    """Makes clients for one platform."""

    site: Literal["bigmodel", "z.ai"] | None = None
    plan: Literal["general", "coding"] = "general"
    base_url: str | None = None
    simulator: Simulator | None = None

    def client(self, ledger: str | os.PathLike[str] | None = None) -> AsyncZhipuAI:
        """Return a client; MissingKey says that there is no key for it."""
        from zhipu_async import AsyncZhipuAI

        if self.simulator is None:
            zhipu = AsyncZhipuAI(site=self.site, plan=self.plan, base_url=self.base_url, ledger=ledger)
        else:
            zhipu = AsyncZhipuAI(self.simulator.api_key, base_url=self.simulator.base_url, ledger=ledger)
        if zhipu.base_url.startswith("http://"):  # only this machine may be asked without TLS
            zhipu.tasks.polling.scale = LOCAL_POLLING
        return zhipu


@contextmanager
def connected(chosen: Chosen, screen: Screen) -> Generator[Connection]:
    """Give the connection that was chosen, the simulator running as long as the block."""
    wanted = Connection(chosen.site, chosen.plan, chosen.base_url)
    if not chosen.local:
        try:
            wanted.client()
        except MissingKey as missing:
            if not _simulator_will_do(screen):
                raise MissingKey(NO_KEY, hint=NO_KEY_HINT) from missing
        else:
            yield wanted
            return
    with simulated(LOCAL_PACE if screen.is_terminal else 0.0) as simulator:
        yield Connection(simulator=simulator)


@contextmanager
def simulated(pace: float) -> Generator[Simulator]:
    """Run a simulator in a thread of its own."""
    from zhipu_async.simulator import Simulator, SimulatorThread

    with SimulatorThread(Simulator(pace=pace)) as simulator:
        yield simulator


def _simulator_will_do(screen: Screen) -> bool:
    """Ask; when nobody can be asked, the answer is no."""
    if not screen.can_ask:
        return False
    screen.notice(NO_KEY)
    screen.notice(
        "Go on with the simulator on this machine (no key, no network, made-up answers)? [Y/n] ", end=""
    )
    try:
        agreed = input().strip().lower() in ("", "y", "yes")
    except EOFError:
        agreed = False
    screen.notice("--local says so beforehand." if agreed else "", DIM)
    return agreed
