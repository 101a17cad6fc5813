"""The state diagrams of the docs, drawn from the tables that decide. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from zhipu_async.protocol.realtime_states import ANSWERING, CONFIGURATION, CONNECTION, INPUT, Signal

S = TypeVar("S", bound=Enum)


def diagrams() -> str:
    """Return the four regions as Markdown with Mermaid diagrams."""
    return "\n".join(
        (
            _section("Connection", CONNECTION),
            _section("Input, inside READY", INPUT),
            _section("Answer, inside READY", ANSWERING),
            _section("Configuration, inside READY", CONFIGURATION),
        )
    )


def _section(title: str, table: Mapping[tuple[S, Signal], S]) -> str:
    states = dict.fromkeys(state for (before, _), after in table.items() for state in (before, after))
    lines = [f"### {title}", "", "```mermaid", "stateDiagram-v2"]
    lines += [f"    {before} --> {after}: {signals}" for (before, after), signals in _arrows(table).items()]
    lines += ["```", "", "| state | means |", "| --- | --- |"]
    lines += [f"| `{state.name}` | {state.value} |" for state in states]
    return "\n".join((*lines, ""))


def _arrows(table: Mapping[tuple[S, Signal], S]) -> dict[tuple[str, str], str]:
    """Gather the signals that lead from one state to another; what leads nowhere else is left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (before, signal), after in table.items():
        if before is not after:
            arrows.setdefault((before.name, after.name), []).append(signal.name.lower())
    return {pair: ", ".join(signals) for pair, signals in arrows.items()}
