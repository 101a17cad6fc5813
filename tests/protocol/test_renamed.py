"""Names from habit: what other clients call a thing leads to what it is called here."""

from __future__ import annotations

import re
from functools import reduce

import pytest

from zhipu_async import AsyncZhipuAI
from zhipu_async.protocol.renamed import RENAMED

ZHIPU = AsyncZhipuAI("id.secret")
AREAS = {
    type(area).__name__: area
    for area in (
        *(ZHIPU.audio, ZHIPU.chat, ZHIPU.chat.completions),
        *(ZHIPU, ZHIPU.assistants, ZHIPU.file_parser, ZHIPU.files, ZHIPU.images, ZHIPU.knowledge),
        *(ZHIPU.knowledge.documents, ZHIPU.layout, ZHIPU.ocr, ZHIPU.videos, ZHIPU.web_reader),
        ZHIPU.web_search,
    )
}


def reached(path: str) -> object:
    """Walk from the client, up to a call."""
    return reduce(getattr, path.partition("(")[0].split("."), ZHIPU)


@pytest.mark.parametrize(("area", "name"), [(area, name) for area in RENAMED for name in RENAMED[area]])
def test_a_name_from_another_client_is_answered_with_the_one_here(area: str, name: str) -> None:
    here = RENAMED[area][name]
    with pytest.raises(AttributeError, match=re.escape(f"{name!r}; here that is `zhipu.{here}`")):
        getattr(AREAS[area], name)
    assert reached(here) is not None


def test_every_area_with_other_names_is_tried() -> None:
    assert set(RENAMED) == set(AREAS)


@pytest.mark.parametrize("client", ["ZhipuAI", "ZhipuAiClient", "ZaiClient", "AsyncOpenAI"])
def test_whoever_imports_another_packages_client_is_told_the_name_of_ours(client: str) -> None:
    with pytest.raises(ImportError, match=f"no {client}: its client is called AsyncZhipuAI"):
        exec(f"from zhipu_async import {client}")


def test_a_name_that_nobody_has_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'uplaod'$"):
        getattr(ZHIPU.files, "uplaod")  # noqa: B009  a typo, which a type checker would find
    assert not hasattr(ZHIPU, "speech")
