"""Work that takes its time: submitted tasks, their tickets and their ends. No I/O here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .faults import Fault, NeverEnds, TaskFails
from .refusals import Refusal
from .shapes import Body

if TYPE_CHECKING:
    from collections.abc import Callable

    from .operation import Ask

State = Literal["running", "done", "failed"]


class Life:
    """One piece of work that ends after some seconds; without a pace, after it was looked at some times."""

    def __init__(self, seconds: float, *, pace: float, looks: int, fault: Fault | None = None) -> None:
        self.fault = fault
        self._ends = time.monotonic() + seconds * pace if pace else None
        self._looks_left = looks

    def look(self) -> State:
        """Say how the work stands; a look counts."""
        if isinstance(self.fault, NeverEnds) or not self._time_is_over():
            return "running"
        return "failed" if isinstance(self.fault, TaskFails) else "done"

    def _time_is_over(self) -> bool:
        if self._ends is not None:
            return time.monotonic() >= self._ends
        self._looks_left -= 1
        return self._looks_left < 0

    @property
    def ended(self) -> bool:
        """Whether it is over already; asking is not a look."""
        if isinstance(self.fault, NeverEnds):
            return False
        return time.monotonic() >= self._ends if self._ends is not None else self._looks_left < 0


@dataclass(slots=True)
class Task:
    """A submitted task: what the ticket said, and how it will come out."""

    id: str
    request_id: str
    model: str
    key: str
    life: Life
    result: Callable[[], Body]


class Tasks:
    """Every task of `GET /paas/v4/async-result/{id}`; agents and parsers keep theirs here too, under another kind."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[str, str], Task] = {}
        self._open: dict[tuple[str, str], list[Task]] = {}

    def start(
        self,
        ask: Ask,
        result: Callable[[], Body],
        *,
        seconds: float,
        kind: str = "async-result",
        model: str | None = None,
    ) -> Task:
        """Take a submission; `result` makes the members that the finished task adds, `model` is what it is told."""
        life = ask.platform.life(seconds, ask.script.fault if ask.script else None)
        task = Task(ask.platform.new_task_id(), ask.request_id, model or ask.model, ask.key, life, result)
        self._by_id[kind, task.id] = task
        self._open.setdefault((ask.key, ask.model.lower()), []).append(task)
        return task

    def running(self, key: str, model: str) -> int:
        """How many tasks of this key and model have not ended."""
        place = (key, model)
        if place not in self._open:
            return 0
        self._open[place] = [task for task in self._open[place] if not task.life.ended]
        return len(self._open[place])

    def find(self, key: str, task_id: str, *, kind: str = "async-result") -> Task:
        """Give the task, or refuse with 1214: another key's tasks do not exist for this one."""
        task = self._by_id.get((kind, task_id))
        if task is None or task.key != key:
            raise Refusal("1214", "There is no task with this id")
        return task

    def look(self, key: str, task_id: str, *, kind: str = "async-result") -> tuple[Task, State]:
        """Look at a task once, as a poll does."""
        task = self.find(key, task_id, kind=kind)
        return task, task.life.look()


def ticket(task: Task) -> Body:
    """What a submission is answered with."""
    return {"id": task.id, "request_id": task.request_id, "model": task.model, "task_status": "PROCESSING"}


def outcome(task: Task, state: State) -> Body:
    """What a poll is answered with; the model is null while the task runs."""
    if state == "running":
        return {"id": task.id, "request_id": task.request_id, "model": None, "task_status": "PROCESSING"}
    head: Body = {"id": task.id, "request_id": task.request_id, "model": task.model}
    if state == "done":
        return {**head, "task_status": "SUCCESS", **task.result()}
    fault = task.life.fault
    assert isinstance(fault, TaskFails)  # the only way to "failed"
    return {**head, "task_status": fault.status, "error": {"code": fault.code, "message": fault.message}}
