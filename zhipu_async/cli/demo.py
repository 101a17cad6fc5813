"""`zhipu-async demo`: a guided minute on the simulator."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from zhipu_async.cli.chosen import OK, Chosen
from zhipu_async.cli.connecting import Connection, simulated
from zhipu_async.cli.progress import Display, progress
from zhipu_async.cli.screen import BOLD, CYAN, DIM, Screen
from zhipu_async.cli.stage import Stage

if TYPE_CHECKING:
    from zhipu_async.simulator import Simulator

PACE = 0.4  # of a real model's time
TASKS = 200
PACES = {"tasks": 0.0}  # a video takes a minute in reality: without a pace it is done at the second look
INTRODUCTION = """\
Real code over real sockets. One thing is made up, and that is the model: a
simulator on this machine answers in its place, so that there is no key to have
and nothing to pay.
"""
TITLES = {
    "streaming": "An answer while it arrives, and apart from it what the model thinks",
    "tools": "A Python function that the model calls",
    "tasks": f"{TASKS} videos at once: submitted as limits allow, polled by one scheduler",
    "search": "A search by meaning, with embeddings",
    "speaking": "A spoken question and its spoken answer, over one WebSocket",
}


def demo(chosen: Chosen, screen: Screen) -> int:
    """Show the main jobs, one after another, each with the code that does it."""
    watched = screen.is_terminal and not chosen.quick
    stage = Stage(screen, pauses=watched)
    screen.say("zhipu_async in a minute\n", BOLD)
    screen.say(INTRODUCTION, end="")
    with simulated(PACE if watched else 0.0) as simulator:
        rehearse(simulator)
        asyncio.run(_play(simulator, stage, screen))
    _what_next(screen)
    return OK


def rehearse(simulator: Simulator) -> None:
    """Tell the simulator what a good model would say."""
    from zhipu_async.simulator import TaskFails
    from zhipu_async.simulator.realtime_answer import Answer

    simulator.script(
        "Sunlight is scattered by the air, and blue light much more than red: so blue comes from everywhere.",
        reasoning="They ask about Rayleigh scattering. It goes with the fourth power of the frequency; keep it short.",
    )
    simulator.script(tool_calls=[{"name": "forecast", "arguments": {"city": "Beijing"}}])
    simulator.script("A shirt will do: tomorrow is sunny in Beijing, with 24 degrees.")
    simulator.script(fault=TaskFails(), match={"prompt": "cat number 13"})
    simulator.realtime.hear("讲个笑话")
    simulator.realtime.answer(Answer(text="程序员出门买西瓜，妻子说：看到鸡蛋就买两个。他带回来两个西瓜。"))


async def _play(simulator: Simulator, stage: Stage, screen: Screen) -> None:
    from zhipu_async.cli import scenes

    async with Connection(simulator=simulator).client() as zhipu:
        for number, (name, title) in enumerate(TITLES.items(), start=1):
            scene = getattr(scenes, name)
            stage.open(number, title, scene)
            pace = simulator.platform.pace
            simulator.platform.pace = min(pace, PACES.get(name, pace))
            with _display(name, screen) as display:
                if display is not None:
                    stage.follow(display, TASKS)
                await scene(zhipu, stage)
            simulator.platform.pace = pace
            stage.end_line()
            if display is not None:
                stage.fact(
                    f"{stage.tally.done - stage.tally.failed} done, {stage.tally.failed} failed, as arranged"
                )


def _display(name: str, screen: Screen) -> AbstractContextManager[Display | None]:
    return progress(screen, TASKS, "  videos") if name == "tasks" else nullcontext()


def _what_next(screen: Screen) -> None:
    command = command_name()
    screen.say("\nWhat to type next\n", BOLD)
    for line, why in (
        (f"{command} chat --local", "talk, without a key"),
        (f"{command} simulate", "a local platform for your own program"),
        ("export ZHIPUAI_API_KEY=...", "a key from https://open.bigmodel.cn"),
        (f"{command} doctor", "what the key opens"),
        (f"{command} chat", "the real models"),
    ):
        screen.say(f"  {line:36}", CYAN, end="")
        screen.say(why, DIM)


def command_name() -> str:
    """Return what to type for this program: it may live in an environment that is not active."""
    if shutil.which("zhipu-async"):
        return "zhipu-async"
    beside = Path(sys.executable).with_name("zhipu-async")
    return os.path.relpath(beside) if beside.exists() else "python -m zhipu_async.cli"
