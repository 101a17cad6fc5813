"""References survive text and pickles; outcomes say how it went; batches read in every form."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as some

from zhipu_async.errors import InvalidArgument, TaskFailed
from zhipu_async.protocol.decoding import convert
from zhipu_async.types.agents import AgentReply
from zhipu_async.types.base import Reply
from zhipu_async.types.batches import Batch, RequestCounts
from zhipu_async.types.images import ImageResult
from zhipu_async.types.tasks import Outcome, TaskRef
from zhipu_async.types.videos import VideoResult

TEXT = some.text(some.characters(codec="utf-8"), min_size=1)


@given(task_id=TEXT, extra=some.dictionaries(TEXT, TEXT, max_size=3))
def test_a_reference_survives_its_text(task_id: str, extra: dict[str, str]) -> None:
    ref = TaskRef[object]("videos", task_id, extra)
    assert TaskRef.parse(str(ref)) == ref


def test_a_reference_reads_as_kind_and_id() -> None:
    assert str(TaskRef[object]("videos", "9000", {"model": "cogvideox-3"})) == "videos:9000?model=cogvideox-3"


def test_a_reference_pickles_and_hashes() -> None:
    ref = TaskRef[object]("agents", "VHJ=", {"agent_id": "doc"})
    assert pickle.loads(pickle.dumps(ref)) == ref
    assert len({ref, TaskRef[object]("agents", "VHJ=", {"agent_id": "doc"})}) == 1


@pytest.mark.parametrize("text", ["", "9000", "videos:", ":9000", "videos:?model=x"])
def test_text_that_is_no_reference_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidArgument, match="videos:9000"):
        TaskRef.parse(text)


def test_an_outcome_gives_its_result() -> None:
    outcome = Outcome(ref=TaskRef("videos", "9", {"model": "glm-4.6"}), value=VideoResult(model="glm-4.7"))
    assert outcome.ok
    assert outcome.id == "9"
    assert (outcome.requested_model, outcome.served_model) == ("glm-4.6", "glm-4.7")
    assert outcome.result.video_result == []


def test_an_outcome_with_an_error_raises_it() -> None:
    outcome: Outcome[VideoResult] = Outcome(key="7", error=TaskFailed("no", task_id="9"))
    assert not outcome.ok
    assert outcome.id == "7"
    assert (outcome.requested_model, outcome.served_model) == ("", "")
    with pytest.raises(TaskFailed):
        outcome.result  # noqa: B018


def test_an_outcome_shows_no_model_output_in_the_debugger() -> None:
    assert "secret" not in repr(Outcome(value="secret words"))


def test_links_have_a_shortcut() -> None:
    assert VideoResult().url == ""
    assert convert({"image_result": [{"url": "u"}]}, ImageResult).url == "u"
    assert convert({"video_result": [{"url": "u", "cover_image_url": "c"}]}, VideoResult).url == "u"
    assert ImageResult().url == ""


@pytest.mark.parametrize(
    "answer",
    [
        {"request_counts": {"total": 5, "completed": 3, "failed": 2}},
        {"request_counts": 5, "total": 5, "completed": 3, "failed": 2},
        {"request_counts": 5, "completed": 3, "failed": 2},
        {"request_counts": None, "total": 5, "completed": 3, "failed": 2},
        {"request_counts": {"total": "5", "completed": "3", "failed": 2}},
    ],
)
def test_the_counts_of_a_batch_read_alike_in_every_form(answer: dict[str, object]) -> None:
    assert convert(answer, Batch).request_counts == RequestCounts(total=5, completed=3, failed=2)


@pytest.mark.parametrize("moment", [1760000000, 1760000000000])
def test_the_times_of_a_batch_are_seconds(moment: int) -> None:
    batch = convert({"created_at": moment, "completed_at": None}, Batch)
    assert (batch.created_at, batch.completed_at) == (1760000000, 0)


@pytest.mark.parametrize(
    "choice",
    [
        {"messages": [{"content": {"type": "text", "text": "hi"}}]},
        {"message": {"content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]}},
        {"messages": [{"content": "hi"}]},
    ],
)
def test_an_agents_answer_reads_alike_in_every_form(choice: dict[str, object]) -> None:
    assert convert({"choices": [choice]}, AgentReply).text == "hi"


def test_an_agent_may_answer_nothing() -> None:
    assert AgentReply().parts == []
    assert convert({"choices": [{"index": 0}]}, AgentReply).text == ""


def test_an_outcome_says_how_it_ended() -> None:
    ref = TaskRef[Reply]("videos", "9", {"model": "cogvideox-3"})
    assert repr(Outcome(key="a", value=Reply())) == "<Outcome 'a': Reply>"
    assert (
        repr(Outcome(key="b", value=Reply(), ref=ref, replayed=True))
        == f"<Outcome 'b' {ref}: Reply, replayed>"
    )
    assert repr(Outcome[Reply](key="c", error=TimeoutError("late"))) == "<Outcome 'c': TimeoutError('late')>"
