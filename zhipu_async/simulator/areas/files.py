"""Uploaded files: kept, listed, read and deleted. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..fields import anything, integer, text
from ..keeping import Kept
from ..models import CHAT, EMBEDDING
from ..operation import Answer, Ask, Operation, Raw, Upload, Whole, parse_json
from ..paging import after
from ..papers import suffix, text_in
from ..refusals import Refusal, illegal, missing
from ..shapes import Body, object_of, text_of
from .images import IMAGES
from .videos import VIDEOS

MEGABYTE = 2**20
LARGEST_FILE = 100 * MEGABYTE
"""Above it the platform answers with HTTP 435, whatever the purpose."""
LARGEST_PICTURE = 5 * MEGABYTE
PICTURES = ("png", "jpg", "jpeg")
OFFICE = ("pdf", "docx", "doc", "xls", "xlsx", "txt", "csv", *PICTURES)
SHORTEST_CUSTOM_ID = 6
BATCH_MODELS = CHAT | EMBEDDING | IMAGES | VIDEOS


@dataclass(frozen=True)
class Purpose:
    """What may be uploaded for one purpose."""

    suffixes: tuple[str, ...]
    megabytes: int
    files: int = 1000


PURPOSES = {
    "batch": Purpose(("jsonl",), 100),
    "code-interpreter": Purpose(OFFICE, 20, 100),
    "agent": Purpose(OFFICE, 20),
    "voice-clone-input": Purpose(("mp3", "wav"), 10),
    "file-extract": Purpose((*OFFICE, "ppt", "pptx"), 50, 100),
    "assistant": Purpose((*OFFICE, "ppt", "pptx"), 20),
    "retrieval": Purpose(("doc", "docx", "pdf", "xlsx"), 50),
    "user_data": Purpose(("pptx", "ppt", "docx", "doc", "xlsx", "xls", "pdf"), 100),
    "fine-tune": Purpose(("jsonl",), 512),
    "fine-tune-function-calling": Purpose(("jsonl",), 512),
    "fine-tune-vision-cogview": Purpose(("jsonl",), 512),
    "fine-tune-vision-cogvlm": Purpose(("jsonl",), 512),
}
READABLE_PURPOSES = ("batch", "file-extract")


@dataclass
class File:
    """One file; a deleted one stays as a place in the list, so that a cursor on it still works."""

    id: str
    filename: str
    purpose: str
    created_at: int
    content: bytes = field(repr=False)
    deleted: bool = False

    def shown(self) -> Body:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
        }


def find(ask: Ask, file_id: str) -> File:
    """Give the file, or refuse with 1214."""
    file = Kept(File, ask).get(file_id)
    if file is None or file.deleted:
        raise Refusal("1214", "There is no file with this id")
    return file


def keep(ask: Ask, filename: str, purpose: str, content: bytes, prefix: str = "") -> File:
    """Store a file for the caller's key."""
    file_id = ask.platform.new_id(prefix or f"{ask.platform.now()}_")
    return Kept(File, ask).add(file_id, File(file_id, filename, purpose, ask.platform.now(), content))


def remove(file: File) -> None:
    file.deleted = True
    file.content = b""


def upload(ask: Ask) -> Answer:
    given = ask.file()
    name = text_of(ask.body, "purpose")
    purpose = PURPOSES.get(name)
    if purpose is None:
        raise illegal("purpose", "one of " + ", ".join(PURPOSES) + " expected")
    check_file(given, purpose)
    stored = [file for file in Kept(File, ask).all() if file.purpose == name and not file.deleted]
    if len(stored) >= purpose.files:
        raise Refusal("1210", f"At most {purpose.files} files of this purpose can be stored")
    if name == "batch":
        check_lines(ask, given.content)
    file = keep(ask, given.filename, name, given.content, "agent-" if name == "agent" else "")
    return Whole(file.shown(), seconds=0.3)


def check_file(given: Upload, purpose: Purpose) -> None:
    """Refuse files that are too large, empty or of another type."""
    kind, size = suffix(given.filename), len(given.content)
    if size > LARGEST_FILE and purpose.megabytes <= 100:
        raise Refusal("1210", "The file is larger than 100 MB", status=435)
    if kind not in purpose.suffixes:
        raise illegal("file", "a name that ends in " + ", ".join(purpose.suffixes) + " expected")
    if size > purpose.megabytes * MEGABYTE or (kind in PICTURES and size > LARGEST_PICTURE):
        raise illegal("file", "the file is too large for this purpose")
    if not size:
        raise illegal("file", "the file is empty")


def check_lines(ask: Ask, content: bytes) -> None:
    """What is looked at during the upload of a batch already: each custom_id and each model."""
    models = BATCH_MODELS | ask.platform.extra_models
    for number, line in enumerate(content.splitlines(), 1):
        task = parse_json(line)
        if task is None:
            continue  # the batch itself will fail on it
        if len(text_of(task, "custom_id")) < SHORTEST_CUSTOM_ID:
            raise Refusal("1210", f"Line {number}: custom_id needs at least {SHORTEST_CUSTOM_ID} characters")
        model = object_of(task, "body").get("model")
        if isinstance(model, str) and model.lower() not in models:
            raise Refusal("1210", f"Line {number}: the model cannot be used in batches")


def list_files(ask: Ask) -> Answer:
    purpose = ask.query.get("purpose")
    if not purpose:
        raise missing("purpose")
    if purpose not in PURPOSES:
        raise illegal("purpose", "one of " + ", ".join(PURPOSES) + " expected")
    files = [file for file in Kept(File, ask).all() if file.purpose == purpose]
    if ask.query.get("order") != "asc":
        files.reverse()
    page, more = after([(file.id, file) for file in standing(files, ask)], ask)
    return Whole({"object": "list", "data": [file.shown() for file in page], "has_more": more})


def standing(files: list[File], ask: Ask) -> list[File]:
    """The files that exist, and the deleted one that the cursor names."""
    cursor = ask.query.get("after")
    return [file for file in files if not file.deleted or file.id == cursor]


def delete(ask: Ask) -> Answer:
    file = find(ask, ask.params["file_id"])
    remove(file)
    return Whole({"id": file.id, "object": "file", "deleted": True})


def content(ask: Ask) -> Answer:
    file = find(ask, ask.params["file_id"])
    if file.purpose == "file-extract":
        return Whole(extracted(file))
    if file.purpose != "batch":
        raise Refusal("1214", "Files of this purpose cannot be read")
    return Raw(file.content, "application/octet-stream")


def extracted(file: File) -> Body:
    return {
        "content": text_in(file.filename, file.content),
        "file_type": suffix(file.filename),
        "filename": file.filename,
        "title": "",
        "type": "file",
    }


UPLOAD = {
    "purpose": text().needed,
    "knowledge_id": text(),
    "upload_detail": anything(),
    "sentence_size": integer(),
    "custom_separator": anything(),
}

OPERATIONS = (
    Operation("POST", "/paas/v4/files", upload, UPLOAD, body="form"),
    Operation("GET", "/paas/v4/files", list_files, body="none"),
    Operation("DELETE", "/paas/v4/files/{file_id}", delete, body="none"),
    Operation("GET", "/paas/v4/files/{file_id}/content", content, body="none"),
)
