"""The four addresses that a key may open, and one knock at each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from zhipu_async.errors import (
    AccountError,
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    PermissionDeniedError,
    ZhipuError,
)

if TYPE_CHECKING:
    from zhipu_async import AsyncZhipuAI, Meta

HOSTS: Mapping[str, str] = {"bigmodel": "https://open.bigmodel.cn", "z.ai": "https://api.z.ai"}
GENERAL, CODING = "/paas/v4", "/coding/paas/v4"
KNOCK_SECONDS = 20.0  # one token takes a second or two; who waits longer has found what is wrong


@dataclass(frozen=True, slots=True)
class Door:
    """One address."""

    site: str
    plan: Literal["general", "coding"]
    base_url: str

    def __str__(self) -> str:
        return f"{self.site} {self.plan}"


@dataclass(frozen=True, slots=True)
class Knock:
    """What came of one request."""

    door: Door
    error: ZhipuError | None
    seconds: float
    tokens: int = 0
    ahead_seconds: float | None = None
    """How far this machine's clock is ahead of the platform's."""
    through_proxy: bool = False

    @property
    def opened(self) -> bool:
        """Return whether the key works here."""
        return self.error is None

    @property
    def reached(self) -> bool:
        """Return whether somebody answered."""
        return not isinstance(self.error, APIConnectionError)

    @property
    def knows_key(self) -> bool:
        """Return whether the key is known here, whatever else is wrong."""
        return self.reached and not isinstance(self.error, AuthenticationError)

    @property
    def code(self) -> str:
        """Return the business code of a refusal."""
        return self.error.code if isinstance(self.error, APIStatusError) else ""

    @property
    def refuses_account(self) -> bool:
        """Return whether it is the account, or its plan, that does not fit."""
        return isinstance(self.error, AccountError | PermissionDeniedError)


def doors_of(site: str | None, base_url: str | None) -> list[Door]:
    """Return the doors to try first: both plans of a site, or of an address of the user's own."""
    if base_url is None:
        return [_door(site or "bigmodel", "general"), _door(site or "bigmodel", "coding")]
    root = base_url.rstrip("/").removesuffix(CODING).removesuffix(GENERAL)
    return [Door(root, "general", root + GENERAL), Door(root, "coding", root + CODING)]


def other_doors(doors: Sequence[Door]) -> list[Door]:
    """Return the doors of the sites that were not tried."""
    tried = {door.site for door in doors}
    return [door for site in HOSTS if site not in tried for door in doors_of(site, None)]


def _door(site: str, plan: Literal["general", "coding"]) -> Door:
    return Door(site, plan, f"{HOSTS[site]}/api{GENERAL if plan == 'general' else CODING}")


async def knock(door: Door, key: str, model: str, *, trust_env: bool = False) -> Knock:
    """Ask for one token of an answer, or without a model for the list of models. Cancelling closes the connection."""
    from zhipu_async import AsyncZhipuAI

    began, wall = time.monotonic(), time.time()
    error: ZhipuError | None = None
    tokens, headers = 0, dict[str, str]()
    async with AsyncZhipuAI(
        key, base_url=door.base_url, max_retries=0, timeout=KNOCK_SECONDS, trust_env=trust_env
    ) as zhipu:
        try:
            meta, tokens = await _ask(zhipu, model)
            headers = dict(meta.headers)
        except ZhipuError as failure:
            error = failure
            headers = dict(failure.headers) if isinstance(failure, APIStatusError) else {}
    seconds = time.monotonic() - began
    ahead = _ahead(headers, wall + seconds / 2)
    return Knock(door, error, seconds, tokens, ahead, through_proxy=trust_env)


async def _ask(zhipu: AsyncZhipuAI, model: str) -> tuple[Meta, int]:
    if not model:
        return (await zhipu.models.list()).meta, 0
    reply = await zhipu.chat.completions.create(
        model=model, messages="hi", max_tokens=1, thinking={"type": "disabled"}
    )
    return reply.meta, reply.usage.total_tokens


def _ahead(headers: Mapping[str, str], now: float) -> float | None:
    date = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        return now - parsedate_to_datetime(date).timestamp()
    except ValueError:  # there was none, or a proxy's own idea of one
        return None
