"""What the retry rules are told about an error."""

from __future__ import annotations

import pytest

from tests.virtual import VirtualClock
from zhipu_async.errors import APIStatusError, AuthenticationError, BadRequestError, InternalServerError
from zhipu_async.flows.answers import Answers
from zhipu_async.protocol.codes import Remedy
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay

FINAGENT: Endpoint[object] = Endpoint(
    name="finagent", path="/x", reply=object, replay=Replay.COSTLY, envelope=Envelope.FINAGENT
)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (BadRequestError(code="1003", status=200), Remedy.CHANGE),
        (AuthenticationError(code="1003", status=401), Remedy.RENEW),
        (InternalServerError(code="1006", status=200), Remedy.REPEAT),
        (InternalServerError(code="", status=502), Remedy.REPEAT),
    ],
)
def test_finagent_and_the_gateway_before_it_number_differently(error: APIStatusError, remedy: Remedy) -> None:
    failure = Answers(VirtualClock()).failure(FINAGENT, error)
    assert failure.rule is not None
    assert failure.rule.remedy is remedy
