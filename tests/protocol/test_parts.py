"""Content parts: what a source is, and what the platform takes."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest

from zhipu_async import parts
from zhipu_async.errors import InvalidArgument, InvalidType
from zhipu_async.protocol import parts as rules
from zhipu_async.protocol.parts import Kind, build, jpeg_size, png_size, sniff, wav_seconds
from zhipu_async.types.chat_request import ContentPart, MediaKind, MediaPart


def png(width: int = 1, height: int = 1) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def jpeg(width: int = 1, height: int = 1, marker: int = 0xC0) -> bytes:
    comment = b"\xff\xfe\x00\x04ab"
    tables = b"\xff\xc4\x00\x04ab"
    frame = struct.pack(">BBHBHH", 0xFF, marker, 17, 8, height, width)
    return b"\xff\xd8" + comment + tables + b"\xff" + frame + b"\x00" * 10


def wav(seconds: float = 0.01) -> bytes:
    samples = b"\x00\x00" * int(16_000 * seconds)
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", 0
    )
    return header + samples


MP3 = b"\xff\xfb\x90\x00" + b"\x00" * 32
MP4 = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 16


# ── what a source is ───────────────────────────────────────────────────────────────────────────────


def test_urls_become_parts_at_once() -> None:
    url = "https://example.org/x"
    assert parts.text("hi") == {"type": "text", "text": "hi"}
    assert parts.image(url) == {"type": "image_url", "image_url": {"url": url}}
    assert parts.video(url) == {"type": "video_url", "video_url": {"url": url}}
    assert parts.file(url) == {"type": "file_url", "file_url": {"url": url}}
    assert parts.file(url, filename="a.pdf") == {
        "type": "file",
        "file": {"file_url": url, "filename": "a.pdf"},
    }
    assert parts.file(file_id="f1") == {"type": "file", "file": {"file_id": "f1"}}


def test_data_urls_are_content() -> None:
    url = "data:application/pdf;base64,JVBERi0="
    assert parts.file(url) == {"type": "file", "file": {"file_data": url}}
    assert parts.image("data:image/png;base64,AA==") == {
        "type": "image_url",
        "image_url": {"url": "data:image/png;base64,AA=="},
    }


@pytest.mark.parametrize("source", ["cat.png", Path("cat.png")])
def test_paths_are_read_later(source: str | Path) -> None:
    assert parts.image(source) == MediaPart("image", Path("cat.png"), "cat.png")


def test_content_is_checked_now_and_encoded_later() -> None:
    assert parts.image(png()) == MediaPart("image", png())
    assert parts.audio(bytearray(wav())) == MediaPart("audio", wav())
    with pytest.raises(InvalidArgument):
        parts.image(b"text")


def test_a_part_shows_its_name_or_size_and_never_its_content() -> None:
    assert repr(parts.image("a/cat.png")) == "<MediaPart image: cat.png>"
    assert repr(parts.file(b"my secret")) == "<MediaPart file: 9 bytes>"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "cannot come from an empty string"),
        ("ftp://example.org/cat.png", "takes http and https URLs only"),
        ("A" * 5000, "a text this long is no path. Give the bytes"),
    ],
)
def test_texts_that_are_neither_url_nor_path_are_refused(source: str, sentence: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parts.image(source)
    assert sentence in str(caught.value)


class BytePath:
    def __fspath__(self) -> bytes:
        return b"cat.png"


@pytest.mark.parametrize("source", [7, None, ["cat.png"], BytePath(), memoryview(b"x")])
def test_other_sources_are_refused(source: object) -> None:
    with pytest.raises(InvalidType, match="comes from a path, a URL or bytes"):
        rules.classify(source)


def test_audio_has_no_url() -> None:
    with pytest.raises(InvalidArgument, match="takes no URL for audio"):
        parts.audio("https://example.org/a.wav")


def test_a_file_comes_from_one_source() -> None:
    with pytest.raises(InvalidArgument, match="either a source or a file_id"):
        parts.file()
    with pytest.raises(InvalidArgument, match="either a source or a file_id"):
        parts.file("a.pdf", file_id="f1")


# ── what the platform takes ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(), Kind.PNG),
        (jpeg(), Kind.JPEG),
        (b"GIF89a", Kind.GIF),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Kind.WEBP),
        (b"BM\x00\x00", Kind.BMP),
        (MP4, Kind.MP4),
        (b"\x00\x00\x00\x14ftypqt  ", Kind.MOV),
        (b"\x00\x00\x00\x08wide", Kind.MOV),
        (b"\x1aE\xdf\xa3", Kind.MKV),
        (b"RIFF\x00\x00\x00\x00AVI LIST", Kind.AVI),
        (wav(), Kind.WAV),
        (b"ID3\x04", Kind.MP3),
        (MP3, Kind.MP3),
        (b"\xff\xf3\x40", Kind.MP3),
        (b"\xff\xf9", Kind.UNKNOWN),
        (b"OggS", Kind.OGG),
        (b"fLaC", Kind.FLAC),
        (b"%PDF-1.7", Kind.PDF),
        (b"\xff", Kind.UNKNOWN),
        (b"", Kind.UNKNOWN),
        (b"hello", Kind.UNKNOWN),
    ],
)
def test_formats_are_told_by_their_first_bytes(content: bytes, kind: Kind) -> None:
    assert sniff(content) is kind


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        ("image", b"GIF89a", "x is gif; the platform takes jpeg, png as image"),
        ("image", b"hello", "x is of an unknown format; the platform takes jpeg, png as image"),
        ("video", png(), "x is png; the platform takes mkv, mov, mp4 as video"),
        ("audio", b"OggS", "x is ogg; the platform takes mp3, wav as audio"),
        ("image", b"", "x is empty"),
        ("file", b"", "x is empty"),
        ("image", png(6001, 1), "x has 6001 x 1 pixels; the limit is 6000 x 6000"),
        ("image", jpeg(1, 6001), "x has 1 x 6001 pixels; the limit is 6000 x 6000"),
        ("audio", wav(601), "x is longer than 10 minutes"),
    ],
)
def test_what_the_platform_refuses_is_refused_here(kind: MediaKind, content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        rules.check_content(kind, content, "x")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", png(6000, 6000)),
        ("image", jpeg(6000, 6000)),
        ("video", MP4),
        ("audio", wav(1)),
        ("audio", MP3),
        ("file", b"%PDF-1.7"),
        ("file", b"plain text"),
    ],
)
def test_what_the_platform_takes_passes(kind: MediaKind, content: bytes) -> None:
    rules.check_content(kind, content, "x")


@pytest.mark.parametrize(("kind", "megabytes"), [("image", 5), ("video", 200), ("file", 50)])
def test_sizes_are_limited(kind: MediaKind, megabytes: int) -> None:
    rules.check_size(kind, megabytes * 1024 * 1024, "x")
    with pytest.raises(InvalidArgument, match=f"the limit for one {kind} is {megabytes} MB"):
        rules.check_size(kind, megabytes * 1024 * 1024 + 1, "x")


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xCF])
def test_jpegs_tell_their_size_in_any_frame_header(marker: int) -> None:
    assert jpeg_size(jpeg(640, 480, marker)) == (640, 480)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC, 0xDA])
def test_other_segments_of_a_jpeg_are_no_frame(marker: int) -> None:
    assert jpeg_size(jpeg(640, 480, marker)) == (0, 0)


def test_headers_that_are_cut_off_or_strange_tell_nothing() -> None:
    for end in range(len(jpeg())):
        jpeg_size(jpeg()[:end])
    assert png_size(png()[:20]) == (0, 0)
    assert jpeg_size(b"\xff\xd8\x00\x00\x00\x00") == (0, 0)
    assert wav_seconds(wav()[:20]) == 0
    assert wav_seconds(b"RIFF\x00\x00\x00\x00WAVELIST" + b"\x00" * 40) == 0
    assert wav_seconds(b"RIFF\x00\x00\x00\x00WAVEfmt " + b"\x00" * 40) == 0


# ── their form in a message ────────────────────────────────────────────────────────────────────────


def built(part: ContentPart, content: bytes) -> object:
    assert isinstance(part, MediaPart)
    return build(part, content)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_parts_have_the_platforms_form() -> None:
    assert built(parts.image(png()), png()) == {"type": "image_url", "image_url": {"url": encoded(png())}}
    assert built(parts.video(MP4), MP4) == {"type": "video_url", "video_url": {"url": encoded(MP4)}}
    assert built(parts.audio(MP3), MP3) == {
        "type": "input_audio",
        "input_audio": {"data": encoded(MP3), "format": "mp3"},
    }


@pytest.mark.parametrize(
    ("filename", "content", "media_type"),
    [
        ("a.PDF", b"text", "application/pdf"),
        ("a.txt", b"text", "text/plain"),
        ("a.bin", b"text", "application/octet-stream"),
        ("", b"%PDF-1.7", "application/pdf"),
    ],
)
def test_files_tell_their_media_type_and_name(filename: str, content: bytes, media_type: str) -> None:
    source: dict[str, str] = {"file_data": f"data:{media_type};base64,{encoded(content)}"}
    named = {**source, "filename": filename} if filename else source
    assert built(parts.file(content, filename=filename), content) == {"type": "file", "file": named}


@pytest.mark.parametrize(
    "size", [0, 1, 2, 3, rules.BASE64_PIECE - 1, rules.BASE64_PIECE, 2 * rules.BASE64_PIECE + 1]
)
def test_base64_in_pieces_is_base64(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert rules.base64(content[:size]) == encoded(content[:size])


def test_a_file_that_does_not_open_is_named_with_the_reason() -> None:
    error = rules.unreadable(Path("my cat.png"), FileNotFoundError(2, "No such file or directory"))
    assert str(error) == "cannot read 'my cat.png': No such file or directory"
