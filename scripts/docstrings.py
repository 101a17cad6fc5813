"""Show the house's docstrings well: lines such as `limit: files in one page` become the list of parameters."""

from __future__ import annotations

import re

import griffe

ENTRY = re.compile(r"^(\w+(?:, \w+)*): (.+)$")


class Docstrings(griffe.Extension):
    """Rewrites docstrings as they are loaded."""

    def on_function_instance(self, *, func: griffe.Function, **kwargs: object) -> None:
        if func.docstring is not None:
            names = {parameter.name for parameter in func.parameters}
            func.docstring.value = rewritten(func.docstring.value, names)

    def on_class_members(self, *, cls: griffe.Class, **kwargs: object) -> None:
        if cls.docstring is None:
            return
        made = cls.members.get("__init__")
        if isinstance(made, griffe.Function):
            names = {parameter.name for parameter in made.parameters}
            cls.docstring.value = rewritten(cls.docstring.value, names)
        else:
            cls.docstring.value = rewritten(cls.docstring.value, set(cls.members), "Attributes")


def rewritten(docstring: str, names: set[str], section: str = "Args") -> str:
    """Return the docstring with its entries gathered in a section at the end."""
    prose: list[str] = []
    entries: list[str] = []
    open_entry = False
    for line in docstring.splitlines():
        found = ENTRY.match(line)
        if found and names.issuperset(found[1].split(", ")):
            entries += (f"    {name}: {found[2]}" for name in found[1].split(", "))
            open_entry = True
        elif open_entry and line.startswith("    "):
            entries.append(f"    {line}")
        else:
            open_entry = False
            prose.append(line)
    if entries:
        prose += ["", f"{section}:", *entries]
    return "\n".join(prose).strip()
