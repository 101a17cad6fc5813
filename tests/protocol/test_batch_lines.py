"""Lines of batch files, in the forms that the pages show and in those that they do not."""

from __future__ import annotations

import json

import pytest

from zhipu_async.errors import (
    APIResponseError,
    BadRequestError,
    ContentBlocked,
    InvalidArgument,
    RateLimitError,
    StreamFailed,
)
from zhipu_async.protocol.batch_lines import Sheet, answer_of_line, custom_id, id_of_line
from zhipu_async.protocol.completions import refuse_broken
from zhipu_async.types.base import Reply
from zhipu_async.types.chat import ChatCompletion

URL = "/v4/chat/completions"
BODY: dict[str, object] = {"id": "c1", "choices": [{"message": {"content": "Hello", "tool_calls": None}}]}


def line(**members: object) -> bytes:
    return json.dumps(members).encode()


def test_a_line_asks_for_one_item() -> None:
    written = Sheet(URL).line({"model": "glm-4-plus", "messages": []}, 7)
    assert written.endswith(b"\n")
    assert json.loads(written) == {
        "custom_id": "item-000000007",
        "method": "POST",
        "url": URL,
        "body": {"model": "glm-4-plus", "messages": []},
    }


def test_ids_are_long_enough_for_the_platform() -> None:
    assert len(custom_id(0)) >= 6
    assert custom_id(1) != custom_id(2)


def test_a_batch_has_no_streams() -> None:
    with pytest.raises(InvalidArgument, match="stream"):
        Sheet(URL).line({"stream": True}, 0)


def test_a_line_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="bytes"):
        Sheet(URL, most_bytes=100).line({"messages": "x" * 100}, 0)


def test_a_file_has_one_model_and_limits() -> None:
    sheet = Sheet(URL, most_lines=2, most_bytes=10)
    assert sheet.fits(b"12345678901", "a"), "the first line always has a place"
    sheet.add(b"1234", "a")
    assert sheet.fits(b"123456", "a")
    assert not sheet.fits(b"1234567", "a")
    assert not sheet.fits(b"1", "b")
    sheet.add(b"1", "a")
    assert not sheet.fits(b"1", "a")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (line(custom_id="item-1"), "item-1"),
        (line(custom_id=3), ""),
        (b"[1]", ""),
        (b"not json", ""),
        (b"\n", ""),
    ],
)
def test_the_id_of_a_line_is_found_or_not(content: bytes, found: str) -> None:
    assert id_of_line(content) == found


@pytest.mark.parametrize("status", [{"status_code": 200}, {}, {"status_code": None}])
def test_an_answer_reads_like_the_call_it_stands_for(status: dict[str, object]) -> None:
    answer = answer_of_line(line(response={**status, "body": BODY}), ChatCompletion)
    assert isinstance(answer, ChatCompletion)
    assert answer.text == "Hello"
    assert answer.raw == BODY


def test_an_answer_may_be_of_any_type() -> None:
    assert answer_of_line(line(response={"body": {"a": 1}}), dict[str, int]) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (
            line(response={"status_code": 400, "body": {"error": {"code": "1214", "message": "no"}}}),
            BadRequestError,
            "1214",
        ),
        (
            line(response={"status_code": 200, "body": {"error": {"code": "1301", "message": "no"}}}),
            ContentBlocked,
            "1301",
        ),
        (line(response={"status_code": 429, "body": {}}), RateLimitError, ""),
        (line(error={"code": "1210", "message": "no"}, response=None), BadRequestError, "1210"),
        (line(error="no"), BadRequestError, ""),
        (line(response={"status_code": "400", "body": "no"}), BadRequestError, ""),
        (b"[]", BadRequestError, ""),
    ],
)
def test_a_refusal_is_found_wherever_it_stands(content: bytes, kind: type[Exception], code: str) -> None:
    answer = answer_of_line(content, ChatCompletion)
    assert isinstance(answer, kind)
    assert getattr(answer, "code", None) == code


def test_an_answer_of_another_shape_is_an_error_of_its_item() -> None:
    answer = answer_of_line(line(response={"body": {"choices": "none"}}), ChatCompletion)
    assert isinstance(answer, APIResponseError)
    assert not isinstance(answer, Reply)


def test_an_answer_that_was_broken_off_is_a_failure_as_it_is_for_a_call() -> None:
    body = {"id": "c1", "choices": [{"message": {"content": "Hel"}, "finish_reason": "network_error"}]}
    error = answer_of_line(line(response={"status_code": 200, "body": body}), ChatCompletion, refuse_broken)
    assert isinstance(error, StreamFailed)
    assert error.partial is not None
    assert (error.code, error.partial.text) == ("network_error", "Hel")
    body["choices"] = [{"message": {"content": "Hello"}, "finish_reason": "length"}]
    whole = answer_of_line(line(response={"status_code": 200, "body": body}), ChatCompletion, refuse_broken)
    assert isinstance(whole, ChatCompletion)
