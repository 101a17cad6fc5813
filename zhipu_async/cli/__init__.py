"""The command line, `zhipu-async`; uses public names only."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from zhipu_async.cli.chosen import INTERRUPTED, OK, PLATFORM_FAILED, USAGE, Chosen
from zhipu_async.cli.screen import Screen
from zhipu_async.errors import LedgerError, UsageError, ZhipuError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 fine, 1 the platform failed, 2 wrong usage, 130 Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that lacks a letter shows a question mark
    try:
        return _simulate(words[1:]) if words[:1] == ["simulate"] else _command(words)
    except SystemExit as end:  # argparse: --help, --version, wrong usage
        return end.code if isinstance(end.code, int) else USAGE
    except BrokenPipeError:
        _let_go_of_stdout()
        return OK  # `| head` has read what it wanted


def _simulate(words: list[str]) -> int:
    from zhipu_async.simulator.serve import serve

    return serve(words)


def _command(words: list[str]) -> int:
    from zhipu_async.cli.arguments import Tree

    chosen = Tree().top.parse_args(words, namespace=Chosen())
    screen = Screen(json=chosen.json)
    try:
        code = chosen.command(chosen, screen)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        screen.notice("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except (ZhipuError, OSError) as error:
        screen.failure(error)
        return exit_code(error)


def exit_code(error: ZhipuError | OSError) -> int:
    """Return whose fault it is: a timeout of the platform's is an OSError too, a file's is nothing else."""
    if isinstance(error, UsageError | LedgerError) or not isinstance(error, ZhipuError):
        return USAGE
    return PLATFORM_FAILED


def _let_go_of_stdout() -> None:
    """Write nothing more: the interpreter would complain while it flushes at its end."""
    with contextlib.suppress(OSError):  # a stdout without a file has nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
