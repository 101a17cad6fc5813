"""multipart/form-data: the bytes between the parts. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from zhipu_async.errors import InvalidArgument

Values: TypeAlias = Mapping[str, str | Sequence[str]]
"""Text fields; a list repeats its field."""

_ESCAPES = {'"': "%22", "\r": "%0D", "\n": "%0A"}  # as browsers write them


def field(boundary: str, name: str, value: str) -> bytes:
    """Return one text field."""
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"\r\n\r\n{value}\r\n'.encode()
    )


def file_head(boundary: str, name: str, filename: str, content_type: str) -> bytes:
    """Return what stands before a file's content; "\\r\\n" follows the content."""
    if any(character in content_type for character in "\r\n"):
        raise InvalidArgument("the content type of a file has a line break")
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"; filename="{_escaped(filename)}"'
        f"\r\nContent-Type: {content_type}\r\n\r\n"
    ).encode()


def end(boundary: str) -> bytes:
    """Return what closes the form."""
    return f"--{boundary}--\r\n".encode()


def fields(boundary: str, values: Values) -> bytes:
    """Return all text fields."""
    return b"".join(
        field(boundary, name, text)
        for name, value in values.items()
        for text in ((value,) if isinstance(value, str) else value)
    )


def _escaped(name: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in name)
