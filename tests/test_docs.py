"""Every Python block of the README and of the documentation runs, against a simulator of its own.

A block runs as a reader would paste it: top-level `await` works, and functions named `test_...` are called with their
fixtures. Where a page says `<!-- blocks continue -->`, its blocks share names and an event loop, from top to bottom.
`<!-- not run: reason -->` above a block leaves it out.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import logging
import re
import shlex
import struct
import sys
import textwrap
import zlib
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from zhipu_async import AsyncZhipuAI
from zhipu_async.cli.arguments import Tree
from zhipu_async.flows.scheduler import Polling
from zhipu_async.simulator import SimulatorThread
from zhipu_async.simulator.serve import arguments
from zhipu_async.types.sound import wav

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from zhipu_async.simulator import Simulator

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("examples/*.md"),
        *ROOT.glob("benchmarks/*.md"),
    ]
)
TOGETHER = "<!-- blocks continue -->"
FENCE = re.compile(
    r"(?P<skip><!-- not run: (?P<reason>.+?) -->\s*)?^(?P<indent> *)```python[^\n]*\n(?P<code>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
ANCHOR = re.compile(r'id="([^"]+)"|\{#([^}\s]+)')
SIMULATED_PACE = 0.002  # of the usual pauses between polls: the simulator's tasks are done at once


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def compiled(self) -> CodeType:
        code = "\n" * (self.line - 1) + self.code  # so that a traceback names the line of the page
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compiled: CodeType = compile(code, self.page, "exec", flags=flags, dont_inherit=True)
        return compiled


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        if not fence["skip"]:
            line = text.count("\n", 0, fence.start("code")) + 1
            yield Block(page, line, textwrap.dedent(fence["code"]))


def runs() -> Iterator[list[Block]]:
    for page in PAGES:
        blocks = list(blocks_of(page))
        if TOGETHER in page.read_text(encoding="utf-8"):
            yield blocks
        else:
            yield from ([block] for block in blocks)


@pytest.fixture
def surroundings(
    zhipu_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Generator[ModuleType]:
    """What a reader has: a key, a folder with some files, and a module to type into."""
    monkeypatch.setenv("ZHIPUAI_API_KEY", zhipu_simulator.api_key)
    monkeypatch.setenv("ZHIPUAI_BASE_URL", zhipu_simulator.base_url)
    monkeypatch.setattr("zhipu_async.flows.tasks.Polling", partial(Polling, scale=SIMULATED_PACE))
    monkeypatch.chdir(tmp_path)
    lay_out_files(tmp_path)
    module = ModuleType("documented")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    yield module
    logging.getLogger("zhipu_async").setLevel(logging.NOTSET)  # a page has changed it
    vars(module).clear()


@pytest.mark.parametrize("blocks", [pytest.param(run, id=str(run[0])) for run in runs() if run])
def test_a_block_runs_as_printed(blocks: list[Block], surroundings: ModuleType) -> None:
    with asyncio.Runner() as runner:
        for block in blocks:
            run(block.compiled(), surroundings, runner)
            call_tests(surroundings, runner)


def run(code: CodeType, module: ModuleType, runner: asyncio.Runner) -> None:
    outcome: object = eval(code, vars(module))
    if inspect.iscoroutine(outcome):
        runner.run(outcome)


def call_tests(module: ModuleType, runner: asyncio.Runner) -> None:
    """Do what pytest would do with a reader's tests: each gets fixtures of its own."""
    for name in [name for name in vars(module) if name.startswith("test_")]:
        function: object = vars(module).pop(name)
        assert inspect.isfunction(function)
        with SimulatorThread() as simulator, pytest.MonkeyPatch.context() as patch:
            zhipu = AsyncZhipuAI(simulator.api_key, base_url=simulator.base_url)
            fixtures: dict[str, object] = {
                "zhipu": zhipu,
                "zhipu_simulator": simulator,
                "monkeypatch": patch,
            }
            outcome: object = function(
                **{each: fixtures[each] for each in inspect.signature(function).parameters}
            )
            if inspect.iscoroutine(outcome):
                runner.run(outcome)
                runner.run(zhipu.close())


def test_every_block_is_found() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert len(FENCE.findall(text)) == text.count("```python"), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in LINK.finditer(
        re.sub(r"```.*?```|`[^`\n]+`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    ):
        target, _, anchor = unquote(link["target"]).partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{page.name} links to {link['target']}"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{page.name} links to {link['target']}"


def anchors(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    given = {one or other for one, other in ANCHOR.findall(text)}
    headings = re.findall(r"^#+ (.+?)(?: \{#.*\})?$", text, flags=re.MULTILINE)
    return given | {slug(heading) for heading in headings}


def slug(heading: str) -> str:
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower())


def twins() -> list[tuple[Path, Path]]:
    """The pages that exist in two languages."""
    folder = ROOT / "docs" / "zh"
    chinese = [*folder.glob("*/*.md"), folder / "migrating.md", folder / "simulator.md"]
    pairs = [(ROOT / "docs" / page.relative_to(ROOT / "docs" / "zh"), page) for page in sorted(chinese)]
    return [(ROOT / "README.md", ROOT / "README.zh-CN.md"), *pairs]


def shape(page: Path) -> dict[str, int]:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return {
        "blocks": len(re.findall(r"^```\w", text, flags=re.MULTILINE)),
        "headings": len(re.findall(r"^#+ ", prose, flags=re.MULTILINE)),
        "table rows": len(re.findall(r"^\|", prose, flags=re.MULTILINE)),
        "list items": len(re.findall(r"^\s*- ", prose, flags=re.MULTILINE)),
    }


@pytest.mark.parametrize(("english", "chinese"), twins(), ids=lambda page: str(page.relative_to(ROOT)))
def test_both_languages_say_the_same_amount(english: Path, chinese: Path) -> None:
    assert shape(english) == shape(chinese)


def test_every_guide_is_there_in_both_languages() -> None:
    for folder in ("guides", "tutorial"):
        names = {page.name for page in (ROOT / "docs" / folder).glob("*.md")}
        assert names == {page.name for page in (ROOT / "docs" / "zh" / folder).glob("*.md")}


def commands_of(page: Path) -> Iterator[list[str]]:
    """Give the words after each `zhipu-async` that the page types at a prompt."""
    for line in re.findall(r"^\$ (.+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|>")
        lexer.whitespace_split = True
        words = list(lexer)
        for place, word in enumerate(words):
            if word == "zhipu-async" and words[place - 1 : place] in ([], ["|"]):
                yield list(takewhile(lambda word: word not in "|>", words[place + 1 :]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_command_line_takes_what_a_page_types(page: Path) -> None:
    for words in commands_of(page):
        if words[0] == "simulate":
            arguments().parse_args(words[1:])
        else:
            Tree().top.parse_args(words)


# ── files that the pages speak of ──────────────────────────────────────────────────────────────────


def lay_out_files(folder: Path) -> None:
    (folder / "cat.png").write_bytes(picture())
    (folder / "question.wav").write_bytes(wav(bytes(2 * 16_000), 16_000))
    (folder / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (folder / "notes.txt").write_text("Cats sleep sixteen hours a day.\n", encoding="utf-8")
    (folder / "reviews.txt").write_text(
        "Great!\nBroken on arrival.\nIt does what it says.\n", encoding="utf-8"
    )


def picture() -> bytes:
    """A PNG of one grey pixel."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\x00\x80")), (b"IEND", b""))
    )
