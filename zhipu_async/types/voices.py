"""Voices on the wire."""

from __future__ import annotations

from zhipu_async.types.base import Part, Reply


class VoiceType:
    """Whose a voice is."""

    OFFICIAL = "OFFICIAL"
    PRIVATE = "PRIVATE"


class Voice(Part):
    """A voice to speak with: `voice` is its id. `zhipu.download(voice.download_url)` gives a sample."""

    voice: str = ""
    voice_name: str = ""
    voice_type: str = ""
    download_url: str = ""
    create_time: str = ""


class VoiceList(Reply):
    """The voices, the platform's own and yours."""

    voice_list: list[Voice] = []


class ClonedVoice(Reply):
    """A new voice: `voice` is its id for `zhipu.audio.speech`, `file_id` a sample of it."""

    voice: str = ""
    file_id: str = ""
    file_purpose: str = ""
    request_id: str = ""


class VoiceDeleted(Reply):
    """What was deleted, and when, by the platform's clock."""

    voice: str = ""
    update_time: str = ""
