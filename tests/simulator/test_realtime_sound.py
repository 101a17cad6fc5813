"""Sound in and out: WAV reading, voice detection, the synthesised voice."""

from __future__ import annotations

from array import array
from operator import mul

import pytest

from tests.simulator.realtime_room import encoded, silence, speech, wav
from zhipu_async.simulator.realtime_events import Invalid
from zhipu_async.simulator.realtime_sound import Sound, decode, loudness, pcm_rate, read_wav
from zhipu_async.simulator.realtime_vad import Edge, EnergyVad, level
from zhipu_async.simulator.realtime_voice import CHUNK_BYTES, PITCH_HZ, RATE, cut, speak


def sound(pcm: bytes, rate: int = 16_000) -> Sound:
    samples = array("h")
    samples.frombytes(pcm)
    return Sound(samples, rate)


def edges(pcm: bytes, threshold: float = 0.5, rate: int = 16_000, size: int = 1600) -> list[Edge]:
    detector, samples = EnergyVad(threshold, 300, 500), sound(pcm, rate).samples
    parts = [Sound(samples[start : start + size], rate) for start in range(0, len(samples), size)]
    return [edge for piece in parts for edge in detector.hear(piece)]


class TestReading:
    def test_a_wav_brings_its_rate(self) -> None:
        heard = read_wav(wav(speech(500, 22_050), 22_050))
        assert (heard.rate, heard.milliseconds) == (22_050, 500.0)

    def test_chunks_around_the_sound_are_skipped(self) -> None:
        plain = wav(speech(100))
        odd = b"LIST" + (3).to_bytes(4, "little") + b"abc\0"
        assert read_wav(plain[:12] + odd + plain[12:] + odd).samples == read_wav(plain).samples

    def test_a_streaming_header_promises_more_than_there_is(self) -> None:
        file = bytearray(wav(speech(100)))
        file[40:44] = b"\xff\xff\xff\xff"
        assert read_wav(bytes(file)).milliseconds == 100.0

    @pytest.mark.parametrize(
        ("offset", "value"),
        [(20, b"\x03\0"), (22, b"\x02\0"), (24, b"\0\0\0\0"), (34, b"\x08\0"), (8, b"AVI ")],
    )
    def test_anything_but_mono_16_bit_pcm_is_refused(self, offset: int, value: bytes) -> None:
        file = bytearray(wav(speech(100)))
        file[offset : offset + len(value)] = value
        with pytest.raises(Invalid):
            read_wav(bytes(file))

    @pytest.mark.parametrize(
        "file", [b"RIFF....WAVEfmt \x04\0\0\0abcd", b"RIFF....WAVEdata\0\0\0\0", b"RIFF....WAVE"]
    )
    def test_broken_files_are_refused(self, file: bytes) -> None:
        with pytest.raises(Invalid):
            read_wav(file)

    def test_the_number_of_a_pcm_format_is_its_rate(self) -> None:
        assert [pcm_rate(name) for name in ("pcm", "pcm8", "pcm24")] == [16_000, 8_000, 24_000]
        assert decode(encoded(speech(100, 24_000)), "pcm24").milliseconds == 100.0


class TestVoiceDetection:
    def test_speech_between_silences_has_two_edges(self) -> None:
        assert edges(silence(500) + speech(500) + silence(600)) == [
            Edge("started", 200),
            Edge("stopped", 1500),
        ]

    @pytest.mark.parametrize("size", [1, 7, 160, 1600, 100_000])
    def test_the_size_of_the_appends_does_not_matter(self, size: int) -> None:
        assert edges(silence(500) + speech(500) + silence(600), size=size) == [
            Edge("started", 200),
            Edge("stopped", 1500),
        ]

    @pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
    def test_the_rate_does_not_matter(self, rate: int) -> None:
        pcm = silence(500, rate) + speech(500, rate) + silence(600, rate)
        assert [edge.kind for edge in edges(pcm, rate=rate, size=rate // 10)] == ["started", "stopped"]

    def test_a_click_is_not_speech(self) -> None:
        assert edges(silence(200) + speech(30) + silence(800)) == []

    def test_a_short_pause_does_not_end_speech(self) -> None:
        assert [edge.kind for edge in edges(speech(500) + silence(300) + speech(500))] == ["started"]

    def test_a_higher_threshold_needs_louder_speech(self) -> None:
        whisper = speech(500, peak=300)
        assert edges(whisper, threshold=0.1) != []
        assert edges(whisper, threshold=0.9) == []
        assert level(0.1) < level(0.5) < level(1.0)

    def test_loudness_is_the_root_mean_square(self) -> None:
        assert loudness(array("h", [300, -300] * 100)) == pytest.approx(300)
        assert loudness(array("h")) == 0


class TestVoice:
    def test_the_voice_is_24_khz_pcm_in_chunks_of_200_ms(self) -> None:
        chunks = list(speak("你好，我是小智。", "tongtong"))
        assert {len(chunk) for chunk in chunks[:-1]} == {CHUNK_BYTES}
        assert sum(map(len, chunks)) / (RATE * 2) == pytest.approx(6 * 0.2 + 0.2 + 0.35)

    def test_the_same_words_sound_the_same_and_others_do_not(self) -> None:
        def spoken(text: str, voice: str) -> bytes:
            return b"".join(speak(text, voice))

        assert spoken("你好", "tongtong") == spoken("你好", "tongtong")
        assert spoken("你好", "tongtong") != spoken("再见", "tongtong")
        assert spoken("你好", "tongtong") != spoken("你好", "xiaochen")
        assert spoken("你好", "nobody") == spoken("你好", "tongtong")

    @pytest.mark.parametrize("voice", sorted(PITCH_HZ))
    def test_every_voice_is_loud_enough_to_be_heard_and_never_clips(self, voice: str) -> None:
        samples = sound(b"".join(speak("今天天气很好 hello 123", voice)), RATE).samples
        assert 1_000 < loudness(samples) < 9_000
        assert max(map(abs, samples)) <= 9_000

    @pytest.mark.parametrize("voice", ["tongtong", "xiaochen"])
    def test_the_pitch_is_the_voices(self, voice: str) -> None:
        samples = sound(next(speak("你你你", voice)), RATE).samples
        middle = samples[1000:3400]
        lags = range(RATE // 400, RATE // 80)
        period = max(lags, key=lambda lag: sum(map(mul, middle[:-lag], middle[lag:])))
        assert RATE / period == pytest.approx(PITCH_HZ[voice], rel=0.35)

    def test_the_voice_is_speech_to_the_voice_detection(self) -> None:
        pcm = b"".join(speak("你好，我是小智", "tongtong")) + silence(700, RATE)
        assert [edge.kind for edge in edges(pcm, rate=RATE)] == ["started", "stopped"]

    def test_what_cannot_be_spoken_is_left_out(self) -> None:
        assert b"".join(speak("（）", "tongtong")) == b""
        assert list(cut(b"")) == []
