"""What whole answers tell."""

from __future__ import annotations

import pytest

from zhipu_async.errors import APIResponseError, OutputBlocked, OutputError, OutputTruncated, StreamFailed
from zhipu_async.protocol.completions import refuse_broken, refuse_unusable, summed
from zhipu_async.types.chat import (
    ChatCompletion,
    Choice,
    CompletionTokensDetails,
    Message,
    PromptTokensDetails,
    Usage,
)


def ended(reason: str, **message: str) -> ChatCompletion:
    return ChatCompletion(
        request_id="req-1",
        choices=[Choice(finish_reason=reason, message=Message(content=message.get("content", "")))],
    )


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "", "tomorrow"])
def test_answers_that_ended_well_pass(reason: str) -> None:
    refuse_unusable(ended(reason))


@pytest.mark.parametrize(
    ("reason", "error", "sentence"),
    [
        ("sensitive", OutputBlocked, "the safety review withheld the answer"),
        ("length", OutputTruncated, "the answer was cut at max_tokens. Raise max_tokens."),
        ("model_context_window_exceeded", OutputTruncated, "the model's context window is full"),
    ],
)
def test_answers_that_are_not_whole_are_refused_and_kept(
    reason: str, error: type[OutputError], sentence: str
) -> None:
    completion = ended(reason, content="par")
    with pytest.raises(error) as caught:
        refuse_unusable(completion)
    assert str(caught.value) == sentence
    assert caught.value.completion is completion


def test_a_budget_spent_on_thinking_is_told_apart() -> None:
    completion = ended("length")
    completion.message.reasoning_content = "hm"
    with pytest.raises(OutputTruncated, match="thinking used up max_tokens"):
        refuse_unusable(completion)


def test_an_answer_that_the_platform_broke_off_is_its_fault() -> None:
    with pytest.raises(APIResponseError, match=r"network_error\) \[request_id req-1\]"):
        refuse_unusable(ended("network_error"))


def test_tokens_add_up() -> None:
    one = Usage(
        prompt_tokens=1,
        completion_tokens=2,
        total_tokens=3,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=4),
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=5),
    )
    assert summed([one, one]) == Usage(
        prompt_tokens=2,
        completion_tokens=4,
        total_tokens=6,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=8),
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=10),
    )
    assert summed([]) == Usage()


@pytest.mark.parametrize("reason", ["network_error", "model_context_window_exceeded"])
def test_a_broken_answer_is_refused_with_what_there_is_of_it(reason: str) -> None:
    with pytest.raises(StreamFailed, match=reason) as caught:
        refuse_broken(ended(reason))
    assert caught.value.code == reason
    assert caught.value.partial == ended(reason)


@pytest.mark.parametrize("reply", [ended("stop"), ended("sensitive"), ended("length"), ChatCompletion(), {}])
def test_whole_answers_and_other_replies_are_let_through(reply: object) -> None:
    refuse_broken(reply)
