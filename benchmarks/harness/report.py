"""The results as text: one form for the terminal and the page, Markdown that is readable as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.harness.answers import Answer, Goal, Table, label


def tables(answer: Answer) -> Iterator[str]:
    """The races of a question."""
    for table in answer.tables:
        yield f"\n### {table.title}\n"
        if table.note:
            yield f"{table.note}\n"
        yield from grid(("contender", table.race.unit, "least to most", f"times {short(table)}"), rows(table))


def short(table: Table) -> str:
    """The reference's name in the head of a column."""
    return label(table.reference)


def rows(table: Table) -> Iterator[tuple[str, ...]]:
    """The lines of a table, cheapest first."""
    for name, middle, least, most, ratio in table.rows():
        shown = "" if ratio is None else figure(ratio)
        yield name, figure(middle), f"{figure(least)} to {figure(most)}", shown


def goals_table(answers: Iterable[Answer]) -> Iterator[str]:
    """The promises and whether they hold."""
    goals = [goal for answer in answers for goal in answer.goals]
    if goals:
        yield "\n### Goals\n"
        yield from grid(("goal", "limit", "measured", "held"), map(goal_row, goals))


def goal_row(goal: Goal) -> tuple[str, ...]:
    """One promise."""
    assert goal.measured is not None
    limit = f"{'≤' if goal.at_most else '≥'} {goal.limit:g}"
    return goal.text, limit, figure(goal.measured), "yes" if goal.held else "**no**"


def grid(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table whose columns stand under each other."""
    cells = [head, *lines]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    for number, line in enumerate(cells):
        padded = (
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        yield f"| {' | '.join(padded)} |"
        if number == 0:
            yield "|".join(["", *(rule(width, column) for column, width in enumerate(widths)), ""])


def rule(width: int, column: int) -> str:
    """The line under the head of a column: names to the left, numbers to the right."""
    return "-" * (width + 1) + ("-" if column == 0 else ":")


def figure(number: float) -> str:
    """Three digits that count."""
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    if abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"
