"""Bodies: replies, envelopes, and errors in every shape."""

from __future__ import annotations

import json
from array import array
from re import Pattern

import msgspec
import numpy
import pytest

from zhipu_async.errors import AuthenticationError, BadRequestError, NotFoundError
from zhipu_async.protocol.decoding import Undecodable, decoder
from zhipu_async.protocol.endpoint import Envelope
from zhipu_async.protocol.replies import Fault, fault_in, read_fault, read_reply
from zhipu_async.types.base import Reply
from zhipu_async.types.embeddings import EmbeddingList, Floats


class Thing(Reply):
    id: str = ""
    count: int = 0
    success: bool | None = None


def body(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("value", "code", "message"),
    [
        ({"error": {"code": "1214", "message": "bad"}}, "1214", "bad"),
        ({"error": {"code": 1214, "message": "bad"}}, "1214", "bad"),
        ({"code": 1234, "message": "bad"}, "1234", "bad"),
        ({"code": 500, "msg": "404 NOT_FOUND", "success": False}, "500", "404 NOT_FOUND"),
        ({"success": False, "code": 1001, "msg": "no auth"}, "1001", "no auth"),
        ({"status": 404, "error": "Not Found", "path": "/v4/v1/chat"}, "", "Not Found"),
        ({"error": {"code": "401", "message": "bad"}}, "401", "bad"),
        ({"error": {"x": 1}}, "", ""),
    ],
)
def test_every_shape_of_error_is_read_at_an_error_status_and_at_200(
    value: object, code: str, message: str
) -> None:
    fault = read_fault(body(value))
    assert (fault.code, fault.message) == (code, message)
    assert read_reply(body(value), Thing, Envelope.BARE) == fault


@pytest.mark.parametrize("value", [{"success": False}, {"error": [1]}, {"error": True}])
def test_an_error_that_says_nothing_of_itself_is_one_all_the_same(value: object) -> None:
    assert read_reply(body(value), Thing, Envelope.BARE) == Fault()


def test_an_error_beside_messages_is_a_fault_unless_it_belongs_to_the_answer() -> None:
    value = {"choices": [{"messages": [{"content": "a"}]}], "error": {"code": "1234"}}
    assert fault_in(value, Envelope.BARE) is not None
    assert fault_in(value, Envelope.ANSWER) is None
    empty = {"choices": [1, {"messages": ""}], "error": {"code": "1234"}}
    assert fault_in(empty, Envelope.ANSWER) is not None


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b" \n", "is empty"), (b"{", "is not JSON")]
)
def test_an_empty_body_is_told_from_a_broken_one(content: bytes, said: str) -> None:
    with pytest.raises(Undecodable, match=said):
        read_reply(content, Thing, Envelope.BARE)


def test_a_line_of_a_batch_is_content_whatever_it_tells_of() -> None:
    value = {"custom_id": "job-000001", "error": {"code": "1301"}}
    assert fault_in(value, Envelope.CONTENT) is None
    assert fault_in(value, Envelope.BARE) is not None


def test_the_content_filter_beside_an_error_is_kept_in_both_spellings() -> None:
    for name in ("contentFilter", "content_filter"):
        value = {"error": {"code": "1301", "message": "unsafe"}, name: [{"level": 1, "role": "user"}, 7]}
        assert read_fault(body(value)).content_filter == ({"level": 1, "role": "user"},)


@pytest.mark.parametrize(
    ("page", "message"),
    [(b"<html>502</html>", ""), (b"", ""), (b"upstream gone", "upstream gone"), (b"[1]", "[1]")],
)
def test_pages_and_empty_bodies_leave_only_the_status(page: bytes, message: str) -> None:
    assert read_fault(page) == Fault(message=message)


def test_a_fault_finds_its_rule() -> None:
    assert Fault("500", "404 NOT_FOUND").rule(200, Envelope.BARE).error is NotFoundError
    assert Fault("1003").rule(200, Envelope.FINAGENT).family == "finagent"


def test_a_refusal_of_the_gateway_keeps_its_meaning_before_finagent() -> None:
    expired = read_fault(body({"error": {"code": "1003", "message": "expired"}}))
    own = read_fault(body({"code": 1003, "message": "bad parameter"}))
    assert expired.rule(401, Envelope.FINAGENT).error is AuthenticationError
    assert own.rule(401, Envelope.FINAGENT).error is BadRequestError


@pytest.mark.parametrize(
    ("envelope", "value"),
    [
        (Envelope.BARE, {"id": "a", "count": 1}),
        (Envelope.CODE_200, {"code": 200, "message": "ok", "data": {"id": "a", "count": 1}}),
        (Envelope.SUCCESS, {"success": True, "code": 200, "msg": "", "data": {"id": "a", "count": 1}}),
        (Envelope.FINAGENT, {"code": 0, "message": "ok", "data": {"id": "a", "count": 1}}),
        (Envelope.CODE_200, {"id": "a", "count": 1}),
        (Envelope.CODE_200, {"code": 0, "message": "ok", "data": {"id": "a", "count": 1}}),
        (Envelope.SUCCESS, {"code": 0, "msg": "ok", "data": {"id": "a", "count": 1}}),
    ],
)
def test_envelopes_are_taken_off(envelope: Envelope, value: object) -> None:
    assert read_reply(body(value), Thing, envelope) == Thing(id="a", count=1)


@pytest.mark.parametrize(
    ("envelope", "value", "code"),
    [
        (Envelope.CODE_200, {"code": 404, "message": "no such base"}, "404"),
        (Envelope.CODE_200, {"code": 1, "message": "one is no success"}, "1"),
        (Envelope.SUCCESS, {"success": False, "msg": "no"}, ""),
        (Envelope.FINAGENT, {"code": 200, "message": "two hundred is no success here"}, "200"),
        (Envelope.CODE_200, {"error": {"code": "1000", "message": "no"}}, "1000"),
        (Envelope.CODE_200, {"code": 7}, "7"),
        (Envelope.SUCCESS, {"success": False}, ""),
    ],
)
def test_an_envelope_that_reports_an_error_is_an_error(envelope: Envelope, value: object, code: str) -> None:
    read = read_reply(body(value), Thing, envelope)
    assert isinstance(read, Fault)
    assert read.code == code


def test_an_envelope_must_be_an_object() -> None:
    with pytest.raises(Undecodable):
        read_reply(b"[]", Thing, Envelope.CODE_200)


def test_a_reply_may_speak_of_codes_and_success() -> None:
    assert read_reply(body({"id": "x", "success": True}), Thing, Envelope.BARE) == Thing(id="x", success=True)
    assert read_reply(body({"id": "x", "code": 200, "msg": "ok"}), Thing, Envelope.BARE) == Thing(id="x")
    assert read_reply(body({"id": "x", "error": None}), Thing, Envelope.BARE) == Thing(id="x")


def test_a_failed_task_is_a_reply_and_not_an_error() -> None:
    value = {"id": "x", "task_status": "FAIL", "error": {"code": "1301", "message": "unsafe"}}
    assert read_reply(body(value), Thing, Envelope.TASK) == Thing(id="x")
    assert fault_in({"error": {"code": "1"}}, Envelope.TASK) == Fault("1", of_the_gateway=True)


def test_a_wrong_path_is_no_task_although_it_has_a_status() -> None:
    value = {"status": 404, "error": "Not Found", "path": "/v4/async-results"}
    assert read_reply(body(value), Thing, Envelope.TASK) == Fault(message="Not Found")


def test_a_code_that_went_through_a_float_is_the_same_code() -> None:
    assert read_reply(b'{"code": 200.0, "data": {"id": "a"}}', Thing, Envelope.CODE_200) == Thing(id="a")
    assert read_reply(b'{"code": 404.0, "msg": "no"}', Thing, Envelope.CODE_200) == Fault("404", "no")


class Lists(Reply):
    names: list[str] = msgspec.field(default_factory=list[str])
    things: list[Thing] = msgspec.field(default_factory=list[Thing])
    rows: list[list[float]] = msgspec.field(default_factory=list[list[float]])


def test_null_items_of_lists_are_left_out() -> None:
    value = {"names": ["a", None], "things": [None, {"id": "b"}, None]}
    assert read_reply(body(value), Lists, Envelope.BARE) == Lists(names=["a"], things=[Thing(id="b")])
    assert read_reply(b'{"things": [null]}', Lists, Envelope.BARE) == Lists()


def test_a_null_row_is_an_empty_one_and_a_null_number_is_a_fault() -> None:
    assert read_reply(b'{"rows": [null, [1.5]]}', Lists, Envelope.BARE) == Lists(rows=[[], [1.5]])
    with pytest.raises(Undecodable):
        read_reply(b'{"rows": [[1.5, null]]}', Lists, Envelope.BARE)


def test_what_is_no_object_holds_no_error() -> None:
    assert fault_in([1]) is None


def test_null_means_absent_and_floats_may_be_whole() -> None:
    assert read_reply(b'{"id": null, "count": 3.0}', Thing, Envelope.BARE) == Thing(count=3)
    assert read_reply(b'{"id": null, "count": "3"}', Thing, Envelope.BARE) == Thing(count=3)


@pytest.mark.parametrize("page", [b"<html>", b"", b'{"id": 7, "count": [1]}', b"[" * 100_000])
def test_what_cannot_be_read_is_said(page: bytes) -> None:
    with pytest.raises(Undecodable):
        read_reply(page, Thing, Envelope.BARE)


def test_half_a_surrogate_pair_becomes_what_can_be_sent_back() -> None:
    read = read_reply(b'{"id": "\\ud83d"}', Thing, Envelope.BARE)
    assert isinstance(read, Thing)
    assert read.id == "\N{REPLACEMENT CHARACTER}"


def test_half_a_surrogate_pair_in_a_list_is_replaced_too() -> None:
    read = read_reply(b'{"names": ["a\\ud83d", null]}', Lists, Envelope.BARE)
    assert read == Lists(names=["a\N{REPLACEMENT CHARACTER}"])


def test_vectors_are_built_as_the_type_that_was_asked_for() -> None:
    wire = b'{"data": [{"embedding": [1.5, 2]}]}'
    packed = read_reply(wire, EmbeddingList[Floats], Envelope.BARE)
    blocks = read_reply(wire, EmbeddingList[numpy.ndarray], Envelope.BARE)
    assert isinstance(packed, EmbeddingList)
    assert packed.vectors == [array("f", [1.5, 2])]
    assert isinstance(blocks, EmbeddingList)
    assert blocks.vectors[0].tolist() == [1.5, 2]
    with pytest.raises(NotImplementedError):
        read_reply(wire, EmbeddingList[Pattern[str]], Envelope.BARE)


def test_a_decoder_is_made_once_for_each_type() -> None:
    assert decoder(Thing) is decoder(Thing)
