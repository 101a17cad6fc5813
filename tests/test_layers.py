"""The floors of the house: imports point downward, and each outside library has one door."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "zhipu_async"
FLOORS = ("errors", "types", "protocol", "transport", "flows", "resources", "client")
DOORS = {
    "aiohttp": ("transport/http.py", "transport/outgoing.py", "transport/response.py"),
    "websockets": ("transport/websocket.py",),
    "sqlite3": ("transport/sqlite.py",),
}
IMPURE = {"asyncio", "anyio", "time", "random", "logging", "socket", "threading", "secrets"}
PUBLIC = ("cli", "errors", "events", "types", "simulator", "parts", "version")
LIGHT = "import sys, zhipu_async; zhipu_async.AsyncZhipuAI; heavy = {'aiohttp', 'websockets', 'sqlite3', 'anyio'}; "
RARE = {
    "aiohttp",
    "websockets",
    "sqlite3",
    "anyio",
    "zhipu_async.flows.download",
    "zhipu_async.flows.ledger",
    "zhipu_async.flows.pages",
    "zhipu_async.flows.tasks",
    "zhipu_async.protocol.chat",
    "zhipu_async.protocol.mending",
    "zhipu_async.protocol.renamed",
    "zhipu_async.protocol.resuming",
    "zhipu_async.types.saving",
}
MODULES = sorted(ROOT.rglob("*.py"))


def imports(module: Path, *, at_run_time: bool = False) -> Iterator[str]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if at_run_time and id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield _absolute(module, node)


def _absolute(module: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = ("zhipu_async", *module.relative_to(ROOT).parts)[: -node.level]
    return ".".join((*package, node.module or "")).rstrip(".")


def floor(name: str) -> str:
    return name.removeprefix("zhipu_async.").split(".", maxsplit=1)[0]


def place(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=place)
def test_imports_point_downward(module: Path) -> None:
    here = module.relative_to(ROOT).parts[0].removesuffix(".py")
    if here not in FLOORS:
        return
    for name in imports(module, at_run_time=True):
        if name.startswith("zhipu_async.") and floor(name) in FLOORS:
            assert FLOORS.index(floor(name)) <= FLOORS.index(here), f"{place(module)} looks up to {name}"
        assert floor(name) not in ("simulator", "cli"), f"{place(module)} needs {name}"


@pytest.mark.parametrize("module", MODULES, ids=place)
def test_each_outside_library_has_one_door(module: Path) -> None:
    if place(module).startswith(("simulator/", "cli/", "pytest_plugin")):
        return
    for name in imports(module, at_run_time=True):
        doors = DOORS.get(name.split(".")[0], (place(module),))
        assert place(module) in doors, f"{place(module)} imports {name}"


@pytest.mark.parametrize("module", sorted((ROOT / "protocol").glob("*.py")), ids=place)
def test_the_protocol_is_pure(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not any(isinstance(node, waiting) for node in ast.walk(tree))
    assert not IMPURE.intersection(name.split(".")[0] for name in imports(module, at_run_time=True))


@pytest.mark.parametrize("module", sorted((ROOT / "simulator").rglob("*.py")), ids=place)
def test_the_simulator_shares_nothing_with_the_client(module: Path) -> None:
    foreign = [
        name for name in imports(module) if name.startswith("zhipu_async.") and floor(name) != "simulator"
    ]
    assert foreign == []


@pytest.mark.parametrize("module", sorted((ROOT / "cli").glob("*.py")), ids=place)
def test_the_command_line_uses_public_names_only(module: Path) -> None:
    for name in imports(module):
        if name.startswith("zhipu_async."):
            assert floor(name) in PUBLIC, name


def test_importing_the_package_is_light() -> None:
    script = LIGHT + "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    bare = {
        name: value for name, value in os.environ.items() if not name.startswith("COV")
    }  # it measures in sqlite
    subprocess.run([sys.executable, "-c", script], check=True, env=bare)


def test_a_client_that_is_ready_has_loaded_nothing_of_its_rarer_paths() -> None:
    script = (
        "import sys, zhipu_async; zhipu_async.AsyncZhipuAI('a.b').chat.completions.create; "
        f"loaded = {RARE!r} & set(sys.modules); assert not loaded, loaded"
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    subprocess.run([sys.executable, "-c", script], check=True, env=bare)


def test_a_typo_in_a_public_name_is_an_error() -> None:
    import zhipu_async

    with pytest.raises(AttributeError, match="AsyncZhipuAi"):
        getattr(zhipu_async, "AsyncZhipuAi")  # noqa: B009
    assert "RateLimitError" in dir(zhipu_async)
