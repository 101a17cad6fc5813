"""The plot: bars in SVG, drawn with nothing but text."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from benchmarks.harness.answers import Table
from benchmarks.harness.report import figure

WIDTH, BAR, GAP, NAMES, LEFT = 820, 16, 6, 270, 16
MOST_TIMES = 150.0  # the longest bar; the axis is logarithmic, or only the slowest would be seen
COLOURS = {True: "#0f766e", False: "#94a3b8"}


def plot(tables: list[Table]) -> str:
    """One group of bars per table, each bar so many times zhipu_async."""
    body: list[str] = []
    top = 28
    for table in tables:
        body += group(table, top)
        top += 34 + len(table.race.turns) * (BAR + GAP)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12">'
    )
    title = "<title>CPU time per unit of work, relative to zhipu_async</title>"
    return (
        "\n".join([head, title, f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>', *body, "</svg>"])
        + "\n"
    )


def group(table: Table, top: int) -> Iterator[str]:
    """The bars of one table."""
    yield text(LEFT, top, f"{table.title} ({table.race.unit})", weight="600")
    for number, (name, middle, _, _, ratio) in enumerate(table.rows()):
        y = top + 10 + number * (BAR + GAP)
        times = ratio or 1.0
        width = length(times)
        ours = name.startswith("zhipu_async")
        yield text(LEFT, y + BAR - 4, name)
        yield f'<rect x="{NAMES}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{COLOURS[ours]}"/>'
        shown = figure(middle) if ratio is None else f"{figure(middle)}  ({figure(times)} ×)"
        yield text(NAMES + width + 6, y + BAR - 4, shown, colour="#334155")


def length(times: float) -> float:
    """The bar of a ratio, from a tenth up."""
    from math import log10

    room = WIDTH - NAMES - 120
    share = (log10(max(0.1, min(times, MOST_TIMES))) + 1) / (log10(MOST_TIMES) + 1)
    return max(2.0, room * share)


def text(x: float, y: float, words: str, *, weight: str = "400", colour: str = "#0f172a") -> str:
    """Words at a place."""
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
