"""The live microphone example, with a sound card made of Python."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zhipu_async.simulator import Simulator, SimulatorThread
from zhipu_async.simulator.realtime_answer import Answer

EXAMPLE = Path(__file__).parents[2] / "examples" / "realtime_microphone.py"

SOUND_CARD = """
import math, struct, threading

VOICE = b"".join(struct.pack("<h", int(12_000 * math.sin(at * 0.17))) for at in range(16_000))

class PortAudioError(Exception):
    pass

class Stream:
    def __init__(self, samplerate, blocksize, channels, dtype, callback):
        assert (channels, dtype) == (1, "int16")
        self.size, self.callback, self.over = blocksize * 2, callback, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

class RawInputStream(Stream):
    def run(self):
        at = 0
        while not self.over.wait(0.005):
            block = VOICE[at : at + self.size].ljust(self.size, b"\\0")
            self.callback(memoryview(block), self.size, None, None)
            at += self.size

class RawOutputStream(Stream):
    def run(self):
        silent = True
        while not self.over.wait(0.005):
            block = bytearray(self.size)
            self.callback(block, self.size, None, None)
            if silent and any(block):
                silent = False
                print("[a voice is heard]", flush=True)
"""

NO_MICROPHONE = """
class PortAudioError(Exception):
    pass

def RawInputStream(**_):
    raise PortAudioError("Error querying device -1")

RawOutputStream = RawInputStream
"""


def run_example(sim: Simulator, path: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "ZHIPUAI_API_KEY": sim.api_key,
        "ZHIPUAI_BASE_URL": sim.base_url,
        "PYTHONPATH": f"{path}{os.pathsep}{EXAMPLE.parents[1]}",
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, str(EXAMPLE)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=path,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_what_is_said_is_answered_aloud_until_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(SOUND_CARD)
    with SimulatorThread() as sim:
        sim.realtime.answer(Answer(text="好的，没问题。"))
        sim.realtime.hear("你好")
        with run_example(sim, tmp_path) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            shown = ""
            while not all(part in shown for part in ("> 你好", "好的，没问题。", "[a voice is heard]")):
                shown += process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.stdout.read().endswith("Goodbye.\n")
            assert process.stderr.read() == ""
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("raise ImportError('No module named sounddevice')", "pip install 'zhipu-async[audio]'"),
        ("raise OSError('PortAudio library not found')", "PortAudio library not found"),
        (NO_MICROPHONE, "Try examples/realtime_question.py"),
    ],
)
def test_without_a_sound_card_it_says_so_in_one_sentence(tmp_path: Path, module: str, says: str) -> None:
    (tmp_path / "sounddevice.py").write_text(module)
    with SimulatorThread() as sim, run_example(sim, tmp_path) as process:
        output, errors = process.communicate()
    assert output == ""
    assert says in errors
    assert errors.count("\n") == 1
    assert process.returncode == 1
