"""Uploaded files."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from zhipu_async.types.base import Reply


class Purpose:
    """What files are uploaded for; the set is open, so the parameter is a plain string."""

    BATCH: ClassVar = "batch"
    CODE_INTERPRETER: ClassVar = "code-interpreter"
    AGENT: ClassVar = "agent"
    ASSISTANT: ClassVar = "assistant"
    VOICE_CLONE_INPUT: ClassVar = "voice-clone-input"
    USER_DATA: ClassVar = "user_data"


class FileObject(Reply):
    """A file that the platform keeps, for about 30 days; `.created_at` is in seconds since the epoch."""

    id: str = ""
    object: str = "file"
    bytes: int = 0
    created_at: int = 0
    filename: str = ""
    purpose: str = ""
    status: str = ""
    status_details: str = ""
    other_filename: str = msgspec.field(default="", name="fileName")
    """Where some answers have the name instead; `filename` is then the same."""

    def __post_init__(self) -> None:
        self.filename = self.filename or self.other_filename


class FileList(Reply):
    """One page of files."""

    object: str = "list"
    data: list[FileObject] = []
    has_more: bool = False


class FileDeleted(Reply):
    """What deleting a file answers."""

    id: str = ""
    object: str = "file"
    deleted: bool = False
