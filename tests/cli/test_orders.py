"""Orders in a conversation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zhipu_async.cli.orders import Orders
from zhipu_async.cli.screen import Screen
from zhipu_async.cli.talk import Talk

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def talk() -> Talk:
    talk = Talk("glm-4.7", system="Be brief.")
    talk.ask("Why?")
    talk.answered("Because.")
    return talk


@pytest.fixture
def orders(talk: Talk) -> Orders:
    return Orders(talk, Screen())


def test_a_question_is_no_order(orders: Orders) -> None:
    assert not orders.obey("Why is 1/2 smaller than 1?")


def test_an_unknown_order_is_said_to_be_none(orders: Orders, capsys: Printed) -> None:
    assert orders.obey("/modle glm-5")
    assert "There is no /modle" in capsys.readouterr().err


def test_the_model_is_shown_and_changed(orders: Orders, talk: Talk, capsys: Printed) -> None:
    orders.obey("/model")
    orders.obey("/model glm-5")
    assert capsys.readouterr().err == "model: glm-4.7\nmodel: glm-5\n"
    assert talk.model == "glm-5"


def test_the_system_message_is_shown_changed_and_taken_away(orders: Orders, talk: Talk) -> None:
    orders.obey("/system")
    assert talk.messages[0] == {"role": "system", "content": "Be brief."}
    orders.obey("/system Speak Chinese.")
    assert talk.messages[0] == {"role": "system", "content": "Speak Chinese."}
    orders.obey("/system -")
    assert talk.messages[0]["role"] == "user"


@pytest.mark.parametrize(("word", "sent"), [("on", "enabled"), ("off", "disabled")])
def test_thinking_is_switched(orders: Orders, talk: Talk, word: str, sent: str) -> None:
    assert "thinking" not in talk.params
    orders.obey(f"/thinking {word}")
    assert talk.params.get("thinking") == {"type": sent}


def test_a_wrong_word_switches_nothing(orders: Orders, talk: Talk, capsys: Printed) -> None:
    orders.obey("/thinking maybe")
    assert "as the model likes" in capsys.readouterr().err
    assert "thinking" not in talk.params


def test_history_undo_and_new(orders: Orders, talk: Talk, capsys: Printed) -> None:
    talk.said.append({"role": "user", "content": [{"type": "text", "text": "with a picture"}]})
    orders.obey("/history")
    assert capsys.readouterr().err.splitlines() == [
        "system: Be brief.", "user: Why?", "assistant: Because.", "user: (with a picture)"
    ]  # fmt: skip
    talk.said.pop()
    orders.obey("/undo")
    assert talk.said == []
    talk.ask("Again?")
    orders.obey("/new")
    assert talk.said == []


def test_a_question_without_an_answer_is_taken_back(talk: Talk) -> None:
    talk.ask("And?")
    talk.answered("")
    talk.said.clear()
    talk.answered("")
    assert talk.said == []


def test_a_conversation_is_saved_to_read(orders: Orders, tmp_path: Path) -> None:
    orders.obey(f"/save {tmp_path / 'talk.md'}")
    text = (tmp_path / "talk.md").read_text("utf-8")
    assert text == "**System**\n\nBe brief.\n\n**You**\n\nWhy?\n\n**Model**\n\nBecause.\n"


def test_a_conversation_is_saved_for_programs(orders: Orders, talk: Talk, tmp_path: Path) -> None:
    orders.obey(f"/save {tmp_path / 'talk.json'}")
    assert json.loads((tmp_path / "talk.json").read_text("utf-8")) == talk.messages


def test_a_place_that_cannot_be_written_is_named(orders: Orders, tmp_path: Path, capsys: Printed) -> None:
    orders.obey("/save")
    orders.obey(f"/save {tmp_path / 'no' / 'talk.md'}")
    printed = capsys.readouterr().err
    assert "needs the name of a file" in printed
    assert "No such file" in printed


def test_help_names_every_order_and_quit_leaves(orders: Orders, capsys: Printed) -> None:
    orders.obey("/help")
    assert "/save FILE" in capsys.readouterr().err
    assert not orders.leaving
    orders.obey("/quit")
    assert orders.leaving
