"""Every kind of task: where it is asked about, how its answer reads."""

from __future__ import annotations

import msgspec
import pytest

from zhipu_async.errors import InvalidArgument, MaybeSubmitted
from zhipu_async.protocol import kinds
from zhipu_async.protocol.decoding import convert
from zhipu_async.protocol.kinds import Place, Reading, explained, failure, kind_named
from zhipu_async.protocol.schedule import Phase
from zhipu_async.types.base import Meta, attach
from zhipu_async.types.tasks import TaskReceipt, TaskRef

ANSWERS: list[tuple[str, dict[str, object], Phase]] = [
    ("chat", {"task_status": "PROCESSING", "model": None}, Phase.RUNNING),
    ("chat", {"task_status": "SUCCESS", "choices": [{"message": {"content": "Hi"}}]}, Phase.SUCCEEDED),
    ("chat", {"choices": [{"message": {"content": "Hi"}}]}, Phase.SUCCEEDED),
    ("chat", {"task_status": "FAIL"}, Phase.FAILED),
    ("chat", {"task_status": "FAILED"}, Phase.FAILED),
    ("chat", {"task_status": "SUCCESS", "choices": [{"finish_reason": "network_error"}]}, Phase.FAILED),
    ("images", {"image_result": [{"url": "https://example.org/a.png"}]}, Phase.SUCCEEDED),
    ("images", {"task_status": "processing"}, Phase.RUNNING),
    (
        "videos",
        {"task_status": "SUCCESS", "video_result": [{"url": "https://example.org/v.mp4"}]},
        Phase.SUCCEEDED,
    ),
    ("videos", {"task_status": "STEAMING"}, Phase.UNKNOWN),
    ("videos", {"video_result": []}, Phase.UNKNOWN),
    ("file_parser", {"status": "processing", "content": None, "parsing_result_url": None}, Phase.RUNNING),
    ("file_parser", {"status": "succeeded", "content": "# Title"}, Phase.SUCCEEDED),
    ("file_parser", {"status": "failed", "message": "broken"}, Phase.FAILED),
    ("agents", {"status": "pending"}, Phase.RUNNING),
    ("agents", {"status": "success", "choices": [{"messages": []}]}, Phase.SUCCEEDED),
    ("agents", {"status": "failed", "error": {"code": "1", "message": "no"}}, Phase.FAILED),
    ("batches", {"status": "validating"}, Phase.RUNNING),
    ("batches", {"status": "cancelling"}, Phase.RUNNING),
    ("batches", {"status": "completed", "output_file_id": "f"}, Phase.SUCCEEDED),
    ("batches", {"status": "expired", "output_file_id": "f"}, Phase.SUCCEEDED),
    ("batches", {"status": "cancelled", "output_file_id": "", "error_file_id": None}, Phase.FAILED),
]


@pytest.mark.parametrize(("name", "answer", "phase"), ANSWERS)
def test_every_answer_of_the_pages_reads_as_a_phase(
    name: str, answer: dict[str, object], phase: Phase
) -> None:
    kind = kind_named(name)
    reading: Reading = kind.read(convert(answer, kind.poll.reply))
    assert reading.phase is phase


@pytest.mark.parametrize(
    ("ref", "place"),
    [
        (TaskRef[object]("videos", "9"), Place({"id": "9"})),
        (TaskRef[object]("file_parser", "t1"), Place({"id": "t1", "format": "text"})),
        (
            TaskRef[object]("file_parser", "t1", {"format": "download_link"}),
            Place({"id": "t1", "format": "download_link"}),
        ),
        (
            TaskRef[object]("agents", "a=", {"agent_id": "doc"}),
            Place({}, {"async_id": "a=", "agent_id": "doc"}),
        ),
    ],
)
def test_a_reference_says_where_to_ask(ref: TaskRef[object], place: Place) -> None:
    assert kind_named(ref.kind).place(ref) == place


@pytest.mark.parametrize(
    ("receipt", "task_id"),
    [
        (TaskReceipt(id="9000", model="cogvideox-3", task_status="PROCESSING"), "9000"),
        (TaskReceipt(task_id="t1"), "t1"),
        (TaskReceipt(id="request", async_id="VHJ=", agent_id="doc"), "VHJ="),
    ],
)
def test_the_id_is_found_under_each_name(receipt: TaskReceipt, task_id: str) -> None:
    assert kinds.VIDEOS.ref_of(receipt, {}, {}).id == task_id


def test_a_reference_keeps_what_polling_needs_again() -> None:
    fields = {"agent_id": "doc", "messages": [{"role": "user", "content": "secret"}], "conversation_id": None}
    ref = kinds.AGENTS.ref_of(TaskReceipt(async_id="a"), fields, {"format": "x"})
    assert ref.extra == {"agent_id": "doc", "format": "x"}


def test_a_receipt_without_an_id_may_have_been_paid_for() -> None:
    with pytest.raises(MaybeSubmitted, match="no id"):
        kinds.VIDEOS.ref_of(TaskReceipt(), {}, {})


def test_an_unknown_kind_is_named_beside_the_known_ones() -> None:
    with pytest.raises(InvalidArgument, match="videos"):
        kind_named("vidoes")


def test_a_name_in_the_table_is_the_kinds_own() -> None:
    assert all(kind.name == name for name, kind in kinds.KINDS.items())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"error": {"code": "1301", "message": "unsafe"}}, ("1301", "unsafe")),
        ({"error": {"code": 1301, "msg": "unsafe"}}, ("1301", "unsafe")),
        ({"error": "unsafe"}, ("", "unsafe")),
        ({"message": "unsafe"}, ("", "unsafe")),
        ({"code": 500, "msg": "unsafe"}, ("500", "unsafe")),
        ({"errors": {"object": "list", "data": [{"code": "x", "message": "line 3"}]}}, ("x", "line 3")),
        ({"errors": [{"message": "line 3"}]}, ("", "line 3")),
        ({"errors": {"data": []}, "error": {}}, ("", "")),
        ({"error": "", "task_status": "FAIL"}, ("", "")),
    ],
)
def test_the_reason_is_found_wherever_it_stands(answer: dict[str, object], reason: tuple[str, str]) -> None:
    assert explained(answer) == reason


def test_a_failure_carries_the_platforms_whole_answer() -> None:
    answer = {
        "id": "9",
        "task_status": "FAILED",
        "error": {"code": "1301", "message": "unsafe"},
        "extra": [1],
    }
    reply = convert(answer, kinds.VIDEOS.poll.reply)
    attach(reply, Meta(log_id="log-1", request_id="req-1"), msgspec.json.encode(answer))
    error = failure(kinds.VIDEOS, TaskRef("videos", "9"), reply, "FAILED")
    assert msgspec.json.decode(error.body) == answer
    assert (error.code, error.message, error.status, error.task_id) == ("1301", "unsafe", "FAILED", "9")
    assert (error.log_id, error.request_id) == ("log-1", "req-1")
