"""Bare samples as files that players open."""

from __future__ import annotations

import io
import wave

import pytest

from zhipu_async.errors import InvalidArgument
from zhipu_async.types.sound import check_name, playable, wav, wav_header


@pytest.mark.parametrize("name", ["a.mp3", "A.MP3", "a.ogg", "folder/a.flac"])
def test_samples_are_not_given_the_name_of_what_they_are_not(name: str) -> None:
    with pytest.raises(InvalidArgument, match="wav"):
        check_name(name, b"\0\0")
    check_name("a.wav", b"\0\0")
    check_name("a.pcm", b"\0\0")
    check_name("a.mp3", b"ID3")


@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_samples_get_the_header_of_their_rate(rate: int) -> None:
    with wave.open(io.BytesIO(playable(b"\1\2\3\4", rate))) as recording:
        assert (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) == (1, 2, rate)
        assert recording.readframes(9) == b"\1\2\3\4"


def test_half_a_sample_is_left_out() -> None:
    assert wav(b"\1\2\3", 24_000) == wav_header(2, 24_000) + b"\1\2"


@pytest.mark.parametrize("file", [b"RIFF....", b"ID3...."])
def test_a_file_stays_as_it_is(file: bytes) -> None:
    assert playable(file, 24_000) == file
