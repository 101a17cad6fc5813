"""`zhipu-async realtime`: sound files in and out."""

from __future__ import annotations

import json
import struct
import wave
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from zhipu_async.simulator import Simulator
from zhipu_async.simulator.realtime_answer import Answer


@pytest.fixture
def question(tmp_path: Path) -> Path:
    path = tmp_path / "question.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", (at % 80) * 300) for at in range(16_000)))
    return path


def test_a_spoken_question_gets_a_spoken_answer(
    run: Run, sim: Simulator, question: Path, tmp_path: Path
) -> None:
    sim.realtime.hear("今天天气怎么样？")
    sim.realtime.answer(Answer(text="今天晴。"))
    ended = run("realtime", question, tmp_path / "answer.wav")
    assert (ended.code, ended.out) == (0, "今天晴。\n"), ended
    assert "今天天气怎么样？" in ended.err
    with wave.open(str(tmp_path / "answer.wav")) as sound:
        assert sound.getframerate() == 24_000
        assert sound.getnframes() > 0


def test_json_says_what_was_heard_and_answered(
    run: Run, sim: Simulator, question: Path, tmp_path: Path
) -> None:
    sim.realtime.hear("你好")
    sim.realtime.answer(Answer(text="好。"))
    told = json.loads(run("realtime", question, tmp_path / "answer.wav", "--json", "--voice", "tongtong").out)
    assert (told["question"], told["answer"]) == ("你好", "好。")
    assert told["seconds"] > 0


def test_a_question_that_is_not_there_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    ended = run("realtime", tmp_path / "none.wav", tmp_path / "answer.wav", "--local")
    assert ended.code == 2
    assert ended.err == f"{tmp_path / 'none.wav'}: No such file or directory\n"


def test_what_is_no_sound_is_not_sent_as_sound(run: Run, sim: Simulator, tmp_path: Path) -> None:
    (song := tmp_path / "song.mp3").write_bytes(b"ID3 and more")
    ended = run("realtime", song, tmp_path / "answer.wav")
    assert ended.code == 2
    assert "ffmpeg" in ended.err
    assert sim.requests == []


def test_a_place_for_the_answer_is_looked_for_first(run: Run, sim: Simulator, question: Path) -> None:
    assert run("realtime", question, question.parent / "nowhere" / "answer.wav").code == 2
    assert sim.requests == []
