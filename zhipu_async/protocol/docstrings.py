"""What a docstring says: its first paragraph, and a sentence for each parameter. No I/O here."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

SECTION = re.compile(r"(?:Args|Arguments|Parameters|Params|Attributes|Fields|参数)\s*[:：]?$")
OTHER_SECTION = re.compile(
    r"(?:Returns?|Yields?|Raises|Examples?|Notes?|Warnings?|See Also|返回|异常|示例)\s*[:：]?$"
)
UNDERLINE = re.compile(r"[-=]{3,}$")
FIELD = re.compile(
    r":(?:param|parameter|arg|ivar)\s+(?:[^:\s][^:]*\s)?\*{0,2}(?P<name>\w+)\s*:\s*(?P<text>.*)"
)
OTHER_FIELD = re.compile(r":\w+[^:]*:")
GOOGLE = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\([^)]*\))?\s*[:：]\s*(?P<text>.*)")
NUMPY = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?::.*)?$")


class Documented(NamedTuple):
    """What a docstring says."""

    summary: str
    parameters: dict[str, str]


def parse(docstring: str | None) -> Documented:
    """Read a docstring in Google's, NumPy's or Sphinx' style; whatever does not fit is left out."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    return Documented(_summary(lines), {**_sections(lines), **_fields(lines)})


def _summary(lines: list[str]) -> str:
    """Everything before the first section, as paragraphs of one line."""
    kept: list[str] = []
    for line in lines:
        text = line.strip()
        if _is_section(text) or FIELD.match(text) or OTHER_FIELD.match(text):
            break
        kept.append(text)
    paragraphs = "\n".join(kept).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _is_section(text: str) -> bool:
    return bool(SECTION.match(text) or OTHER_SECTION.match(text))


def _sections(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for at, line in enumerate(lines):
        if SECTION.match(line.strip()):
            numpy = at + 1 < len(lines) and bool(UNDERLINE.match(lines[at + 1].strip()))
            body = _body(lines[at + 2 :] if numpy else lines[at + 1 :], numpy)
            found.update(_entries(body, NUMPY if numpy else GOOGLE))
    return found


def _body(lines: list[str], numpy: bool) -> list[str]:
    """The lines of one section: up to the next one, or, in Google's style, up to the end of the indent."""
    kept: list[str] = []
    for line in lines:
        if _is_section(line.strip()) or (line.strip() and not numpy and not line[0].isspace()):
            break
        kept.append(line)
    return kept


def _entries(lines: list[str], pattern: re.Pattern[str]) -> dict[str, str]:
    """Names at the section's own indent, their sentences behind them and below."""
    found: dict[str, str] = {}
    name = ""
    indent = min((_indent(line) for line in lines if line.strip()), default=0)
    for line in lines:
        match = pattern.match(line.strip()) if _indent(line) == indent else None
        if match:
            name = match["name"]
            found[name] = match.groupdict().get("text") or ""
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _fields(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.strip()
        match = FIELD.match(text)
        if match:
            name = match["name"]
            found[name] = match["text"]
        elif name and text and not OTHER_FIELD.match(text):
            found[name] = f"{found[name]} {text}".strip()
        else:
            name = ""
    return found
