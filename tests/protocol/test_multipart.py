"""Forms."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message

import pytest

from zhipu_async.errors import InvalidArgument
from zhipu_async.protocol import multipart


def test_a_form_reads_back() -> None:
    form = (
        multipart.fields("B", {"purpose": "batch", "说明": "文件"})
        + multipart.file_head("B", "file", "a.jsonl", "application/jsonl")
        + b"{}\n"
        + b"\r\n"
        + multipart.end("B")
    )
    parts = _parts(form)
    assert [part.get_param("name", header="content-disposition") for part in parts][::2] == [
        "purpose",
        "file",
    ]
    assert parts[0].get_payload(decode=True) == b"batch"
    assert parts[1].get_payload(decode=True) == "文件".encode()
    assert (parts[2].get_content_type(), parts[2].get_filename()) == ("application/jsonl", "a.jsonl")
    assert parts[2].get_payload(decode=True) == b"{}\n"


def test_a_list_repeats_its_field() -> None:
    parts = _parts(multipart.fields("B", {"separator": ["。", "!"], "size": "300"}) + multipart.end("B"))
    assert [part.get_param("name", header="content-disposition") for part in parts] == [
        "separator",
        "separator",
        "size",
    ]
    assert [part.get_payload(decode=True) for part in parts] == ["。".encode(), b"!", b"300"]


def test_a_name_cannot_break_out_of_its_header() -> None:
    head = multipart.file_head("B", "file", 'a"\r\nX-Evil: 1\r\n.txt', "text/plain")
    assert b"\r\nX-Evil" not in head
    assert head.count(b'"') == 4


def test_a_content_type_with_a_line_break_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        multipart.file_head("B", "file", "a", "text/plain\r\nX-Evil: 1")


def _parts(form: bytes) -> list[Message]:
    message = message_from_bytes(b'Content-Type: multipart/form-data; boundary="B"\r\n\r\n' + form)
    return [part for part in message.walk() if not part.is_multipart()]
