"""Speech and transcripts: `zhipu.audio`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Unpack

from zhipu_async.errors import InvalidArgument
from zhipu_async.flows.request import Request, sent
from zhipu_async.flows.upload import FileField, Form, Named, Progress, file_field, form_values
from zhipu_async.protocol.endpoint import Endpoint, Envelope, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.protocol.parts import MEGABYTE
from zhipu_async.protocol.speech import transcript_reader
from zhipu_async.resources.base import Resource
from zhipu_async.resources.streaming import Streaming
from zhipu_async.types.audio import Speech, TranscriptEvent, Transcription

if TYPE_CHECKING:
    from zhipu_async.flows.answer_stream import AnswerStream
    from zhipu_async.flows.job import Opened
    from zhipu_async.flows.speech import SpeechStream
    from zhipu_async.protocol.multipart import Values
    from zhipu_async.types.chat_request import SensitiveWordCheck

SPEAK = Endpoint(
    name="audio.speech.create",
    path="/audio/speech",
    reply=Speech,
    replay=Replay.COSTLY,
    envelope=Envelope.CONTENT,
)
CUSTOMIZE = Endpoint(
    name="audio.customization",
    path="/audio/customization",
    reply=Speech,
    replay=Replay.COSTLY,
    envelope=Envelope.CONTENT,
)
TRANSCRIBE = Endpoint(
    name="audio.transcriptions.create",
    path="/audio/transcriptions",
    reply=Transcription,
    replay=Replay.COSTLY,
    takes_request_id=True,
)

RECORDING_BYTES = 25 * MEGABYTE  # the platform refuses more


class Audio(Resource):
    """What speaks and what listens."""

    @cached_property
    def speech(self) -> Speeches:
        """Return text to speech: `zhipu.audio.speech.create(...)`."""
        return Speeches(self._calls)

    @cached_property
    def transcriptions(self) -> Transcriptions:
        """Return speech to text: `zhipu.audio.transcriptions.create(...)`."""
        return Transcriptions(self._calls)

    async def customization(
        self,
        *,
        model: str,
        input: str,
        voice_text: str,
        voice_data: Named,
        response_format: str | None = None,
        watermark_enabled: bool | None = None,
        sensitive_word_check: SensitiveWordCheck | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Speech:
        """Return a text, spoken in the voice of a recording; an old call, `zhipu.voices.clone` replaces it.

        Cancelling closes the connection.
        voice_text: what is said in the recording.
        """
        values = form_values(
            model=model,
            input=input,
            voice_text=voice_text,
            response_format=response_format,
            watermark_enabled=watermark_enabled,
            sensitive_word_check=sensitive_word_check,
            request_id=request_id,
            user_id=user_id,
        )
        form = Form(values, [await file_field("voice_data", voice_data, by_extension=True)])
        request = Request(sent(request_id=request_id), content=form, model=model, options=options)
        return await self._calls.call(CUSTOMIZE, request)


class Speeches(Resource):
    """Texts, spoken."""

    async def create(
        self,
        *,
        model: str = "glm-tts",
        input: str,
        voice: str = "tongtong",
        speed: float | None = None,
        volume: float | None = None,
        response_format: str | None = None,
        watermark_enabled: bool | None = None,
        sensitive_word_check: SensitiveWordCheck | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Speech:
        """Return a text, spoken: `.content` has the bytes, `await speech.save("hello.wav")` keeps them.

        Cancelling closes the connection.
        input: at most 1024 characters.
        voice: "tongtong", "chuichui", "xiaochen", "jam", "kazi", "douji", "luodo", or a voice of `zhipu.voices`.
        speed: 0.5 to 2.
        volume: above 0, to 10.
        response_format: "pcm", bare samples, or "wav"; without it the platform sends "pcm".
        watermark_enabled: whether a sound marks the beginning; False needs an account that has it switched off.
        """
        return await self._call(
            SPEAK,
            options,
            model=model,
            input=input,
            voice=voice,
            speed=speed,
            volume=volume,
            response_format=response_format,
            watermark_enabled=watermark_enabled,
            sensitive_word_check=sensitive_word_check,
            request_id=request_id,
            user_id=user_id,
        )

    def stream(
        self,
        *,
        model: str = "glm-tts",
        input: str,
        voice: str = "tongtong",
        speed: float | None = None,
        volume: float | None = None,
        encode_format: str | None = None,
        watermark_enabled: bool | None = None,
        sensitive_word_check: SensitiveWordCheck | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> SpeechStream:
        """Return a text, spoken while it is made, as a stream of bare samples; the request is sent when it is entered.

        `async for piece in stream` gives bytes, `await stream.save("hello.wav")` a file. Cancelling closes it.
        encode_format: "base64" or "hex", how the pieces travel; what you get is the same.
        """
        from zhipu_async.flows.speech import SpeechStream

        body = sent(
            model=model,
            input=input,
            voice=voice,
            stream=True,
            speed=speed,
            volume=volume,
            encode_format=encode_format,
            watermark_enabled=watermark_enabled,
            sensitive_word_check=sensitive_word_check,
            request_id=request_id,
            user_id=user_id,
        )
        request = Request(body, model=model, options=options, stream=True)

        async def opened() -> Opened:
            return await self._calls.open(SPEAK, request)

        return SpeechStream(opened, encode_format or "base64")


class Transcriptions(Streaming):
    """Recordings, written down."""

    async def create(
        self,
        *,
        model: str = "glm-asr-2512",
        file: Named | None = None,
        file_base64: str | None = None,
        prompt: str | None = None,
        hotwords: Sequence[str] | None = None,
        temperature: float | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> Transcription:
        """Return what is said in a recording. Cancelling closes the connection.

        file: wav or mp3 of at most 25 MB and 30 seconds: a path, bytes, an open binary file or an async iterator,
            alone or as (file name, content). The platform goes by the extension of the name.
        file_base64: the recording as text, instead of a file.
        prompt: what was said before, less than 8000 characters.
        hotwords: at most 100 names and terms to listen for.
        temperature: 0 to 1; only older models take it.
        on_progress: called with bytes sent and bytes in all.
        """
        values = form_values(
            model=model,
            file_base64=file_base64,
            prompt=prompt,
            hotwords=hotwords,
            temperature=temperature,
            request_id=request_id,
            user_id=user_id,
        )
        return await self._calls.call(TRANSCRIBE, await _recording(values, file, options, on_progress))

    def stream(
        self,
        *,
        model: str = "glm-asr-2512",
        file: Named | None = None,
        file_base64: str | None = None,
        prompt: str | None = None,
        hotwords: Sequence[str] | None = None,
        temperature: float | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> AnswerStream[TranscriptEvent, Transcription]:
        """Return what is said in a recording as a stream; the request is sent when it is entered.

        `stream.text()` gives the pieces of the text, `await stream.finish()` the whole. Cancelling closes it. The
        arguments are those of `create`.
        """
        values = form_values(
            model=model,
            stream=True,
            file_base64=file_base64,
            prompt=prompt,
            hotwords=hotwords,
            temperature=temperature,
            request_id=request_id,
            user_id=user_id,
        )
        return self._stream(
            TRANSCRIBE, transcript_reader(), lambda: _recording(values, file, options, on_progress)
        )


async def _recording(
    values: Values, file: Named | None, options: CallOptions, on_progress: Progress | None
) -> Request:
    if file is None and "file_base64" not in values:
        raise InvalidArgument("a recording is needed: file=..., or file_base64=...")
    files: list[FileField] = []
    if file is not None:
        files.append(await file_field("file", file, limit_bytes=RECORDING_BYTES, by_extension=True))
    return Request(
        sent(request_id=values.get("request_id")),
        content=Form(values, files, on_progress, takes_request_id=TRANSCRIBE.takes_request_id),
        model=str(values["model"]),
        options=options,
        stream="stream" in values,
    )
