"""What was chosen on the command line, with its defaults, and the exit codes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from zhipu_async.cli.screen import Screen

OK = 0
PLATFORM_FAILED = 1
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it

CHAT_MODEL = "glm-4.7"
REALTIME_MODEL = "glm-realtime-air"


class Chosen(argparse.Namespace):
    """The options of all commands: the parser leaves out what was not given, and these defaults show through."""

    command: Callable[[Chosen, Screen], int]

    # everywhere
    local: bool = False
    json: bool = False
    site: Literal["bigmodel", "z.ai"] | None = None
    plan: Literal["general", "coding"] = "general"
    base_url: str | None = None
    model: str = ""

    # chat
    question: tuple[str, ...] | list[str] = ()
    system: str = ""
    image: tuple[str, ...] | list[str] = ()
    max_tokens: int | None = None
    thinking: bool | None = None
    reasoning: bool | None = None

    # batch
    source: Path
    target: Path
    via: Literal["direct", "task", "batch"] = "direct"
    resume: bool = False
    repeat: Literal["nothing", "failed", "unknown", "both"] = "nothing"
    overwrite: bool = False
    concurrency: int | None = None

    # realtime
    sound: Path
    answer: Path
    voice: str | None = None
    instructions: str | None = None

    # tasks
    ledger: Path
    refs: tuple[str, ...] | list[str] = ()
    job: str | None = None
    timeout: float | None = None

    # doctor
    spend: bool = True

    # explain
    codes: tuple[str, ...] | list[str] = ()

    # completion
    shell: Literal["bash", "zsh", "fish"]

    # demo
    quick: bool = False
