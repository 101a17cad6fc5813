"""Write docs/realtime-calls.md from the session's own tables: `python scripts/realtime_page.py`. A test watches it."""

from __future__ import annotations

import inspect
from pathlib import Path

from zhipu_async.protocol.realtime_calls import LEGAL, Call, Cell, Refusal, Situation, Verdict
from zhipu_async.protocol.realtime_states import Answering, Configuration, Connection, Input
from zhipu_async.protocol.realtime_timing import Patience

PAGE = Path(__file__).parents[1] / "docs" / "realtime-calls.md"
WITHOUT_METHOD = (Call.CONNECT, Call.CLOSE)

INTRODUCTION = """\
# Which realtime call fits when

<!-- Written by scripts/realtime_page.py from the tables that the library itself uses. Edit those, not this. -->

A [realtime session](guides/realtime.md) knows its state, and decides about a call before anything is sent. A call that
does not fit raises `IllegalCall`, with its `.call`, the `.state`, and the `.reason` as one of the words below.

**sent**: at once. **waits**: sent in order when the state allows. **kept**: remembered, and applied when the
connection is back. **nothing**: it has happened already.
"""

VERDICTS = {
    Verdict.SEND: "sent",
    Verdict.WAIT: "waits",
    Verdict.KEEP: "kept",
    Verdict.NOTHING: "nothing",
}


def page() -> str:
    """The whole page."""
    return "\n".join((INTRODUCTION, *calls(), *reasons(), *states(), *patience()))


def calls() -> list[str]:
    """One row for each call, one column for each situation."""
    head = ["call", *(situation.value for situation in Situation)]
    rows = [
        [f"`{call.value}()`", *(cell(LEGAL[call, situation]) for situation in Situation)]
        for call in Call
        if call not in WITHOUT_METHOD
    ]
    return table(head, rows)


def cell(content: Cell) -> str:
    """What becomes of a call, in a few words."""
    if isinstance(content, Verdict):
        return VERDICTS[content]
    if isinstance(content, Refusal):
        return f"`{content.name.lower()}`"
    return inspect.getdoc(content) or ""


def reasons() -> list[str]:
    """What each reason means, and what to do."""
    rows = [[f"`{refusal.name.lower()}`", refusal.value[0], refusal.value[1]] for refusal in Refusal]
    return ["## Reasons", "", *table(["reason", "means", "what to do"], rows)]


def states() -> list[str]:
    """The four parts of `call.state`."""
    lines = [
        "## States",
        "",
        "`call.state` has four parts; the pictures are in [Architecture](architecture.md).",
        "",
    ]
    for name, kind in {
        "connection": Connection,
        "input": Input,
        "answering": Answering,
        "configuration": Configuration,
    }.items():
        rows = [[f"`{state.name}`", state.value] for state in kind]
        lines += [f"### {name}", "", *table(["state", "means"], rows)]
    return lines


def patience() -> list[str]:
    """How long each wait may take."""
    defaults = Patience()
    rows = [[f"`{name}`", f"{getattr(defaults, name):g} s"] for name in Patience.__struct_fields__]
    sentence = "`connect(patience=Patience(...))` says how long each step of the platform may take:"
    return ["## Patience", "", sentence, "", *table(["step", "by default"], rows)]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
