"""What a code of the platform means, in a few lines for people. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator

from zhipu_async.errors import InvalidArgument
from zhipu_async.protocol.codes import FINAGENT, IN_REPLIES, PLATFORM, Rule, by_status

ERROR_STATUSES = frozenset(map(str, range(400, 600)))


def explain(code: str | int) -> str:
    """Return what a business code or an HTTP status means, whether it is tried again, and what to do about it.

    Raises `InvalidArgument` for a code that no page of the platform describes.
    """
    asked = str(code).strip()
    found = "\n\n".join(_meanings(asked))
    if not found:
        raise InvalidArgument(f"no page of the platform describes the code {asked!r}")
    return found


def _meanings(code: str) -> Iterator[str]:
    rules = [table[code] for table in (PLATFORM, FINAGENT) if code in table]
    yield from (_described(f"{code} from FinAgent" if rule.family else code, rule) for rule in rules)
    if code in IN_REPLIES:
        yield f"{code}: {IN_REPLIES[code]}\n  raises       nothing: it describes one document in a reply that is fine"
    if not rules and code in ERROR_STATUSES:
        yield _described(f"HTTP {code}", by_status(int(code)))


def _described(title: str, rule: Rule) -> str:
    status = f", with HTTP {rule.status}" if rule.code and rule.status else ""
    facts = {
        "raises": f"{rule.error.__name__}{status}",
        "tried again": rule.remedy.value,
        "what to do": rule.hint,
    }
    return "\n".join(
        [f"{title}: {rule.meaning}", *(f"  {name:11}  {fact}" for name, fact in facts.items() if fact)]
    )
