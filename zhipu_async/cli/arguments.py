"""The parser: every command, its options, its examples."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from zhipu_async.cli.chosen import CHAT_MODEL, REALTIME_MODEL, USAGE, Chosen
from zhipu_async.cli.screen import Screen
from zhipu_async.version import __version__

EXAMPLES = "examples:"
Layout = argparse.RawDescriptionHelpFormatter
TOGGLE = argparse.BooleanOptionalAction
SHELLS = ("bash", "zsh", "fish")
VIAS = ("direct", "task", "batch")
REPEATS = ("failed", "unknown", "both")
SITES = ("bigmodel", "z.ai")
PLANS = ("general", "coding")
DESCRIPTION = "Talk to Zhipu AI's GLM models from the terminal."
EPILOG = """\
examples:
  zhipu-async chat                             a conversation
  zhipu-async chat --local                     the same without a key or a network
  cat build.log | zhipu-async chat "what failed?"
  zhipu-async batch run in.jsonl out.jsonl     thousands of requests, resumable
  zhipu-async doctor                           when nothing works

The key comes from ZHIPUAI_API_KEY, ZAI_API_KEY or ZHIPU_API_KEY.
Exit codes: 0 fine, 1 the platform failed, 2 wrong usage, 130 interrupted.
"""
CHAT_EPILOG = """\
examples:
  zhipu-async chat
  zhipu-async chat "Why is the sky blue?"
  git diff | zhipu-async chat "Write a commit message" > message.txt
  zhipu-async chat --model glm-4.6v --image cat.png "What is this?"
  zhipu-async chat --json "Say hi" | jq .usage
"""
BATCH_EPILOG = """\
A line of IN is one request, in any of these forms:
  {"custom_id": "a", "body": {"model": "glm-4.7", "messages": [...]}}
  {"custom_id": "b", "messages": [...], "temperature": 0.2}
  {"custom_id": "c", "prompt": "Why is the sky blue?"}
  "Why is the sky blue?"
The first is that of the platform's own batch files. Without a custom_id the
number of the line is its name. OUT has a line for each, in the order of their
ends:
  {"custom_id": "a", "response": {"status_code": 200, "body": {...}}}
  {"custom_id": "b", "error": {"type": "ContentBlocked", ...}}

Beside OUT, OUT.ledger remembers what was paid for, also across a crash: with
--resume nothing is paid twice. Ctrl-C finishes what is under way; a second one
leaves at once.

examples:
  zhipu-async batch run in.jsonl out.jsonl
  zhipu-async batch run in.jsonl out.jsonl --resume
  zhipu-async batch run in.jsonl out.jsonl --via batch    half the price
"""
REALTIME_EPILOG = """\
examples:
  zhipu-async realtime question.wav answer.wav
  zhipu-async realtime question.wav answer.wav --voice tongtong --json
"""
EXPLAIN_EPILOG = """\
examples:
  zhipu-async explain 1113
  zhipu-async explain 1302 1305 429
"""
TASKS_EPILOG = """\
examples:
  zhipu-async tasks list tasks.sqlite3
  zhipu-async tasks resume tasks.sqlite3
  zhipu-async tasks wait videos:9000000000000000003
"""
COMPLETION_EPILOG = """\
examples:
  eval "$(zhipu-async completion bash)"      in ~/.bashrc
  eval "$(zhipu-async completion zsh)"       in ~/.zshrc, after compinit
  zhipu-async completion fish > ~/.config/fish/completions/zhipu-async.fish
"""


class Tree:
    """All commands by their words: `parsers["batch run"]`, `parsers[""]` for the whole."""

    def __init__(self) -> None:
        top = argparse.ArgumentParser(
            prog="zhipu-async",
            description=DESCRIPTION,
            epilog=EPILOG,
            formatter_class=Layout,
            allow_abbrev=False,
        )
        top.add_argument("--version", action="version", version=f"zhipu-async {__version__}")
        self.parsers: dict[str, argparse.ArgumentParser] = {"": top}
        self._grow()

    @property
    def top(self) -> argparse.ArgumentParser:
        """Return the parser of the whole line."""
        return self.parsers[""]

    def help_of(self, path: str) -> str:
        """Return what `--help` shows."""
        if path != "simulate":
            return self.parsers[path].format_help()
        from zhipu_async.simulator.serve import arguments

        return arguments().format_help()

    def _grow(self) -> None:
        commands = Commands(self.parsers, "")
        _chat(commands.parser("chat", "talk with a model", CHAT_EPILOG))
        _batch(Commands(self.parsers, commands.add("batch", "work off a file of requests")))
        _realtime(commands.parser("realtime", "ask in speech, and save what the model says", REALTIME_EPILOG))
        _tasks(Commands(self.parsers, commands.add("tasks", "find submitted tasks again", TASKS_EPILOG)))
        commands.add("simulate", "run the local platform, for any program to talk to")
        _doctor(commands.parser("doctor", "find out why nothing works"))
        _explain(commands.parser("explain", "say what the platform's error codes mean", EXPLAIN_EPILOG))
        _demo(commands.parser("demo", "show the main jobs in a minute, without a key"))
        _completion(commands.parser("completion", "print a completion script for a shell", COMPLETION_EPILOG))


class Commands:
    """Adds commands below one of the parsers."""

    def __init__(self, parsers: dict[str, argparse.ArgumentParser], path: str) -> None:
        self._all = parsers
        self._path = path
        self._below = parsers[path].add_subparsers(metavar="COMMAND", title="commands")
        parsers[path].set_defaults(command=_shows_help(parsers[path]))

    def add(self, name: str, summary: str, epilog: str | None = None) -> str:
        """Add a command and return its path. What is not given on the line stays unset: Chosen has the defaults."""
        path = f"{self._path} {name}".strip()
        self._all[path] = self._below.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=epilog,
            formatter_class=Layout,
            argument_default=argparse.SUPPRESS,
            allow_abbrev=False,
        )
        return path

    def parser(self, name: str, summary: str, epilog: str | None = None) -> argparse.ArgumentParser:
        """Add a command and return its parser."""
        return self._all[self.add(name, summary, epilog)]


def _chat(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_chat_command)
    parser.add_argument("question", nargs="*", help="ask this and leave; without it, a conversation")
    parser.add_argument("-m", "--model", help=f"default: {CHAT_MODEL}")
    parser.add_argument("-s", "--system", metavar="TEXT", help="what the model is told beforehand")
    parser.add_argument("--image", action="append", metavar="PATH", help="show a picture with the question")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="the most tokens to answer with")
    parser.add_argument("--thinking", action=TOGGLE, help="let the model think first, or not")
    parser.add_argument("--reasoning", action=TOGGLE, help="show what it thinks (default: in a terminal)")
    _shared(parser)


def _batch(commands: Commands) -> None:
    parser = commands.parser("run", "answer every line of a JSONL file", BATCH_EPILOG)
    parser.set_defaults(command=_batch_command)
    parser.add_argument("source", metavar="IN", type=Path, help="a JSONL file of requests")
    parser.add_argument("target", metavar="OUT", type=Path, help="a JSONL file for the answers")
    parser.add_argument("-m", "--model", help=f"for lines that name none (default: {CHAT_MODEL})")
    parser.add_argument("--via", choices=VIAS, help="calls, tasks, or batch files at half the price")
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run stopped")
    parser.add_argument("--overwrite", action="store_true", help="begin anew although OUT is there")
    parser.add_argument("--repeat", choices=REPEATS, help="what --resume sends again: what failed, what may have "
                        "arrived (and would be paid twice), or both")  # fmt: skip
    parser.add_argument("--concurrency", type=int, metavar="N", help="requests at one time, at most")
    _shared(parser)


def _realtime(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_realtime_command)
    parser.add_argument("sound", metavar="QUESTION", type=Path, help="a WAV file, 30 seconds at most")
    parser.add_argument("answer", metavar="ANSWER", type=Path, help="the WAV file to write")
    parser.add_argument("-m", "--model", help=f"default: {REALTIME_MODEL}")
    parser.add_argument("--voice", help="such as tongtong")
    parser.add_argument("--instructions", metavar="TEXT", help="what the model is told beforehand")
    _shared(parser)


def _tasks(commands: Commands) -> None:
    listed = commands.parser("list", "show what a ledger knows as unfinished; asks nobody")
    waited = commands.parser("wait", "wait for tasks by their references, and print their results")
    resumed = commands.parser("resume", "wait for every unfinished task of a ledger, and print their results")
    for parser, command in ((listed, _list_command), (waited, _wait_command), (resumed, _resume_command)):
        parser.set_defaults(command=command)
    waited.add_argument("refs", nargs="+", metavar="REF", help="as printed by `tasks list`")
    for parser in (listed, resumed):
        parser.add_argument("ledger", type=Path, help="the file given to AsyncZhipuAI(ledger=...)")
        parser.add_argument("--job", help="only this job")
    for parser in (waited, resumed):
        parser.add_argument("--timeout", type=float, metavar="SECONDS", help="for each task")
    for parser in (listed, waited, resumed):
        _shared(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_doctor_command)
    parser.add_argument("-m", "--model", help=f"the model to try (default: {CHAT_MODEL})")
    parser.add_argument(
        "--no-spend", dest="spend", action="store_false", help="do not ask for one token of an answer"
    )
    _shared(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_explain_command)
    parser.add_argument("codes", nargs="+", metavar="CODE", help="a code such as 1302, or an HTTP status")


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_demo_command)
    parser.add_argument("--quick", action="store_true", help="without the pauses for reading")


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_completion_command)
    parser.add_argument("shell", choices=SHELLS, help="the shell to print for")


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--local", action="store_true", help="talk to the embedded simulator: no key, no network"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--site", choices=SITES, help="the platform the key belongs to (default: bigmodel)")
    parser.add_argument("--plan", choices=PLANS, help="coding for a Coding Plan key (default: general)")
    parser.add_argument("--base-url", metavar="URL", help="another address")


# The commands themselves are imported when they run: `--help` should not wait for them.


def _shows_help(parser: argparse.ArgumentParser) -> Callable[[Chosen, Screen], int]:
    def show(chosen: Chosen, screen: Screen) -> int:
        parser.print_help(sys.stderr)
        return USAGE

    return show


def _chat_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.chat import chat

    return chat(chosen, screen)


def _batch_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.batch import batch

    return batch(chosen, screen)


def _realtime_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.realtime import realtime

    return realtime(chosen, screen)


def _list_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.tasks import show

    return show(chosen, screen)


def _wait_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.tasks import wait

    return wait(chosen, screen)


def _resume_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.tasks import resume

    return resume(chosen, screen)


def _doctor_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.doctor import doctor

    return doctor(chosen, screen)


def _explain_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.explain import explain_codes

    return explain_codes(chosen, screen)


def _demo_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.demo import demo

    return demo(chosen, screen)


def _completion_command(chosen: Chosen, screen: Screen) -> int:
    from zhipu_async.cli.completion import completion

    return completion(chosen, screen)
