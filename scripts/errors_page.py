"""Write docs/errors.md from the table of codes: `python scripts/errors_page.py`. A test says when it is due."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zhipu_async import errors
from zhipu_async.protocol import retry
from zhipu_async.protocol.codes import FINAGENT, IN_REPLIES, PLATFORM, STATUSES, Rule, by_status

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"

CLASSES: tuple[type[errors.APIStatusError], ...] = (
    errors.AuthenticationError,
    errors.AccountError,
    errors.BadRequestError,
    errors.PermissionDeniedError,
    errors.NotFoundError,
    errors.ContentBlocked,
    errors.ConcurrencyLimit,
    errors.OverloadedError,
    errors.QuotaExhausted,
    errors.InternalServerError,
)

COLUMNS = ("HTTP", "meaning", "tried again", "what to do")

PAUSES = f"{retry.BACKOFF_BASE_SECONDS:g} to {retry.BACKOFF_CEILING_SECONDS:g} seconds"
STEPS = f"{retry.OVERLOAD_STEP_SECONDS:g} to {retry.OVERLOAD_LONGEST_STEP_SECONDS:g} seconds"

INTRODUCTION = f"""\
# Errors

<!-- Written by scripts/errors_page.py from the table that the library itself uses. Edit that, not this. -->

Everything that the library raises is a `ZhipuError`. Under it, `UsageError` is the caller's mistake (nothing was
sent), `APIError` the platform's or the network's fault, `OutputError` an answer of the model that is not what was
asked for. `except APIStatusError` catches every error that the platform itself reported; it has `.code`, `.status`,
`.message`, `.request_id`, `.log_id`, `.body` and `.hint`. What this page says of a code, `zhipu-async explain 1302`
says in a terminal, and `zhipu_async.explain("1302")` in a program.

The platform's **business code** decides what an error is, and the HTTP status where there is no code: HTTP 429 can
mean too many requests, arrears, or a quota that is used up, and HTTP 200 can carry an error.

## What is tried again

| what happened | reads and deletes | chat, embeddings and the like | submissions and everything that creates |
| --- | --- | --- | --- |
| no connection could be opened | repeated | repeated | repeated |
| bytes had left, and no answer came | repeated | resent once | raises `MaybeSubmitted` |
| HTTP 408 or 5xx, a failure of the platform | repeated | repeated | raises `MaybeSubmitted` |
| 1302, 1303: too many requests of yours | repeated | repeated | repeated |
| 1305, 1312: the platform is busy | with patience | with patience | with patience |
| another refusal that passes | repeated | repeated | raises it |
| a success that cannot be read | repeated | raises `APIResponseError` | raises `MaybeSubmitted` |

"Repeated" is at most `max_retries` times ({retry.MAX_RETRIES} unless told otherwise), after random pauses that
grow from {PAUSES}, after `Retry-After` where the platform sends it, and never beyond the
`total` clock: a pause that does not fit is not begun, the error comes at once. After 1302 the limiter holds back
every request for the model, so the pauses of the single request are short.

"With patience" is only where `overload_patience=` names the seconds to spend, in steps of {STEPS};
otherwise it fails at once, because an overload lasts minutes.

**`MaybeSubmitted`** says that the platform may have accepted a request, and may charge for it, though no answer came.
Look for the result (the `request_id` is in the error) before you send it again. Code 1231 after a resend says the
same: the platform knows the `request_id`, so the first attempt arrived.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *_classes(), *_statuses(), *_finagent(), *_in_replies()]).rstrip() + "\n"


def _classes() -> Iterable[str]:
    yield "## Codes of the platform\n"
    for error in CLASSES:
        yield f"### {error.__name__}\n"
        yield f"{(error.__doc__ or '').splitlines()[0]}\n"
        yield from _table((rule for rule in PLATFORM.values() if rule.error is error), ("code", *COLUMNS))


def _statuses() -> Iterable[str]:
    yield "## HTTP statuses without a code\n"
    yield from _table((*STATUSES.values(), by_status(599), by_status(499)), ("HTTP", "raises", *COLUMNS[1:]))


def _finagent() -> Iterable[str]:
    yield "## Codes of FinAgent\n"
    yield "The FinAgent endpoints number their own errors; some numbers mean something else above.\n"
    yield from _table(FINAGENT.values(), ("code", "raises", *COLUMNS[1:]))


def _in_replies() -> Iterable[str]:
    yield "## Codes inside replies\n"
    yield "These describe one document in a reply that is fine, and raise nothing.\n"
    yield "| code | meaning |"
    yield "| --- | --- |"
    yield from (f"| {code} | {meaning} |" for code, meaning in IN_REPLIES.items())


def _table(rules: Iterable[Rule], columns: tuple[str, ...]) -> Iterable[str]:
    yield _row(columns)
    yield _row("---" for _ in columns)
    for rule in rules:
        cells = _cells(rule)
        yield _row(cells[column] for column in columns)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(rule: Rule) -> dict[str, str]:
    other = "other 5xx" if rule.error is errors.InternalServerError else "any other"
    status = str(rule.status or ("-" if rule.code else other))
    place = f'<a id="{rule.anchor}"></a>'
    return {
        "code": f"{place}{rule.code}",
        "HTTP": status if rule.code else f"{place}{status}",
        "meaning": rule.meaning,
        "raises": f"`{rule.error.__name__}`",
        "tried again": rule.remedy.value,
        "what to do": rule.hint,
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
