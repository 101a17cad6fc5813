"""What the simulated services say: the script's words where a test gave some, else plausible ones. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .writing import count, pieces

if TYPE_CHECKING:
    from .operation import Ask
    from .shapes import Body


def say(ask: Ask, plausible: str) -> str:
    """Give the text of the script, or the plausible one."""
    return "".join(say_in_pieces(ask, plausible))


def say_in_pieces(ask: Ask, plausible: str) -> list[str]:
    """Give the text cut for a stream: as the script cut it, else in tokens."""
    script = ask.script
    if script is not None and script.pieces is not None:
        return list(script.pieces)
    if script is not None and script.text is not None:
        return pieces(script.text)
    return pieces(plausible)


def usage(asked: str, answered: str) -> Body:
    """Count the tokens of both sides."""
    prompt, completion = count(asked), count(answered)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def quirk(ask: Ask, ways: int = 2) -> int:
    """Choose between the ways in which the platform may answer; seed 0 gives the one its samples show."""
    return ask.platform.seed % ways
