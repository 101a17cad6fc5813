"""Lines break between words, whichever pieces the text comes in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zhipu_async.cli.wrapping import MARGIN, Wrapper


def wrap(text: str, width: int, *, piece: int = 3) -> str:
    wrapper = Wrapper(width + MARGIN)
    return "".join(wrapper.feed(text[at : at + piece]) for at in range(0, len(text), piece)) + wrapper.end()


def test_words_stay_whole() -> None:
    assert wrap("the quick brown fox", 10) == "the quick\nbrown fox"


def test_a_word_is_written_as_soon_as_it_is_whole() -> None:
    wrapper = Wrapper(40)
    assert wrapper.feed("Hel") == ""
    assert wrapper.feed("lo wor") == "Hello"
    assert wrapper.feed("ld ") == " world"
    assert wrapper.end() == ""


def test_lines_of_the_text_stay_and_count_anew() -> None:
    assert wrap("one two\nthree four", 9) == "one two\nthree\nfour"


def test_a_word_that_fits_nowhere_stands_alone() -> None:
    assert wrap("see https://example.com/long now", 10) == "see\nhttps://example.com/long\nnow"


def test_chinese_breaks_anywhere_and_no_line_begins_with_a_comma() -> None:
    assert wrap("今天天气很好，我们出去", 12) == "今天天气很好，\n我们出去"
    assert wrap("你好GLM你好", 6) == "你好\nGLM你\n好"


def test_code_is_left_alone() -> None:
    code = "```python\nprint('a very long line of code')\n```"
    assert wrap(f"{code}\nand text again", 10) == f"{code}\nand text\nagain"


@given(st.text(alphabet="ab 今，\n`", max_size=60), st.integers(1, 20), st.integers(1, 7))
def test_nothing_but_white_space_is_added_or_lost(text: str, width: int, piece: int) -> None:
    assert wrap(text, width, piece=piece).split() == wrap(text, width, piece=60).split()
    assert "".join(wrap(text, width, piece=piece).split()) == "".join(text.split())
