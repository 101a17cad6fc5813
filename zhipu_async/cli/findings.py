"""What the doctor says about what was found. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zhipu_async.cli.doors import Knock
from zhipu_async.errors import AuthenticationError, RateLimitError

SKEW_SECONDS = 60.0  # signed tokens live ten minutes, and the platform wants two of them left
NO_MONEY = "1113"
MEANS_OTHER_PLAN = (
    "1113 from the general address means here: this is the key of a Coding Plan, which pays for chat at the "
    "coding address and for nothing else."
)
MEANS_NO_PLAN = (
    "1113 from the coding address means here: the account has no Coding Plan; use the general address."
)
MEANS_ARREARS = (
    "1113 means here: the account has no money, or its resource packages are used up or do not cover this "
    "model. Top it up in the console, or try another --model. Waiting does not help, and neither do retries."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: fine, wrong, or worth knowing (None)."""

    check: str
    ok: bool | None
    says: str
    hint: str = ""


def door_finding(knock: Knock) -> Finding:
    """Say what a key opens."""
    door, error, took = str(knock.door), knock.error, f"{knock.seconds * 1000:.0f} ms"
    by = " through the proxy" if knock.through_proxy else ""
    if error is None:
        return Finding("address", True, f"{door}: the key works ({took}{by}, {knock.tokens} tokens)")
    if not knock.reached:
        return Finding("address", False, f"{door}: nobody answers at {knock.door.base_url}", error.message)
    if isinstance(error, AuthenticationError):
        return Finding("address", False, f"{door}: the key is not known here ({took}{by})")
    if isinstance(error, RateLimitError):
        return Finding("address", None, f"{door}: the key is known, but not served now", str(error))
    return Finding("address", False, f"{door}: the key is known, and refused", str(error))


def money_finding(knocks: Sequence[Knock]) -> Finding | None:
    """Say what 1113 means for this key."""
    refused = {knock.door.plan for knock in knocks if knock.code == NO_MONEY}
    opened = {knock.door.plan for knock in knocks if knock.opened}
    if not refused:
        return None
    if "coding" in opened:
        return Finding("1113", None, MEANS_OTHER_PLAN)
    if "general" in opened:
        return Finding("1113", None, MEANS_NO_PLAN)
    return Finding("1113", False, MEANS_ARREARS)


def clock_finding(knocks: Sequence[Knock]) -> Finding | None:
    """Say how far the clock is off."""
    ahead = next((knock.ahead_seconds for knock in knocks if knock.ahead_seconds is not None), None)
    if ahead is None:
        return None
    if abs(ahead) <= SKEW_SECONDS:
        return Finding("clock", True, f"within {max(1, round(abs(ahead)))} s of the platform's")
    off = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the platform's"
    return Finding(
        "clock", False, off, "auth='jwt' signs with this clock: set it right, or use auth='bearer'."
    )


def proxy_finding(proxies: Mapping[str, str], knocks: Sequence[Knock]) -> Finding | None:
    """Say whether a proxy is known, and needed; never its address, which may hold a password."""
    if not proxies:
        return None
    names = ", ".join(sorted(proxies))
    if any(knock.through_proxy for knock in knocks):
        return Finding(
            "proxy", None, f"one is set ({names}), and there is no way past it",
            "Clients use it when told to: AsyncZhipuAI(trust_env=True).",
        )  # fmt: skip
    return Finding("proxy", True, f"one is set ({names}), not used, and not needed")


def verdict(knocks: Sequence[Knock]) -> str:
    """Say what to write into the program."""
    best = next((knock for knock in knocks if knock.opened), None)
    if best is None:
        if not any(knock.reached for knock in knocks):
            return "Nobody can be reached: look at the network, the firewall and the proxy."
        if not any(knock.knows_key for knock in knocks):
            return "Nobody knows this key: make a new one in the console, and look for missing characters."
        return "The key is right; the account is what has to be put in order."
    settings = [
        setting
        for setting, wanted in (
            ('site="z.ai"', best.door.site == "z.ai"),
            (f'base_url="{best.door.base_url}"', best.door.site.startswith("http")),
            ('plan="coding"', best.door.plan == "coding" and not best.door.site.startswith("http")),
            ("trust_env=True", best.through_proxy),
        )
        if wanted
    ]
    return f"Ready: AsyncZhipuAI({', '.join(settings)})"
