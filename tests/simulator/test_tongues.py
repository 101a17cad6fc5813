"""The simulated model answers in the language it is asked in."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING

import pytest

from zhipu_async.simulator import tongues, writing

if TYPE_CHECKING:
    from .conftest import Caller

PROMPTS = [
    ("Tell me about Paris", tongues.ENGLISH),
    ("Translate Привет to English", tongues.ENGLISH),
    ("What does ありがとう mean?", tongues.ENGLISH),
    ("la Paz y Sucre, what are they to you", tongues.ENGLISH),
    ("", tongues.ENGLISH),
    ("介绍一下杭州", tongues.HAN),
    ("优の良品是什么", tongues.HAN),
    ("猫が好きです", tongues.JAPANESE),
    ("サイズを教えて", tongues.JAPANESE),
    ("서울에 대해 알려 주세요", tongues.KOREAN),
    ("Расскажи о Москве", tongues.RUSSIAN),
    ("Wie ist das Wetter in Berlin?", tongues.GERMAN),
    ("Bonjour, que dites-vous de la vie dans une ville ?", tongues.FRENCH),
    ("¿Cómo está el tiempo en Madrid?", tongues.SPANISH),
]


@pytest.mark.parametrize(("prompt", "tongue"), PROMPTS)
def test_a_prompt_is_answered_in_its_language(prompt: str, tongue: tongues.Tongue) -> None:
    said = writing.essay(prompt, Random(1))
    assert said.startswith(tongue.echo.format(prompt))
    assert said.endswith(tongue.sentences)
    assert writing.thoughts(prompt, Random(1)).endswith(tongue.ways)


@pytest.mark.parametrize(
    "prompt", ["90 слов о море", "90 palabras para el mar y la tierra", "90 mots sur la vie des uns"]
)
def test_as_many_words_as_wanted_are_written_in_any_language(prompt: str) -> None:
    assert 90 <= len(writing.essay(prompt, Random(1)).split()) < 110


def test_only_the_beginning_of_a_long_prompt_is_looked_at() -> None:
    assert tongues.tongue_of("hello " * 1000 + "你好") is tongues.ENGLISH


def test_braces_in_a_prompt_are_only_text() -> None:
    assert "{0} {name}" in writing.echo("{0} {name}")


async def test_the_model_thinks_in_the_language_too(caller: Caller) -> None:
    reply = await caller.chat("猫が好きです")
    message = reply.items("choices")[0]["message"]
    assert len(re.findall("「猫が好きです」", str(message))) == 2
