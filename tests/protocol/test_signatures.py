"""Signatures that show every keyword."""

from __future__ import annotations

import inspect
from typing import TypedDict, Unpack

import pytest

from zhipu_async.protocol.chat_params import ChatParams
from zhipu_async.protocol.chat_request import FIELD_NAMES
from zhipu_async.protocol.checked_options import OPTION_NAMES
from zhipu_async.protocol.signatures import expanded


class Bundle(TypedDict, total=False):
    depth: int


class Lazy(TypedDict, total=False):
    width: int


Lazy.__annotations__["width"] = int  # as a module without `from __future__ import annotations` has it


def test_every_member_stands_in_the_signature_with_its_type() -> None:
    @expanded(Bundle)
    async def method(*, model: str, **params: Unpack[Bundle]) -> None: ...

    assert str(inspect.signature(method)) == "(*, model: 'str', depth: 'int' = ...) -> 'None'"


def test_annotations_that_are_types_already_are_shown() -> None:
    @expanded(Lazy)
    def method(**params: Unpack[Lazy]) -> None: ...

    assert "width: \"<class 'int'>\" = ..." in str(inspect.signature(method))


def test_chat_methods_show_all_their_parameters() -> None:
    @expanded(ChatParams)
    def create(*, model: str, **params: Unpack[ChatParams]) -> None: ...

    assert set(inspect.signature(create).parameters) == {"model"} | FIELD_NAMES | OPTION_NAMES


@pytest.mark.parametrize("name", ["temperature", "timeout"])
def test_a_parameter_is_keyword_only_and_needs_no_value(name: str) -> None:
    @expanded(ChatParams)
    def create(**params: Unpack[ChatParams]) -> None: ...

    parameter = inspect.signature(create).parameters[name]
    assert parameter.kind is parameter.KEYWORD_ONLY
    assert repr(parameter.default) == "..."
