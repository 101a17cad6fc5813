"""Annotations of what goes over the wire can be read at run time, as web frameworks and containers do."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import get_type_hints

import pytest

from zhipu_async import types

# pathlib is three milliseconds of every start, and few programs come across these.
NAME_A_PATH = {"MediaPart", "Linked.save", "Savable.save"}


def annotated() -> Iterator[tuple[str, Callable[..., object]]]:
    for found in pkgutil.iter_modules(types.__path__, f"{types.__name__}."):
        for name, kind in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
            if kind.__module__ == found.name:
                yield name, kind
                yield from ((f"{name}.{each}", method) for each, method in methods(kind))


def methods(kind: type[object]) -> Iterator[tuple[str, Callable[..., object]]]:
    return (
        (name, value)
        for name, value in vars(kind).items()
        if inspect.isfunction(value) and not name.startswith("_")
    )


@pytest.mark.parametrize(
    "annotated",
    [each for name, each in annotated() if name not in NAME_A_PATH],
    ids=lambda each: each.__qualname__,
)
def test_annotations_are_there_at_run_time(annotated: Callable[..., object]) -> None:
    assert get_type_hints(annotated) is not None
