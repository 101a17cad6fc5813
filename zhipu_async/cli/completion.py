"""`zhipu-async completion`: scripts for shells, made from what `--help` shows, so that both say the same."""

from __future__ import annotations

import re

from zhipu_async.cli.arguments import EXAMPLES, Tree
from zhipu_async.cli.chosen import OK, Chosen
from zhipu_async.cli.screen import Screen

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
CHOICES = re.compile(r"^  \{([a-z,]+)\}", re.MULTILINE)
"""A positional argument that takes one of some words."""

BASH = """\
_zhipu_async() {{
    local words
    case "${{COMP_WORDS[*]:1:$((COMP_CWORD - 1))}} " in
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _zhipu_async zhipu-async
"""
ZSH = """\
autoload -U +X bashcompinit && bashcompinit
"""
FISH = """\
function __zhipu_async_words
    switch (string join ' ' (commandline -opc)[2..])' '
{cases}
    end
end
complete -c zhipu-async -a '(__zhipu_async_words)'
"""


def completion(chosen: Chosen, screen: Screen) -> int:
    """Print the script for one shell."""
    scripts = {"bash": bash, "zsh": zsh, "fish": fish}
    screen.say(scripts[chosen.shell](vocabulary()), end="")
    return OK


def vocabulary() -> dict[str, list[str]]:
    """Return what can follow each command, the longest commands first."""
    tree = Tree()
    paths = sorted(tree.parsers, key=lambda path: -len(path.split()))
    return {path: [*_commands(path, paths), *_options(tree.help_of(path))] for path in paths}


def bash(words: dict[str, list[str]]) -> str:
    """Return the script for bash."""
    cases = (f"    {_pattern(path)}) words='{' '.join(known)}' ;;" for path, known in words.items())
    return BASH.format(cases="\n".join(cases))


def zsh(words: dict[str, list[str]]) -> str:
    """Return the script for zsh, which understands that of bash."""
    return ZSH + bash(words)


def fish(words: dict[str, list[str]]) -> str:
    """Return the script for fish."""
    cases = (
        f"        case {_quoted(path)}\n            printf '%s\\n' {' '.join(known)}"
        for path, known in words.items()
    )
    return FISH.format(cases="\n".join(cases))


def _pattern(path: str) -> str:
    return f'"{path} "*' if path else "*"


def _quoted(path: str) -> str:
    return f"'{path} *'" if path else "'*'"


def _commands(path: str, paths: list[str]) -> list[str]:
    before = path.split()
    return sorted(other.split()[-1] for other in paths if other and other.split()[:-1] == before)


def _options(text: str) -> list[str]:
    shown = text.partition(EXAMPLES)[0]
    choices = [word for found in CHOICES.findall(shown) for word in found.split(",")]
    return [*choices, *sorted(set(OPTION.findall(shown)))]
