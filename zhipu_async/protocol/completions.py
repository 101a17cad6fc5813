"""What whole answers tell: whether they can be used, and what several of them cost. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable

from zhipu_async.errors import APIResponseError, OutputBlocked, OutputTruncated
from zhipu_async.types.chat import (
    ChatCompletion,
    CompletionTokensDetails,
    FinishReason,
    PromptTokensDetails,
    Usage,
)


def refuse_unusable(completion: ChatCompletion) -> None:
    """Raise when the answer is cut, withheld or broken off: no value and no tool call can be trusted then."""
    reason = completion.finish_reason
    if reason == FinishReason.SENSITIVE:
        raise OutputBlocked("the safety review withheld the answer", completion=completion)
    if reason in (FinishReason.LENGTH, FinishReason.CONTEXT_EXCEEDED):
        raise _truncated(completion)
    if reason == FinishReason.NETWORK_ERROR:
        sentence = "the platform broke the answer off (finish_reason network_error)"
        raise APIResponseError(sentence, request_id=completion.request_id, log_id=completion.meta.log_id)


def _truncated(completion: ChatCompletion) -> OutputTruncated:
    if completion.finish_reason == FinishReason.CONTEXT_EXCEEDED:
        return OutputTruncated("the model's context window is full", completion=completion)
    if completion.ran_out_thinking:
        hint = "Raise max_tokens, or turn thinking off."
        return OutputTruncated(
            "thinking used up max_tokens before the answer began.", completion=completion, hint=hint
        )
    return OutputTruncated(
        "the answer was cut at max_tokens.", completion=completion, hint="Raise max_tokens."
    )


def summed(usages: Iterable[Usage]) -> Usage:
    """What several calls cost together."""
    known = list(usages)
    cached = sum(usage.cached_tokens for usage in known)
    reasoning = sum(usage.reasoning_tokens for usage in known)
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in known),
        completion_tokens=sum(usage.completion_tokens for usage in known),
        total_tokens=sum(usage.total_tokens for usage in known),
        prompt_tokens_details=PromptTokensDetails(cached_tokens=cached),
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=reasoning),
    )
