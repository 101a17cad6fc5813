"""Replies whose body is the content itself."""

from __future__ import annotations

import pytest

from zhipu_async.protocol.decoding import Undecodable
from zhipu_async.protocol.replies import Fault, read_content
from zhipu_async.types.audio import Speech


def test_the_body_is_the_content() -> None:
    assert read_content(b'{"error":', Speech, is_page=False) == Speech(content=b'{"error":')


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"error":{"code":"1214","message":"bad"}}', Fault("1214", "bad", of_the_gateway=True)),
        (b'{"code":500,"msg":"bad","success":false}', Fault("500", "bad")),
    ],
)
def test_json_in_its_place_is_an_error(body: bytes, fault: Fault) -> None:
    assert read_content(body, Speech, is_page=True) == fault


@pytest.mark.parametrize(
    ("body", "is_page"), [(b"", False), (b"<html>", True), (b'{"id":"1"}', True), (b"[]", True), (b"", True)]
)
def test_neither_content_nor_error_cannot_be_read(body: bytes, is_page: bool) -> None:
    with pytest.raises(Undecodable):
        read_content(body, Speech, is_page=is_page)
