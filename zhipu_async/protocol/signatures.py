"""What `help()` and editors show for a method that takes its keywords as one typed bundle. No I/O here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import ForwardRef, TypeVar

F = TypeVar("F", bound=Callable[..., object])


class NotGiven(Enum):
    """The default that `help()` shows: None would be a lie for options that take None."""

    NOT_GIVEN = "..."

    def __repr__(self) -> str:
        return "..."


NOT_GIVEN = NotGiven.NOT_GIVEN


def expanded(bundle: type) -> Callable[[F], F]:
    """Write the members of the bundle into the signature, in place of its `**params`."""

    def write(method: F) -> F:
        vars(method)["__signature__"] = _expand(inspect.signature(method), bundle)
        return method

    return write


def _expand(signature: inspect.Signature, bundle: type) -> inspect.Signature:
    written = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    bundled = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=NOT_GIVEN, annotation=annotation)
        for name, annotation in _annotations(bundle)
    ]
    return signature.replace(parameters=[*written, *bundled])


def _annotations(bundle: type) -> list[tuple[str, str]]:
    # Left as the text of the source: resolving thirty annotations at import costs more than anyone reads.
    return [(name, _source(annotation)) for name, annotation in inspect.get_annotations(bundle).items()]


def _source(annotation: object) -> str:
    return annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else str(annotation)
