"""OpenTelemetry (extra `otel`): spans and metrics after the GenAI semantic conventions. No prompt text, ever.

zhipu.observe(OpenTelemetry())
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.observe import CallRecord, TaskRecord

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["OpenTelemetry"]

SCOPE = "zhipu_async"
PROVIDER = "zhipu"
SECONDS_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TASK_SECONDS_BUCKETS = (1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 3600, 14400, 86400)
TOKEN_BUCKETS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)

# What the conventions call each family of endpoints; others go by their own name.
OPERATIONS = {
    "chat": "chat",
    "embeddings": "embeddings",
    "agents": "invoke_agent",
    "assistants": "invoke_agent",
}


class OpenTelemetry:
    """An observer that makes a client span of every call and of every task, and counts seconds and tokens."""

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError as exc:
            raise InvalidArgument("OpenTelemetry needs pip install 'zhipu-async[otel]'") from exc
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        self._seconds = meter.create_histogram(
            "gen_ai.client.operation.duration", "s", explicit_bucket_boundaries_advisory=SECONDS_BUCKETS
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", explicit_bucket_boundaries_advisory=TOKEN_BUCKETS
        )
        self._task_seconds = meter.create_histogram(
            "zhipu.task.duration", "s", explicit_bucket_boundaries_advisory=TASK_SECONDS_BUCKETS
        )
        self._spans: dict[int, Span] = {}
        # Of a task that is forgotten before its end nobody hears again.
        self._tasks: WeakKeyDictionary[TaskRecord, Span] = WeakKeyDictionary()

    def started(self, call: CallRecord) -> None:
        """Open the span."""
        from opentelemetry.trace import SpanKind

        name = f"{_operation(call)} {call.model}".rstrip()
        self._spans[id(call)] = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=_known_before(call)
        )

    def retrying(self, call: CallRecord, error: Exception, delay: float) -> None:
        """Note a failed attempt on the span."""
        span = self._spans.get(id(call))
        if span is not None:
            span.add_event("retry", {"error.type": type(error).__name__, "zhipu.delay": delay})

    def finished(self, call: CallRecord) -> None:
        """Close the span and count."""
        from opentelemetry.trace import Status, StatusCode

        span = self._spans.pop(id(call), None)
        if span is None:
            return
        span.set_attributes(_known_after(call))
        if call.error is not None:
            span.set_status(Status(StatusCode.ERROR, type(call.error).__name__))
        span.end(time.time_ns())
        self._count(call)

    def task_submitted(self, task: TaskRecord) -> None:
        """Open the span of a task, as a child of what submitted it."""
        self._tasks[task] = self._task_span(task)

    def task_ended(self, task: TaskRecord) -> None:
        """Close the span of a task and count."""
        from opentelemetry.trace import Status, StatusCode

        ended = time.time_ns()
        span = self._tasks.pop(task, None)
        if span is None:  # found again: the wait for it is all that was seen
            span = self._task_span(task, begun=ended - int(task.elapsed * 1e9))
        span.set_attributes({"zhipu.task.status": task.status, "zhipu.task.polls": task.polls})
        error = {"error.type": type(task.error).__name__} if task.error is not None else {}
        if task.error is not None:
            span.set_attributes(error)
            span.set_status(Status(StatusCode.ERROR, type(task.error).__name__))
        span.end(ended)
        if task.submitted_here:
            self._task_seconds.record(task.elapsed, {**_known_of(task), **error})

    def _task_span(self, task: TaskRecord, begun: int | None = None) -> Span:
        facts = {**_known_of(task), "zhipu.task.id": task.id}
        return self._tracer.start_span(f"task {task.kind}", start_time=begun, attributes=facts)

    def _count(self, call: CallRecord) -> None:
        shared = _known_before(call)
        error = {"error.type": type(call.error).__name__} if call.error is not None else {}
        self._seconds.record(call.elapsed, {**shared, **error})
        if call.usage is not None:
            tokens = _tokens(call)
            self._tokens.record(tokens[0], {**shared, "gen_ai.token.type": "input"})
            self._tokens.record(tokens[1], {**shared, "gen_ai.token.type": "output"})


def _operation(call: CallRecord) -> str:
    return OPERATIONS.get(call.endpoint.partition(".")[0], call.endpoint)


def _known_of(task: TaskRecord) -> Mapping[str, str]:
    return {
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.request.model": task.model,
        "zhipu.task.kind": task.kind,
    }


def _known_before(call: CallRecord) -> Mapping[str, str | int | float]:
    return {
        "gen_ai.operation.name": _operation(call),
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.request.model": call.model,
    }


def _known_after(call: CallRecord) -> Mapping[str, str | int | float]:
    facts: dict[str, str | int | float] = {
        "gen_ai.request.model": call.model,
        "http.response.status_code": call.status,
        "zhipu.attempts": call.attempts,
        "zhipu.request_id": call.request_id,
        "zhipu.log_id": call.log_id,
    }
    if call.usage is not None:
        facts["gen_ai.usage.input_tokens"], facts["gen_ai.usage.output_tokens"] = _tokens(call)
    if call.error is not None:
        facts["error.type"] = type(call.error).__name__
    return facts


def _tokens(call: CallRecord) -> tuple[int, int]:
    assert call.usage is not None
    prompt = int(call.usage.prompt_tokens)
    return prompt, int(call.usage.total_tokens) - prompt
