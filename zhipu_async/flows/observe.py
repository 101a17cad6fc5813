"""What happens, told to whoever listens: logging, usage totals, OpenTelemetry are observers. No prompt text, no key."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

import msgspec

from zhipu_async.errors import InvalidType

log: logging.Logger = logging.getLogger("zhipu_async")
log.addHandler(logging.NullHandler())  # else warnings would be printed where nobody set logging up


@runtime_checkable
class TokenUsage(Protocol):
    """What the usage of every reply has in common."""

    @property
    def prompt_tokens(self) -> int | float:
        """Return the tokens that went in."""
        ...

    @property
    def total_tokens(self) -> int | float:
        """Return the tokens that were counted in all."""
        ...


class CallRecord(msgspec.Struct, eq=False):
    """One call as observers see it; the same object from its start to its end."""

    endpoint: str
    model: str
    stream: bool
    started: float
    request_id: str = ""
    log_id: str = ""
    attempts: int = 0
    status: int = 0
    elapsed: float = 0.0
    usage: TokenUsage | None = None
    error: BaseException | None = None


class TaskRecord(msgspec.Struct, eq=False, weakref=True):
    """One task as observers see it; the same object from its submission to its end."""

    kind: str
    id: str
    ref: str
    """What `zhipu.tasks.attach` takes."""
    model: str
    started: float
    submitted_here: bool = False
    """False for a task that was found again: then `started` is when somebody began to wait for it."""
    polls: int = 0
    status: str = ""
    """The platform's last word."""
    elapsed: float = 0.0
    error: BaseException | None = None


class Observer(Protocol):
    """Listens to calls. It must not block: it runs in the caller's loop.

    One that also has `task_submitted(task: TaskRecord)` or `task_ended(task: TaskRecord)` hears of tasks: when the
    platform gave an id, and when a wait saw the end, good or bad. A wait that ends before its task tells nothing.
    """

    def started(self, call: CallRecord) -> None:
        """Hear of a call before its first attempt."""
        ...

    def retrying(self, call: CallRecord, error: Exception, delay: float) -> None:
        """Hear that an attempt failed and when the next one begins."""
        ...

    def finished(self, call: CallRecord) -> None:
        """Hear of the end; `call.error` is None when all went well."""
        ...


NEEDED = ("started", "retrying", "finished")


class Observers:
    """Tells all observers; what one of them raises is logged and hurts nobody."""

    def __init__(self, *observers: Observer, ends: Callable[[CallRecord], None]) -> None:
        self.all: list[Observer] = list(observers)
        self._ends = ends  # what the client itself wants to know of the end of each call

    def add(self, observer: Observer) -> None:
        """Tell one more."""
        if missing := [name for name in NEEDED if not callable(getattr(observer, name, None))]:
            raise InvalidType(
                f"an observer needs the method {missing[0]}(); {type(observer).__name__} has none"
            )
        self.all.append(observer)

    def started(self, call: CallRecord) -> None:
        """Tell of a call before its first attempt."""
        for observer in self.all:
            try:
                observer.started(call)
            except Exception:  # an observer's fault must not cost a paid call
                log.exception("an observer failed")

    def retrying(self, call: CallRecord, error: Exception, delay: float) -> None:
        """Tell of a failed attempt."""
        for observer in self.all:
            try:
                observer.retrying(call, error, delay)
            except Exception:  # as above
                log.exception("an observer failed")

    def finished(self, call: CallRecord) -> None:
        """Tell of the end."""
        self._ends(call)
        for observer in self.all:
            try:
                observer.finished(call)
            except Exception:  # as above
                log.exception("an observer failed")

    def task_submitted(self, task: TaskRecord) -> None:
        """Tell of a task that now has an id."""
        self._tell("task_submitted", task)

    def task_ended(self, task: TaskRecord) -> None:
        """Tell of a task whose end was seen."""
        self._tell("task_ended", task)

    def _tell(self, moment: str, task: TaskRecord) -> None:
        for observer in self.all:
            hear: object = getattr(observer, moment, None)  # most observers listen to calls only
            try:
                if callable(hear):
                    hear(task)
            except Exception:  # as above
                log.exception("an observer failed")


class Logging:
    """Writes one line per attempt to the logger `zhipu_async`; silent unless the level is DEBUG or INFO.

    Tasks are told of at INFO: a task that nobody can name any more is paid for in vain.
    """

    def started(self, call: CallRecord) -> None:
        """Say what begins."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s %s begins", call.endpoint, call.model)

    def retrying(self, call: CallRecord, error: Exception, delay: float) -> None:
        """Say what failed and what comes next."""
        log.info("%s %s: %s; again in %.1f s", call.endpoint, call.model, _brief(error), delay)

    def finished(self, call: CallRecord) -> None:
        """Say how it ended."""
        if not log.isEnabledFor(logging.DEBUG):
            return
        outcome = _brief(call.error) if call.error else f"HTTP {call.status}"
        log.debug(
            "%s %s: %s after %.3f s, %d attempts, request_id %s, log id %s",
            *(call.endpoint, call.model, outcome, call.elapsed, call.attempts, call.request_id, call.log_id),
        )

    def task_submitted(self, task: TaskRecord) -> None:
        """Say which id it has."""
        log.info("task %s submitted", task.ref)

    def task_ended(self, task: TaskRecord) -> None:
        """Say how it ended."""
        outcome = f"ended as {task.status}" if task.error is None else f"failed: {_brief(task.error)}"
        log.info("task %s %s after %.1f s, %d polls", task.ref, outcome, task.elapsed, task.polls)


class UsageTotals(Mapping[str, "ModelUsage"]):
    """The tokens that a client has used, per model: `zhipu.usage["glm-4.7"].total_tokens`."""

    def __init__(self) -> None:
        self._models: dict[str, ModelUsage] = {}

    def __getitem__(self, model: str) -> ModelUsage:
        return self._models[model]

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._models))

    def __len__(self) -> int:
        return len(self._models)

    def __repr__(self) -> str:
        return f"UsageTotals({', '.join(f'{model}: {usage}' for model, usage in self._models.items())})"

    def add(self, call: CallRecord) -> None:
        """Add what a call that has ended says was used."""
        model, usage = call.model, call.usage
        if not model:
            return
        totals = self._models.get(model) or self._models.setdefault(model, ModelUsage())
        totals.calls += 1
        if call.error is not None:
            totals.errors += 1
        if usage is not None:
            totals.prompt_tokens += int(usage.prompt_tokens)
            totals.total_tokens += int(usage.total_tokens)


class ModelUsage(msgspec.Struct):
    """What was used of one model."""

    calls: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    total_tokens: int = 0

    @property
    def completion_tokens(self) -> int:
        """Return the tokens that came out."""
        return self.total_tokens - self.prompt_tokens


def _brief(error: BaseException) -> str:
    return type(error).__name__ if not isinstance(error, Exception) else f"{type(error).__name__}: {error}"


def configure_logging(level: str) -> None:
    """Write the library's log to stderr when ZHIPU_LOG asks for it; otherwise the application decides."""
    names = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}
    wanted = names.get(level.strip().lower())
    if wanted is None or any(not isinstance(handler, logging.NullHandler) for handler in log.handlers):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(wanted)
