"""Sound: WAV in any pieces, frames of 100 ms, an even pace, whole samples."""

from __future__ import annotations

import base64
import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhipu_async.errors import InvalidArgument
from zhipu_async.protocol.audio import (
    APPENDS_PER_SECOND,
    Aligner,
    Frame,
    Framer,
    Pacer,
    SoundReader,
    check_name,
    check_rate,
    duration_ms,
    encode_frame,
    encode_picture,
    input_rate,
    wav,
)


def wave_file(pcm: bytes, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def form(tag: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, extra: bytes = b"") -> bytes:
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * 2, 2, bits) + extra)


def riff(*chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, chunks))) + b"WAVE" + b"".join(chunks)


def read(*pieces: bytes, rate: int = 16_000) -> tuple[bytes, set[int]]:
    reader = SoundReader(rate)
    found = [frame for piece in pieces for frame in reader.feed(piece)] + reader.end()
    return b"".join(frame.pcm for frame in found), {frame.rate for frame in found}


PCM = bytes(range(256)) * 4


@given(st.data())
def test_a_wav_reads_the_same_in_any_pieces(data: st.DataObject) -> None:
    file = riff(chunk(b"LIST", b"odd"), form(rate=22_050), chunk(b"data", PCM), chunk(b"LIST", b"tail"))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(file)), max_size=12)))
    pieces = [file[a:b] for a, b in zip([0, *cuts], [*cuts, len(file)], strict=True)]
    assert read(*pieces) == (PCM, {22_050})


@given(st.binary(max_size=200), st.integers(1, 9))
def test_bare_samples_pass_in_any_pieces(pcm: bytes, size: int) -> None:
    if pcm[:4] not in (b"RIFF", b"ID3\x03", b"ID3\x04", b"OggS", b"fLaC", b"\x1aE\xdf\xa3"):
        pieces = [pcm[at : at + size] for at in range(0, len(pcm), size)]
        assert read(*pieces)[0] == pcm


def test_samples_that_look_like_the_beginning_of_a_wav_are_samples() -> None:
    assert read(b"RI") == (b"RI", {16_000})
    assert read(b"RIFF", b"1234", b"NOPE", b"more")[0] == b"RIFF1234NOPEmore"
    assert read() == (b"", set())


def test_the_standard_library_and_we_mean_the_same_wav() -> None:
    assert read(wave_file(PCM, 24_000)) == (PCM, {24_000})
    with wave.open(io.BytesIO(wav(PCM))) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (24_000, 1, 2)
        assert reader.readframes(10_000) == PCM


def test_a_wav_written_to_a_pipe_has_no_length() -> None:
    open_ended = riff(form()) + b"data" + b"\xff\xff\xff\xff" + PCM
    assert read(open_ended, PCM)[0] == PCM + PCM


def test_a_file_may_end_in_the_middle_of_what_is_not_sound() -> None:
    tail = chunk(b"LIST", bytes(20))
    assert read(riff(form(), chunk(b"data", PCM)) + tail[:15], tail[15:18])[0] == PCM
    assert read(PCM, b"", PCM)[0] == PCM + PCM


def test_several_files_behind_each_other_are_one_sound() -> None:
    assert read(wave_file(PCM, 16_000) * 3)[0] == PCM * 3


def test_an_extensible_format_and_an_odd_length_are_read() -> None:
    file = riff(form(tag=0xFFFE, extra=b"\0" * 25), chunk(b"data", b"abc"), chunk(b"LIST", b"x"))
    assert read(file)[0] == b"abc"


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (wave_file(PCM, channels=2), "2 channels"),
        (wave_file(PCM, width=1), "8 bits"),
        (riff(form(tag=3, rate=500_000)), "format 3"),
        (riff(chunk(b"data", PCM)), "no format chunk"),
        (riff(chunk(b"fmt ", b"short")), "damaged"),
        (riff(chunk(b"LIST", bytes(70_000)), form(), chunk(b"data", PCM)), "64 KiB"),
        (riff(form())[:30], "ends before"),
    ],
)
def test_a_wav_that_cannot_be_sent_says_how_to_convert_it(file: bytes, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why) as caught:
        read(file)
    assert "ffmpeg" in caught.value.hint


@pytest.mark.parametrize("beginning", [b"ID3\x04", b"OggS", b"fLaC", b"\x1aE\xdf\xa3"])
def test_compressed_sound_is_not_taken_for_samples(beginning: bytes) -> None:
    with pytest.raises(InvalidArgument, match="compressed") as caught:
        read(beginning + PCM)
    assert "ffmpeg" in caught.value.hint


def test_a_file_is_judged_by_its_name_too() -> None:
    check_name("question.wav")
    check_name("samples")
    with pytest.raises(InvalidArgument, match="The sound is mp3, which is compressed"):
        check_name("Question.MP3")


def test_a_file_is_told_from_bare_samples() -> None:
    file, bare = SoundReader(16_000), SoundReader(16_000)
    file.feed(wave_file(PCM))
    bare.feed(PCM)
    assert file.in_file
    assert not bare.in_file


@given(st.lists(st.binary(max_size=7_000), max_size=8), st.sampled_from([8_000, 16_000, 22_050, 24_000]))
def test_frames_are_100_ms_and_nothing_is_lost_but_half_a_sample(pieces: list[bytes], rate: int) -> None:
    framer = Framer()
    frames = [frame for piece in pieces for frame in framer.add(Frame(rate, piece))]
    assert all(len(frame.pcm) == rate // 10 * 2 for frame in frames)
    assert framer.held_ms < 100
    whole = b"".join(pieces)
    rest = framer.flush()
    assert b"".join(frame.pcm for frame in frames + rest) == whole[: len(whole) // 2 * 2]
    assert framer.flush() == []


def test_another_rate_closes_the_frame_of_the_one_before() -> None:
    framer = Framer()
    assert framer.held_ms == 0.0
    assert framer.add(Frame(16_000, b"ab")) == []
    assert framer.add(Frame(24_000, b"cd")) == [Frame(16_000, b"ab")]
    assert framer.flush() == [Frame(24_000, b"cd")]


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=200))
def test_no_second_ever_sees_more_appends_than_the_pace(gaps: list[float]) -> None:
    pacer, now, sent = Pacer(), 0.0, list[float]()
    for gap in gaps:
        now += gap
        now += pacer.take(now)
        sent.append(now)
    for at in sent:
        assert sum(at <= other < at + 1.0 - 1e-6 for other in sent) <= APPENDS_PER_SECOND


def test_a_live_microphone_never_waits() -> None:
    pacer = Pacer()
    assert [pacer.take(at / 10) for at in range(20)] == [0.0] * 20


def test_an_odd_byte_goes_over_to_the_next_delta_of_the_same_item() -> None:
    aligner = Aligner()
    one, two, other = (base64.b64encode(raw).decode() for raw in (b"abc", b"d", b"xy"))
    assert aligner.samples("i", one) == b"ab"
    assert aligner.samples("j", other) == b"xy"
    assert aligner.samples("i", two) == b"cd"
    with pytest.raises(ValueError, match="base64"):
        aligner.samples("i", "no base64!")


@pytest.mark.parametrize(
    ("name", "rate"), [("wav", None), ("pcm", 16_000), ("pcm8", 8_000), ("pcm16", 16_000), ("pcm24", 24_000)]
)
def test_the_number_of_an_input_format_is_its_rate(name: str, rate: int | None) -> None:
    assert input_rate(name) == rate


@pytest.mark.parametrize("name", ["mp3", "wav48k", "pcmx", "pcm96", "pcm0", "", "16"])
def test_an_unknown_input_format_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match="pcm16"):
        input_rate(name)


def test_a_wrong_rate_is_refused_with_what_helps() -> None:
    check_rate(16_000, 16_000)
    check_rate(22_050, None)
    with pytest.raises(InvalidArgument, match="44100 samples a second, this session takes 16000") as caught:
        check_rate(44_100, 16_000)
    assert "-ar 16000" in caught.value.hint
    with pytest.raises(InvalidArgument, match="not a rate of speech"):
        check_rate(96_000, None)


def test_a_frame_in_wav_mode_is_a_file_of_its_own() -> None:
    frame = Frame(16_000, PCM)
    assert base64.b64decode(encode_frame(frame, as_wav=False)) == PCM
    assert read(base64.b64decode(encode_frame(frame, as_wav=True))) == (PCM, {16_000})
    assert frame.milliseconds == duration_ms(1024, 16_000) == 32.0


def test_only_pictures_that_fit_into_a_message_are_sent() -> None:
    assert base64.b64decode(encode_picture(b"\xff\xd8 jpeg")) == b"\xff\xd8 jpeg"
    with pytest.raises(InvalidArgument, match="JPEG"):
        encode_picture(b"\x89PNG")
    with pytest.raises(InvalidArgument, match="187,500") as caught:
        encode_picture(b"\xff\xd8" + bytes(200_000))
    assert "1120" in caught.value.hint
