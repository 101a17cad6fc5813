"""What the ledger keeps of a request, and what a failure leaves behind."""

from __future__ import annotations

import pytest

from zhipu_async import errors
from zhipu_async.protocol.ledger import Trace, fingerprint, trace_of


def test_equal_requests_have_equal_fingerprints_whatever_their_order() -> None:
    assert fingerprint({"model": "m", "prompt": "画一只猫"}) == fingerprint(
        {"prompt": "画一只猫", "model": "m"}
    )


def test_another_prompt_has_another_fingerprint() -> None:
    assert fingerprint({"prompt": "cat"}) != fingerprint({"prompt": "dog"})


def test_a_fingerprint_tells_nothing_of_the_prompt() -> None:
    assert "cat" not in fingerprint({"prompt": "cat"})


def test_even_unsendable_fields_have_a_fingerprint() -> None:
    assert fingerprint({"prompt": "\ud83d", "file": b"x"})


@pytest.mark.parametrize(
    ("error", "trace"),
    [
        (errors.BadRequestError(code="1210"), Trace.FAILURE),
        (errors.ContentBlocked(code="1301"), Trace.FAILURE),
        (errors.TaskFailed("no"), Trace.FAILURE),
        (errors.OutputTruncated("cut"), Trace.FAILURE),
        (errors.StreamFailed("network_error"), Trace.FAILURE),
        (errors.MaybeSubmitted("?"), Trace.INTENT),
        (errors.ConcurrencyLimit(code="1302"), Trace.NOTHING),
        (errors.AccountError(code="1113"), Trace.NOTHING),
        (errors.APIConnectionError("refused"), Trace.NOTHING),
        (errors.InvalidArgument("nan"), Trace.NOTHING),
        (errors.StreamInterrupted("cut"), Trace.INTENT),
        (OSError(), Trace.INTENT),
    ],
)
def test_a_failure_leaves_what_the_next_run_may_rely_on(error: Exception, trace: Trace) -> None:
    assert trace_of(error) is trace
