"""The pytest fixtures, as they work in somebody else's suite."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from zhipu_async import AsyncZhipuAI
    from zhipu_async.simulator import Simulator

SETTINGS = """
[pytest]
asyncio_default_fixture_loop_scope = function
filterwarnings = error
addopts = -q -p no:randomly -p no:cacheprovider
"""

SUITE_WITH_BOTH_PLUGINS = """
import asyncio
import pytest

@pytest.mark.asyncio
async def test_with_pytest_asyncio(zhipu, zhipu_simulator):
    zhipu_simulator.script("one")
    reply = await zhipu.chat.completions.create(model="glm-4.7", messages="hello")
    assert reply.text == "one"
    assert len(zhipu_simulator.requests) == 1

@pytest.mark.anyio
async def test_with_anyio(zhipu, zhipu_simulator):
    zhipu_simulator.script("two")
    assert (await zhipu.chat.completions.create(model="glm-4.7", messages="hello")).text == "two"

def test_without_any_plugin(zhipu, zhipu_simulator):
    async def ask():
        return await zhipu.chat.completions.create(model="glm-4.7", messages="hello")
    zhipu_simulator.script("three")
    assert asyncio.run(ask()).text == "three"

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""

SUITE_THAT_LOOKS_AT_IMPORTS = """
import sys

def test_nothing_was_imported(request):
    assert request.config.pluginmanager.hasplugin("zhipu_async")
    assert not {"aiohttp", "websockets", "msgspec", "zhipu_async.simulator", "zhipu_async.client"} & sys.modules.keys()
"""


def run_suite(folder: Path, suite: str, *options: str) -> str:
    (folder / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    (folder / "test_suite.py").write_text(suite, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", *options, f"--rootdir={folder}", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return ended.stdout + ended.stderr


def test_the_fixtures_work_with_either_asyncio_plugin_and_without_one(tmp_path: Path) -> None:
    assert "3 passed" in run_suite(tmp_path, SUITE_WITH_BOTH_PLUGINS)


def test_the_fixtures_work_in_parallel(tmp_path: Path) -> None:
    assert "3 passed" in run_suite(tmp_path, SUITE_WITH_BOTH_PLUGINS, "-n", "2")


def test_pytest_pays_nothing_where_they_are_not_used(tmp_path: Path) -> None:
    assert "1 passed" in run_suite(tmp_path, SUITE_THAT_LOOKS_AT_IMPORTS, "-p", "no:xdist")


async def test_each_test_has_a_platform_of_its_own(zhipu: AsyncZhipuAI, zhipu_simulator: Simulator) -> None:
    zhipu_simulator.script("mine")
    reply = await zhipu.chat.completions.create(model="glm-4.7", messages="hello")
    assert reply.text == "mine"
    assert len(zhipu_simulator.requests) == 1
