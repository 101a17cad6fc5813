"""Which operation a path belongs to, and what the gateway says where there is none. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from .operation import Operation, Whole

API = "/api"
CODING = "/coding/paas/v4"
GENERAL = "/paas/v4"
JOINED_BY_MISTAKE = "/paas/v4/v1/agents"
"""The vendor's SDK joins `/v1/agents` onto its base URL; let it through, so that it can be tried here."""


@dataclass(frozen=True, slots=True)
class Route:
    operation: Operation
    params: Mapping[str, str]
    coding: bool = False


class Routes:
    """The table of operations, looked up by method and path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._exact: dict[tuple[str, str], Operation] = {}
        self._patterns: list[tuple[list[str], Operation]] = []
        self.models: set[str] = set()
        """Every model name that some operation answers to."""
        for operation in operations:
            self.models |= operation.models
            if "{" in operation.path:
                self._patterns.append((operation.path.split("/"), operation))
            else:
                self._exact[operation.method, operation.path] = operation

    def find(self, method: str, path: str) -> Route | Whole:
        """Give the operation and the variables of its path, or the gateway's answer that there is none."""
        inner = path.removeprefix(API) if path.startswith(API + "/") else ""
        coding = inner.startswith(CODING + "/")
        if coding:
            inner = GENERAL + inner[len(CODING) :]
        if inner.startswith(JOINED_BY_MISTAKE):
            inner = inner.removeprefix(GENERAL)
        operation = self._exact.get((method, inner))
        if operation is not None:
            return Route(operation, {}, coding)
        return self._by_pattern(method, inner, coding) or self.nothing_there(method, path, inner)

    def _by_pattern(self, method: str, inner: str, coding: bool) -> Route | None:
        segments = inner.split("/")
        for pattern, operation in self._patterns:
            if operation.method == method and len(pattern) == len(segments):
                params = variables(pattern, segments)
                if params is not None:
                    return Route(operation, params, coding)
        return None

    def nothing_there(self, method: str, path: str, inner: str) -> Whole:
        """Imitate the three ways in which the gateway says so."""
        if any(self._exact.get((other, inner)) for other in ("GET", "POST", "PUT", "DELETE")):
            return Whole({"status": 405, "error": "Method Not Allowed", "path": inner[5:]}, 405)
        if inner.startswith(GENERAL):
            return Whole({"status": 404, "error": "Not Found", "path": inner.removeprefix("/paas")}, 404)
        return Whole({"code": 500, "msg": "404 NOT_FOUND", "success": False})


def variables(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    """Match one path against one pattern, segment by segment."""
    found: dict[str, str] = {}
    for wanted, actual in zip(pattern, segments, strict=True):
        if wanted.startswith("{") and actual:
            found[wanted[1:-1]] = unquote(actual)
        elif wanted != actual:
            return None
    return found
