"""`zhipu-async chat`: pipes, JSON, and conversations in a terminal."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Run, Terminal, body_of
from zhipu_async.simulator import Simulator, Stall

Begin = Callable[..., Terminal]


def test_a_question_is_answered_on_stdout_and_nothing_else_is(run: Run, sim: Simulator) -> None:
    sim.script("It is the scattering.", reasoning="Why blue?")
    ended = run("chat", "Why is", "the sky blue?")
    assert (ended.code, ended.out, ended.err) == (0, "It is the scattering.\n", "")
    assert body_of(sim)["messages"] == [{"role": "user", "content": "Why is the sky blue?"}]


def test_what_is_piped_in_follows_the_question(run: Run, sim: Simulator) -> None:
    assert run("chat", "what failed?", stdin=b"3 tests\nred\n").code == 0
    assert body_of(sim)["messages"][0]["content"] == "what failed?\n\n3 tests\nred"


def test_what_is_piped_in_may_be_the_question(run: Run, sim: Simulator) -> None:
    sim.script("hello")
    assert run("chat", stdin=b"Say hello").out == "hello\n"


def test_bytes_that_are_no_text_do_not_stop_a_question(run: Run, sim: Simulator) -> None:
    assert run("chat", stdin=b"a log \xff\xfe").code == 0
    assert "a log" in body_of(sim)["messages"][0]["content"]


def test_nothing_to_ask_is_wrong_usage(run: Run, sim: Simulator) -> None:
    ended = run("chat", stdin=b"  \n")
    assert (ended.code, ended.out) == (2, "")
    assert "nothing to ask" in ended.err
    assert sim.requests == []


def test_reasoning_goes_to_stderr_when_asked_for(run: Run, sim: Simulator) -> None:
    sim.script("Blue.", reasoning="Rayleigh.")
    ended = run("chat", "Why?", "--reasoning")
    assert (ended.out, ended.err) == ("Blue.\n", "Rayleigh.\n\n")


def test_settings_reach_the_platform(run: Run, sim: Simulator) -> None:
    run("chat", "hi", "-m", "glm-4.6", "-s", "Be brief.", "--max-tokens", "64", "--no-thinking")
    body = body_of(sim)
    assert (body["model"], body["max_tokens"], body["thinking"]) == ("glm-4.6", 64, {"type": "disabled"})
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}


def test_a_picture_goes_with_the_question(run: Run, sim: Simulator, tmp_path: Path) -> None:
    (picture := tmp_path / "dot.png").write_bytes(bytes.fromhex("89504e470d0a1a0a0000000d49484452"
        "00000001000000010806000000 1f15c4890000000d49444154789c63f8cfc0f01f0005000 1ff89993d1d0000000049454e44ae426082"
        .replace(" ", "")))  # fmt: skip
    ended = run("chat", "What is it?", "--image", picture, "-m", "glm-4.6v")
    assert ended.code == 0, ended
    shown, asked = body_of(sim)["messages"][0]["content"]
    assert (shown["type"], asked["text"]) == ("image_url", "What is it?")


def test_json_is_the_whole_answer(run: Run, sim: Simulator) -> None:
    sim.script("42")
    reply = json.loads(run("chat", "hi", "--json").out)
    assert reply["choices"][0]["message"]["content"] == "42"
    assert reply["usage"]["total_tokens"] > 0


def test_what_the_platform_refuses_is_said_and_is_exit_code_1(run: Run, sim: Simulator) -> None:
    sim.script(code="1113", times=None)
    ended = run("chat", "hi", "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["error"]["code"] == "1113"
    assert ended.err.startswith("AccountError: HTTP 429 code 1113")
    assert sim.api_key not in ended.err + ended.out


def test_an_answer_that_was_cut_says_so(run: Run, sim: Simulator) -> None:
    sim.script("Once upon", finish_reason="length")
    ended = run("chat", "A tale")
    assert ended.out == "Once upon\n"
    assert "max_tokens" in ended.err


def test_local_needs_no_key(run: Run) -> None:
    ended = run("chat", "--local", "Say hi")
    assert (ended.code, ended.out) == (0, "hi\n")


def test_without_a_key_the_simulator_is_named(run: Run) -> None:
    ended = run("chat", "hi")
    assert (ended.code, ended.out) == (2, "")
    assert "ZHIPUAI_API_KEY" in ended.err
    assert "--local" in ended.err


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    command = [sys.executable, "-m", "zhipu_async.cli", "chat", "--local", "Write 3000 words"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_ctrl_c_stops_the_answer_and_not_the_conversation(sim: Simulator, terminal: Begin) -> None:
    sim.script(pieces=["One, ", "two, ", "three"], fault=Stall(after_events=3))
    sim.script("All is well.")
    talk = terminal("chat", "--no-reasoning")
    talk.shows("› ")
    talk.type("Count to ten\n")
    talk.shows("One, two")
    talk.type("\x03")
    talk.shows("(stopped)")
    asyncio.run(sim.until(lambda: sim.requests[0].gone))
    talk.shows("› ")
    talk.type("And now?\n")
    talk.shows("All is well.")
    talk.shows("› ")
    talk.type("\x04")
    assert talk.ends() == 0
    said = [message["content"] for message in body_of(sim, 1)["messages"]]
    assert said[0] == "Count to ten"
    assert said[1].startswith("One, two")
    assert said[2] == "And now?"


def test_ctrl_c_at_the_prompt_says_how_to_leave(sim: Simulator, terminal: Begin) -> None:
    talk = terminal("chat")
    talk.shows("› ")
    talk.waits()
    talk.type("\x03")
    talk.shows("/quit leaves")
    talk.shows("› ")
    talk.type("/quit\n")
    assert talk.ends() == 0
    assert sim.requests == []


def test_ctrl_c_ends_a_single_question(sim: Simulator, terminal: Begin) -> None:
    sim.script(pieces=["One, ", "two, ", "three"], fault=Stall(after_events=3))
    asked = terminal("chat", "Count")
    asked.shows("One")
    asked.type("\x03")
    assert asked.ends() == 130


def test_a_failure_leaves_the_conversation_as_it_was(sim: Simulator, terminal: Begin) -> None:
    sim.script(code="1301")
    sim.script("Fine.")
    talk = terminal("chat")
    talk.shows("› ")
    talk.type("Something bad\n")
    talk.shows("ContentBlocked")
    talk.shows("› ")
    talk.type("Something good\n")
    talk.shows("Fine.")
    assert [message["content"] for message in body_of(sim, -1)["messages"]] == ["Something good"]


def test_reasoning_is_dim_and_apart(sim: Simulator, terminal: Begin) -> None:
    sim.script("Blue.", reasoning="Rayleigh.")
    talk = terminal("chat", "Why?")
    talk.shows("\x1b[2m")
    talk.shows("\x1b[0m")
    talk.shows("\r\n\r\n")
    talk.shows("Blue.")
    assert talk.ends() == 0


def test_a_conversation_can_be_written_to_a_file(sim: Simulator, terminal: Begin, tmp_path: Path) -> None:
    sim.script("One.", reasoning="Hm.")
    sim.script(code="1301")
    sim.script("Three.")
    with (tmp_path / "answers.txt").open("wb") as answers:
        talk = terminal("chat", stdout=answers.fileno())
        for question in ("First?", "Second?", "Third?"):
            talk.shows("› ")
            talk.type(f"{question}\n")
        talk.shows("› ")
        talk.type("\x04")
        assert talk.ends() == 0
    assert (tmp_path / "answers.txt").read_text("utf-8") == "One.\nThree.\n"


def test_a_conversation_in_json_has_a_line_for_each_answer(
    sim: Simulator, terminal: Begin, tmp_path: Path
) -> None:
    sim.script("One.")
    sim.script(code="1301")
    sim.script("Three.")
    with (tmp_path / "answers.jsonl").open("wb") as answers:
        talk = terminal("chat", "--json", stdout=answers.fileno())
        for question in ("First?", "Second?", "Third?"):
            talk.shows("› ")
            talk.type(f"{question}\n")
        talk.shows("› ")
        talk.type("\x04")
        assert talk.ends() == 0
    one, two, three = map(json.loads, (tmp_path / "answers.jsonl").read_text("utf-8").splitlines())
    assert one["choices"][0]["message"]["content"] == "One."
    assert two["error"]["code"] == "1301"
    assert three["choices"][0]["message"]["content"] == "Three."
    assert [message["content"] for message in body_of(sim, -1)["messages"]] == ["First?", "One.", "Third?"]


def test_answers_cannot_steer_the_terminal(sim: Simulator, terminal: Begin) -> None:
    sim.script("red \x1b[31m alert \x07\x1b]0;title\x07 end")
    talk = terminal("chat", "Say it", "--no-reasoning")
    assert "\x1b" not in talk.shows(" end")


def test_without_a_key_a_terminal_is_offered_the_simulator(terminal: Begin) -> None:
    talk = terminal("chat", "Say hi")
    talk.shows("[Y/n]")
    talk.type("\n")
    talk.shows("hi")
    assert talk.ends() == 0


def test_the_offer_can_be_declined(terminal: Begin) -> None:
    talk = terminal("chat", "Say hi")
    talk.shows("[Y/n]")
    talk.type("no\n")
    talk.shows("no API key")
    assert talk.ends() == 2
