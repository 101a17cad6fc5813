"""A download that breaks goes on where it was, or says that it cannot."""

from __future__ import annotations

import pytest

from zhipu_async.errors import APIConnectionError, APIResponseError
from zhipu_async.protocol.resuming import Arrived

FILE = b"0123456789"
TAGGED = {"Content-Length": "10", "ETag": '"a"'}


def half(headers: dict[str, str]) -> Arrived:
    arrived = Arrived()
    arrived.begin(200, headers)
    assert arrived.take(FILE[:5]) == FILE[:5]
    return arrived


def test_a_whole_file_is_whole() -> None:
    arrived = half(TAGGED)
    assert arrived.take(FILE[5:]) == FILE[5:]
    arrived.end()
    assert (arrived.size, arrived.total) == (10, 10)


def test_nothing_special_is_asked_for_at_first() -> None:
    assert Arrived().asking() == {}


@pytest.mark.parametrize(
    ("headers", "mark"),
    [
        (TAGGED, '"a"'),
        ({"Content-Length": "10", "Last-Modified": "Fri"}, "Fri"),
        ({"Content-Length": "10", "ETag": 'W/"a"', "Last-Modified": "Fri"}, "Fri"),
    ],
)
def test_the_rest_is_asked_for_by_what_tells_the_file_apart(headers: dict[str, str], mark: str) -> None:
    assert half(headers).asking() == {"Range": "bytes=5-", "If-Range": mark}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Length": "10"},
        {"Content-Length": "10", "ETag": 'W/"a"'},
        {"ETag": '"a"'},
        {"Content-Length": "²", "ETag": '"a"'},
        {"Content-Length": "10", "ETag": '"a"', "Content-Encoding": "gzip"},
    ],
)
def test_all_is_asked_for_again_where_the_rest_would_be_a_guess(headers: dict[str, str]) -> None:
    assert half(headers).asking() == {}


def test_the_rest_is_new() -> None:
    arrived = half(TAGGED)
    arrived.begin(206, {"Content-Length": "5", "ETag": '"a"', "Content-Range": "bytes 5-9/10"})
    assert arrived.take(FILE[5:]) == FILE[5:]
    arrived.end()
    assert arrived.total == 10


@pytest.mark.parametrize("cut", range(1, 10))
def test_what_was_there_before_is_left_out(cut: int) -> None:
    arrived = half(TAGGED)
    arrived.begin(200, TAGGED)
    assert arrived.take(FILE[:cut]) + arrived.take(FILE[cut:]) == FILE[5:]
    arrived.end()


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"Content-Length": "11"}),
        (206, {"Content-Range": "bytes 4-9/10"}),
        (206, {"Content-Range": "bytes 5-9/11"}),
        (206, {"Content-Range": "bytes 5-9/*"}),
    ],
)
def test_another_file_is_not_gone_on_with(status: int, headers: dict[str, str]) -> None:
    with pytest.raises(APIResponseError, match="another"):
        half(TAGGED).begin(status, headers)


def test_a_part_that_does_not_say_which_is_refused() -> None:
    with pytest.raises(APIResponseError, match="which"):
        half(TAGGED).begin(206, {})


def test_another_file_of_the_same_length_is_noticed() -> None:
    arrived = half(TAGGED)
    arrived.begin(200, TAGGED)
    with pytest.raises(APIResponseError, match="another"):
        arrived.take(b"0123_56789")


def test_a_file_that_became_shorter_is_noticed() -> None:
    arrived = half({})
    arrived.begin(200, {})
    assert arrived.take(FILE[:3]) == b""
    with pytest.raises(APIResponseError, match="another"):
        arrived.end()


def test_a_break_is_no_end() -> None:
    with pytest.raises(APIConnectionError, match="5 of 10"):
        half(TAGGED).end()


def test_a_file_of_unknown_length_ends_where_it_ends() -> None:
    half({}).end()
