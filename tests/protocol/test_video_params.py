"""The parameters of a video."""

from __future__ import annotations

import pytest

from zhipu_async.errors import InvalidType
from zhipu_async.protocol.chat_request import split
from zhipu_async.protocol.video_params import FIELD_NAMES


def test_fields_and_options_are_told_apart() -> None:
    fields, options = split({"prompt": "x", "fps": 30, "size": None, "timeout": 7}, FIELD_NAMES)
    assert (fields, options) == ({"prompt": "x", "fps": 30}, {"timeout": 7})


def test_what_only_a_chat_takes_is_refused() -> None:
    with pytest.raises(InvalidType, match="temperature"):
        split({"temperature": 0.5}, FIELD_NAMES)
