"""multipart/form-data: the bytes between the parts. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping

from zhipu_async.errors import InvalidArgument

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


def fields(boundary: str, values: Mapping[str, str]) -> bytes:
    """Return all text fields."""
    return b"".join(field(boundary, name, value) for name, value in values.items())


def _escaped(name: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in name)
