"""`zhipu-async explain`: what error codes mean, without the documentation at hand."""

from __future__ import annotations

from zhipu_async import explain
from zhipu_async.cli.chosen import OK, Chosen
from zhipu_async.cli.screen import Screen


def explain_codes(chosen: Chosen, screen: Screen) -> int:
    """Print what each code means; one that nobody knows ends the command."""
    screen.say("\n\n".join(explain(code) for code in chosen.codes))
    return OK
