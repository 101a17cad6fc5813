"""Options that cannot work, refused before anything is sent. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.sendable import as_object, refuse_unsendable

OPTION_NAMES = frozenset(CallOptions.__annotations__)
HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NO_TABS = {ord("\t"): None}
# Another word on it cuts the body, or waits for more.
_FRAMING = frozenset({"content-length", "transfer-encoding"})


def check_options(options: CallOptions) -> None:
    """Raise for options that do not exist or cannot work."""
    check_names(options)
    check_count("max_retries", options.get("max_retries", 0), 0)
    _check_patience(options.get("overload_patience", 0.0))
    if "extra_headers" in options:
        check_headers("extra_headers", options["extra_headers"])
    if "extra_query" in options:
        _check_texts("extra_query", options["extra_query"])
    if "extra_body" in options:
        check_body("extra_body", options["extra_body"])


def check_names(options: CallOptions, fields: Iterable[str] = ()) -> None:
    """Raise for a keyword that is no option of a call; its fields may be what was meant."""
    if not OPTION_NAMES.issuperset(options):
        raise unexpected(next(name for name in options if name not in OPTION_NAMES), fields)


def unexpected(name: str, fields: Iterable[str]) -> InvalidType:
    """The error for a keyword that a call does not have, with what was probably meant."""
    import difflib  # here, since few programs misspell

    close = difflib.get_close_matches(name, sorted({*fields, *OPTION_NAMES}), n=1)
    new = f"A field that is new to this library goes into extra_body={{{name!r}: ...}}."
    return InvalidType(
        f"unexpected keyword argument {name!r}.", hint=f"Did you mean {close[0]!r}?" if close else new
    )


def check_body(where: str, fields: Mapping[str, object]) -> None:
    """Raise for fields that JSON cannot carry, or that it would carry as something else."""
    _check_mapping(where, fields)
    refuse_unsendable(dict(fields), where)


def check_headers(where: str, headers: Mapping[str, str]) -> None:
    """Raise for headers that cannot be sent; what they hold is not shown."""
    _check_texts(where, headers)
    for name, value in headers.items():
        if not re.fullmatch(HEADER_NAME, name):
            raise InvalidArgument(f"{where} has a name that no header can have: {name!r}")
        if name.lower() in _FRAMING:
            raise InvalidArgument(f"{where}: {name!r} says how the body is sent, which only the client knows")
        if not value.translate(_NO_TABS).isprintable():
            raise InvalidArgument(f"{where}: {name!r} has a line break, or a character that cannot be sent")


def check_count(name: str, value: object, least: int) -> None:
    """Raise unless the value is a whole number, and not too small."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidType(f"{name} takes a whole number, not {type(value).__name__}")
    if value < least:
        raise InvalidArgument(f"{name} must be {least} or more, not {value}")


def check_flag(name: str, value: object) -> None:
    """Raise for what is neither True nor False: "no" would count as yes."""
    if not isinstance(value, bool):
        raise InvalidType(f"{name} takes True or False, not {type(value).__name__}")


def _check_patience(patience: object) -> None:
    if isinstance(patience, bool) or not isinstance(patience, (int, float)):
        raise InvalidType(f"overload_patience takes seconds, not {type(patience).__name__}")
    if not patience >= 0:
        raise InvalidArgument(f"overload_patience must be 0 or more seconds, not {patience}")


def _check_texts(where: str, texts: object) -> None:
    for name, value in _check_mapping(where, texts).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidType(f"{where} takes names and values of type str")
        if not (name + value).isascii():
            _check_encodable(where, name + value)


def _check_encodable(where: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidArgument(f"{where} holds half of a surrogate pair, which UTF-8 cannot carry") from exc


def _check_mapping(where: str, value: object) -> Mapping[object, object]:
    if not as_object(value):
        raise InvalidType(f"{where} takes a mapping, not {type(value).__name__}")
    return value  # type: ignore[return-value]
