"""Spans and metrics."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.hostile import Answer, error, hostile, reply
from zhipu_async import AsyncZhipuAI
from zhipu_async.errors import BadRequestError, TaskFailed
from zhipu_async.otel import OpenTelemetry

ANSWER = {
    "choices": [{"message": {"role": "assistant", "content": "an answer"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
}


class Telemetry:
    """Where spans and metrics of one test end up."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.observer = OpenTelemetry(tracer_provider=traces, meter_provider=MeterProvider([self.reader]))

    @property
    def span(self) -> ReadableSpan:
        """Return the only span."""
        (span,) = self.exporter.get_finished_spans()
        return span

    def counted(self, name: str) -> int:
        """Return how often a histogram was added to."""
        read = self.reader.get_metrics_data()
        metrics = read.resource_metrics[0].scope_metrics[0].metrics if read is not None else ()
        points = [point for each in metrics if each.name == name for point in each.data.data_points]
        return sum(point.count for point in points if isinstance(point, HistogramDataPoint))


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


async def test_a_call_is_a_client_span_without_its_text(telemetry: Telemetry) -> None:
    async with (
        hostile(error("500", 500), reply(ANSWER)) as server,
        AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu,
    ):
        zhipu._calls.random = lambda: 0.0  # pyright: ignore[reportPrivateUsage]
        zhipu.observe(telemetry.observer)
        await zhipu.chat.completions.create(model="glm-4.7", messages="a prompt")
    span = telemetry.span
    assert (span.name, span.kind) == ("chat glm-4.7", SpanKind.CLIENT)
    assert span.attributes is not None
    assert span.attributes["gen_ai.usage.input_tokens"] == 3
    assert span.attributes["gen_ai.usage.output_tokens"] == 4
    assert span.attributes["zhipu.attempts"] == 2
    assert [event.name for event in span.events] == ["retry"]
    assert "a prompt" not in span.to_json()
    assert "an answer" not in span.to_json()


async def test_a_failed_call_is_a_failed_span(telemetry: Telemetry) -> None:
    async with hostile(error("1211", 400)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        zhipu.observe(telemetry.observer)
        with pytest.raises(BadRequestError):
            await zhipu.chat.completions.create(model="nope", messages="x")
    span = telemetry.span
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "BadRequestError"


async def test_seconds_and_tokens_are_counted(telemetry: Telemetry) -> None:
    async with hostile(reply(ANSWER)) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        zhipu.observe(telemetry.observer)
        await zhipu.chat.completions.create(model="glm-4.7", messages="x")
    read = telemetry.reader.get_metrics_data()
    assert read is not None
    metrics = {metric.name: metric for metric in read.resource_metrics[0].scope_metrics[0].metrics}
    assert set(metrics) == {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}
    sums: dict[object, float] = {}
    for point in metrics["gen_ai.client.token.usage"].data.data_points:
        assert isinstance(point, HistogramDataPoint)
        assert point.attributes is not None
        sums[point.attributes["gen_ai.token.type"]] = point.sum
    assert sums == {"input": 3, "output": 4}


def receipt(status: str) -> Answer:
    return reply(
        {"id": "9000", "model": "glm-4.7", "task_status": status, **(ANSWER if status == "SUCCESS" else {})}
    )


async def test_a_task_is_a_span_from_its_submission_to_its_end(telemetry: Telemetry) -> None:
    every = [receipt(status) for status in ("PROCESSING", "PROCESSING", "SUCCESS")]
    async with hostile(*every) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        zhipu.tasks.polling.scale = 0.001
        zhipu.observe(telemetry.observer)
        await (await zhipu.chat.completions.submit(model="glm-4.7", messages="a prompt"))
    (span,) = [each for each in telemetry.exporter.get_finished_spans() if each.name == "task chat"]
    assert span.attributes is not None
    assert span.attributes["zhipu.task.id"] == "9000"
    assert (span.attributes["zhipu.task.status"], span.attributes["zhipu.task.polls"]) == ("SUCCESS", 2)
    assert telemetry.counted("zhipu.task.duration") == 1


async def test_a_task_that_was_found_again_and_failed_is_a_failed_span(telemetry: Telemetry) -> None:
    async with hostile(receipt("FAIL")) as server, AsyncZhipuAI("a.b", base_url=server.base_url) as zhipu:
        zhipu.observe(telemetry.observer)
        with pytest.raises(TaskFailed):
            await zhipu.tasks.attach("chat:9000")
    (span,) = [each for each in telemetry.exporter.get_finished_spans() if each.name == "task chat"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= span.end_time
    assert telemetry.counted("zhipu.task.duration") == 0
