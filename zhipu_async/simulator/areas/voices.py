"""Voices: the platform's own and those cloned from a sample. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ..fields import text
from ..keeping import Kept
from ..operation import Answer, Ask, Operation, Whole
from ..refusals import Refusal, illegal
from ..safety import refuse_unsafe
from ..shapes import Body, text_of
from ..sounds import speech, wav
from . import files, made

if TYPE_CHECKING:
    from collections.abc import Mapping

CHINA_TIME = timezone(timedelta(hours=8))
OFFICIAL: Mapping[str, str] = {
    "tongtong": "彤彤",
    "chuichui": "锤锤",
    "xiaochen": "小陈",
    "jam": "jam",
    "kazi": "kazi",
    "douji": "douji",
    "luodo": "luodo",
}
OPENED = "2025-08-01 10:00:00"
CLONING = frozenset({"glm-tts-clone", "cogtts-clone"})
SECONDS_TO_CLONE = 5


@dataclass
class Voice:
    """A cloned voice."""

    id: str
    name: str
    created: str
    preview_url: str

    def shown(self) -> Body:
        return {
            "voice": self.id,
            "voice_name": self.name,
            "voice_type": "PRIVATE",
            "download_url": self.preview_url,
            "create_time": self.created,
        }


def now_in_china() -> datetime:
    return datetime.now(CHINA_TIME)


def spoken_with(ask: Ask) -> str:
    """Give the voice of the request, found by its id or its name, or refuse."""
    wanted = text_of(ask.body, "voice")
    if wanted in OFFICIAL:
        return wanted
    for voice in Kept(Voice, ask).all():
        if wanted in (voice.id, voice.name):
            return voice.id
    raise illegal("voice", "there is no such voice")


def clone(ask: Ask) -> Answer:
    name, written = text_of(ask.body, "voice_name"), text_of(ask.body, "input")
    refuse_unsafe(written)
    sample = files.find(ask, text_of(ask.body, "file_id"))
    if sample.purpose != "voice-clone-input":
        raise illegal("file_id", "a file of the purpose voice-clone-input expected")
    voices = Kept(Voice, ask)
    if any(voice.name == name for voice in voices.all()):
        raise illegal("voice_name", "there is a voice of this name already")
    now = now_in_china()
    voice_id = f"voice_clone_{now:%Y%m%d_%H%M%S}_{ask.platform.number(ask.platform.new_id()) % 1000:03}"
    preview = wav(speech(written, voice_id))
    url = made.to_content(ask, preview, "audio/wav", "wav")
    voices.add(voice_id, Voice(voice_id, name, f"{now:%Y-%m-%d %H:%M:%S}", url))
    file = files.keep(ask, f"{voice_id}.wav", "voice-clone-output", preview)
    body: Body = {
        "voice": voice_id,
        "file_id": file.id,
        "file_purpose": file.purpose,
        "request_id": ask.request_id,
    }
    return Whole(body, seconds=SECONDS_TO_CLONE)


def list_voices(ask: Ask) -> Answer:
    kind, name = ask.query.get("voiceType"), ask.query.get("voiceName", "").lower()
    if kind and kind not in ("PRIVATE", "OFFICIAL"):
        raise illegal("voiceType", "PRIVATE or OFFICIAL expected")
    every = [*official(ask), *(voice.shown() for voice in Kept(Voice, ask).all())]
    suiting: list[object] = [
        voice
        for voice in every
        if kind in (None, "", voice["voice_type"]) and name in text_of(voice, "voice_name").lower()
    ]
    return Whole({"voice_list": suiting})


def official(ask: Ask) -> list[Body]:
    return [
        {
            "voice": voice,
            "voice_name": name,
            "voice_type": "OFFICIAL",
            "download_url": made.to_voice(ask, voice),
            "create_time": OPENED,
        }
        for voice, name in OFFICIAL.items()
    ]


def delete(ask: Ask) -> Answer:
    voice_id = text_of(ask.body, "voice")
    if voice_id in OFFICIAL:
        raise Refusal("1220", "Only cloned voices can be deleted")
    voices = Kept(Voice, ask)
    voices.find(voice_id, "voice")
    voices.remove(voice_id)
    return Whole({"voice": voice_id, "update_time": f"{now_in_china():%Y-%m-%d %H:%M:%S}"})


CLONE = {
    "model": text().needed,
    "voice_name": text(1).needed,
    "input": text(1).needed,
    "file_id": text(1).needed,
    "text": text(),
}

OPERATIONS = (
    Operation("POST", "/paas/v4/voice/clone", clone, CLONE, models=CLONING),
    Operation("GET", "/paas/v4/voice/list", list_voices, body="none"),
    Operation("POST", "/paas/v4/voice/delete", delete, {"voice": text(1).needed}),
)
