"""What whole answers tell: whether they can be used, and what several of them cost. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable

from zhipu_async.errors import APIResponseError, OutputBlocked, OutputTruncated, StreamFailed
from zhipu_async.types.chat import (
    ChatCompletion,
    CompletionTokensDetails,
    FinishReason,
    PromptTokensDetails,
    Usage,
)

FAILURES = frozenset({FinishReason.NETWORK_ERROR, FinishReason.CONTEXT_EXCEEDED})


def refuse_broken(reply: object) -> None:
    """Raise when the platform broke the answer off, with the error that a stream of it would have ended in."""
    if isinstance(reply, ChatCompletion) and (reason := broken_off(reply)):
        meta = reply.meta
        raise StreamFailed(
            f"the answer ended with {reason}",
            partial=reply,
            code=reason,
            request_id=meta.request_id,
            log_id=meta.log_id,
        )


def broken_off(completion: ChatCompletion) -> str:
    """The finish reason that is a failure of the platform; "" when there is none."""
    for choice in completion.choices:
        if choice.finish_reason in FAILURES:
            return choice.finish_reason
    return ""


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
