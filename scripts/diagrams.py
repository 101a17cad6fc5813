"""Draw the architecture page's diagrams from the code: `python scripts/diagrams.py`. A test says when it is due."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from html import escape
from pathlib import Path
from typing import TypeVar

from zhipu_async.protocol.realtime_states import ANSWERING, CONFIGURATION, CONNECTION, INPUT, Signal

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "zhipu_async"
PLACE = ROOT / "docs" / "assets"
FLOORS = {
    "client": "AsyncZhipuAI, the composition root",
    "resources": "one module per area",
    "flows": "call, stream, tasks, realtime",
    "transport": "aiohttp, websockets, sqlite, clock",
    "protocol": "pure: no I/O, no clock",
    "types": "what goes over the wire",
    "errors": "every exception",
}

ROW, BOX_HEIGHT, MARGIN = 74, 42, 16
MANY = 4  # a signal that does the same in so many states is told in a line of text
LETTER, SMALL_LETTER, LINE = 6.6, 5.7, 15  # of the small text, in pixels
REACH = 46  # how far an arc swings out for each row that it passes

S = TypeVar("S", bound=Enum)


@dataclass
class Drawing:
    """Boxes in a column; arcs to lower boxes on the right, to higher ones on the left."""

    boxes: Mapping[str, str]
    arcs: Mapping[tuple[str, str], Sequence[str]]
    notes: Sequence[str] = ()
    labels: list[tuple[float, float, float, float]] = field(
        default_factory=list[tuple[float, float, float, float]]
    )

    @property
    def box_width(self) -> int:
        """Return a width that all texts fit into."""
        return 36 + int(max(len(text) for text in self.boxes.values()) * SMALL_LETTER)

    def svg(self) -> str:
        """Return the picture."""
        order = list(self.boxes)
        down = {pair: text for pair, text in self.arcs.items() if order.index(pair[0]) < order.index(pair[1])}
        up = {pair: text for pair, text in self.arcs.items() if pair not in down}
        left, right = self._room(order, up), self._room(order, down)
        foot = MARGIN + len(order) * ROW
        noted = max((len(note) for note in self.notes), default=0) * LETTER
        width = max(left + self.box_width + right, int(noted + 2 * MARGIN))
        height = foot + len(self.notes) * LINE + (MARGIN if self.notes else 0)
        drawn = [*self._arcs(order, down, left + self.box_width, 1), *self._arcs(order, up, left, -1)]
        body = [
            *sorted(drawn),  # the paths first, so that no label is crossed out
            *self._boxes(left),
            *(
                f'<text class="label" x="{MARGIN}" y="{foot + number * LINE}">{escape(note)}</text>'
                for number, note in enumerate(self.notes)
            ),
        ]
        return "\n".join((HEAD.format(width=width, height=height), *body, "</svg>", ""))

    def _room(self, order: list[str], arcs: Mapping[tuple[str, str], Sequence[str]]) -> int:
        reach = max((abs(order.index(b) - order.index(a)) for a, b in arcs), default=0)
        text = max((len(line) for lines in arcs.values() for line in lines), default=0)
        return int(MARGIN + reach * REACH + text * LETTER) if arcs else MARGIN

    def _boxes(self, left: int) -> Iterator[str]:
        for row, (name, text) in enumerate(self.boxes.items()):
            y = MARGIN + row * ROW
            middle = left + self.box_width / 2
            yield f'<rect class="box" x="{left}" y="{y}" width="{self.box_width}" height="{BOX_HEIGHT}" rx="6"/>'
            yield f'<text class="name" x="{middle}" y="{y + (18 if text else 26)}">{escape(name)}</text>'
            if text:
                yield f'<text class="more" x="{middle}" y="{y + 34}">{escape(text)}</text>'

    def _arcs(
        self, order: list[str], arcs: Mapping[tuple[str, str], Sequence[str]], edge: int, side: int
    ) -> Iterator[str]:
        by_reach = sorted(arcs, key=lambda pair: abs(order.index(pair[0]) - order.index(pair[1])))
        for before, after in by_reach:
            start, end = order.index(before), order.index(after)
            reach = abs(end - start) * REACH
            top, bottom = self._y(start, end), self._y(end, start)
            swing = edge + side * reach * 4 / 3
            yield (
                f'<path class="arc" d="M {edge} {top} C {swing:.0f} {top}, {swing:.0f} {bottom}, '
                f'{edge + side * 3} {bottom}" marker-end="url(#tip)"/>'
            )
            yield from self._label(arcs[before, after], edge + side * (reach + 5), (top + bottom) / 2, side)

    def _y(self, here: int, there: int) -> float:
        """Where an arc leaves or meets a box: nearer to the side on which the other box lies."""
        apart = min(abs(there - here), 6)
        return MARGIN + here * ROW + BOX_HEIGHT / 2 + (1 if there > here else -1) * (15 - 2 * apart)

    def _label(self, lines: Sequence[str], x: float, y: float, side: int) -> Iterator[str]:
        if not lines:
            return
        width, height = max(map(len, lines)) * LETTER, len(lines) * LINE
        left = x if side > 0 else x - width
        while any(
            left < x2 and left + width > x1 and y - height / 2 < y2 and y + height / 2 > y1
            for x1, y1, x2, y2 in self.labels
        ):
            y += 6
        self.labels.append((left, y - height / 2, left + width, y + height / 2))
        anchor = "start" if side > 0 else "end"
        for number, line in enumerate(lines):
            below = y - height / 2 + (number + 0.8) * LINE
            yield f'<text class="label" x="{x:.0f}" y="{below:.0f}" text-anchor="{anchor}">{escape(line)}</text>'


HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<style>
  .ground {{ fill: #ffffff }}
  .box {{ fill: #eef1fb; stroke: #4051b5; stroke-width: 1.2 }}
  .name {{ font: 600 14px sans-serif; text-anchor: middle; fill: #1b2559 }}
  .more {{ font: 11px sans-serif; text-anchor: middle; fill: #55597a }}
  .label {{ font: 11.5px sans-serif; fill: #33363f; paint-order: stroke; stroke: #ffffff; stroke-width: 4px }}
  .arc {{ fill: none; stroke: #7b86c9; stroke-width: 1.4 }}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M 0 0 L 8 4 L 0 8 z" fill="#4051b5"/></marker></defs>
<rect class="ground" width="{width}" height="{height}" rx="8"/>"""


def layers() -> str:
    """Draw the floors, and which of them need which when they run."""
    found = {
        (here, there)
        for module in PACKAGE.rglob("*.py")
        if (here := floor_of(module)) in FLOORS
        for there in imported(module)
        if there in FLOORS and there != here
    }
    order = list(FLOORS)
    arcs = sorted(found, key=lambda pair: (order.index(pair[0]), order.index(pair[1])))
    return Drawing(FLOORS, dict.fromkeys(arcs, ())).svg()


def floor_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    """Give the floors that a module needs when it runs."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in typing_only and node.module:
            package, _, rest = node.module.partition(".")
            if package == "zhipu_async":
                yield from [rest.split(".")[0]] if rest else [alias.name for alias in node.names]


def states(table: Mapping[tuple[S, Signal], S]) -> str:
    """Draw a region of the realtime session; what changes nothing is left out."""
    kind = type(next(iter(table.values())))
    reached = {state.name for (before, _), after in table.items() for state in (before, after)}
    boxes = {name: str(state.value) for name, state in kind.__members__.items() if name in reached}
    moves = [(before, signal, after) for (before, signal), after in table.items() if before is not after]
    arcs: dict[tuple[str, str], list[str]] = {}
    notes: dict[tuple[Signal, S], list[str]] = {}
    for before, signal, after in moves:
        alike = sum(other[1:] == (signal, after) for other in moves)
        if alike < MANY:
            arcs.setdefault((before.name, after.name), []).append(signal.name.lower())
        else:
            notes.setdefault((signal, after), []).append(before.name)
    return Drawing(
        boxes,
        {pair: wrapped(signals) for pair, signals in arcs.items()},
        [
            f"{signal.name.lower()} → {after.name}, from {', '.join(names)}"
            for (signal, after), names in notes.items()
        ],
    ).svg()


def wrapped(signals: list[str]) -> list[str]:
    """Give two signals a line."""
    return [", ".join(signals[start : start + 2]) for start in range(0, len(signals), 2)]


def pictures() -> dict[Path, str]:
    """Return every file and what belongs into it."""
    return {
        PLACE / "layers.svg": layers(),
        PLACE / "realtime-connection.svg": states(CONNECTION),
        PLACE / "realtime-input.svg": states(INPUT),
        PLACE / "realtime-answer.svg": states(ANSWERING),
        PLACE / "realtime-configuration.svg": states(CONFIGURATION),
    }


def main(*options: str) -> int:
    """Write the files that differ; with --check, only name them."""
    due = {
        path: text
        for path, text in pictures().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in due.items():
        print(path.relative_to(ROOT))
        if "--check" not in options:
            path.write_text(text, encoding="utf-8")
    return 1 if due and "--check" in options else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
