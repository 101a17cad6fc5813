"""Voices to speak with: `zhipu.voices`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zhipu_async.flows.request import query
from zhipu_async.protocol.endpoint import Endpoint, Replay
from zhipu_async.protocol.options import CallOptions
from zhipu_async.resources.base import Resource
from zhipu_async.types.voices import ClonedVoice, Voice, VoiceDeleted, VoiceList

if TYPE_CHECKING:
    from zhipu_async.flows.pages import Pages

CLONE = Endpoint(
    name="voices.clone",
    path="/voice/clone",
    reply=ClonedVoice,
    replay=Replay.ONCE,
    takes_request_id=True,
)
LIST = Endpoint(name="voices.list", method="GET", path="/voice/list", reply=VoiceList, replay=Replay.SAFE)
DELETE = Endpoint(
    name="voices.delete",
    path="/voice/delete",
    reply=VoiceDeleted,
    replay=Replay.SAFE,
    takes_request_id=True,
)


class Voices(Resource):
    """The platform's voices, and those made from recordings."""

    async def clone(
        self,
        *,
        model: str = "glm-tts-clone",
        voice_name: str,
        input: str,
        file_id: str,
        text: str | None = None,
        request_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> ClonedVoice:
        """Return a voice made from a recording: its `.voice` goes into `zhipu.audio.speech.create(voice=...)`.

        Cancelled before its answer came, the voice may have been made; `list` tells.
        voice_name: a name that none of your voices has.
        input: what the new voice says in the sample that comes with it.
        file_id: the recording, mp3 or wav, 3 to 30 seconds, at most 10 MB, uploaded by
            `zhipu.files.upload(file=..., purpose="voice-clone-input")`.
        text: what is said in the recording.
        """
        return await self._call(
            CLONE,
            options,
            model=model,
            voice_name=voice_name,
            input=input,
            file_id=file_id,
            text=text,
            request_id=request_id,
        )

    async def delete(
        self, voice: str, *, request_id: str | None = None, **options: Unpack[CallOptions]
    ) -> VoiceDeleted:
        """Delete a voice by its id, not its name. Cancelling closes the connection; the voice may be gone."""
        return await self._call(DELETE, options, voice=voice, request_id=request_id)

    def list(
        self,
        *,
        voice_name: str | None = None,
        voice_type: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Pages[VoiceList, Voice]:
        """Return the voices: `async for voice in ...`, or `await` for all at once. Cancelling closes the connection.

        voice_name: only those whose names contain this.
        voice_type: "OFFICIAL" for the platform's own, "PRIVATE" for yours.
        """
        asked = query(voiceName=voice_name, voiceType=voice_type)
        return self._pages(
            LIST, options, asked, items=lambda page: page.voice_list, following=lambda page, query: None
        )
