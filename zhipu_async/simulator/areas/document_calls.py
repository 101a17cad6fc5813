"""The operations on documents: upload of files and links, list, detail, vectors, pictures. No I/O here."""

from __future__ import annotations

from ..fields import an_object, anything, array, flag, integer, text
from ..keeping import Kept
from ..operation import Answer, Ask, Operation, Upload
from ..paging import numbered
from ..papers import suffix, text_in
from ..refusals import illegal, missing
from ..shapes import Body, objects_of, text_of
from . import documents, knowledge
from .documents import TYPES, Document, read_slicing
from .enveloped import enveloped
from .knowledge import OPEN

LARGEST_FILE = 100 * 2**20


def upload(ask: Ask) -> Answer:
    """Take the files; those that do not suit are reported one by one."""
    base = knowledge.find(ask, ask.params["id"])
    files = [file for file in ask.files if file.field == "files"]
    if not files:
        raise missing("files")
    if not documents.is_header(ask.body.get("callback_header")):
        raise illegal("callback_header", "an object expected")
    taken: list[Body] = []
    failed: list[Body] = []
    for file in files:
        why = what_is_wrong(ask, file)
        if why:
            failed.append({"fileName": file.filename, "failReason": why})
        else:
            taken.append({"documentId": keep_file(ask, base.id, file).id, "fileName": file.filename})
    return enveloped(ask, {"successInfos": taken, "failedInfos": failed}, seconds=0.5)


def what_is_wrong(ask: Ask, file: Upload) -> str:
    kind = suffix(file.filename)
    slicing = read_slicing(ask.body, kind)
    if kind not in TYPES[slicing.knowledge_type]:
        return f"Files of the type {kind} are not supported by this knowledge_type"
    if not 0 < len(file.content) <= LARGEST_FILE:
        return "The file is empty or larger than 100 MB"
    return ""


def keep_file(ask: Ask, base_id: str, file: Upload) -> Document:
    written = text_in(file.filename, file.content)
    slicing = read_slicing(ask.body, suffix(file.filename))
    return documents.add(ask, base_id, file.filename, file.content, written, slicing)


def upload_links(ask: Ask) -> Answer:
    base = knowledge.find(ask, text_of(ask.body, "knowledge_id"))
    details = objects_of(ask.body, "upload_detail")
    taken: list[Body] = []
    failed: list[Body] = []
    for detail in details:
        for name in ("url", "knowledge_type"):
            if name not in detail:
                raise missing(f"upload_detail.{name}")
        url, slicing = text_of(detail, "url"), read_slicing(detail, "url")
        if not url.startswith(("http://", "https://")) or "url" not in TYPES[slicing.knowledge_type]:
            failed.append({"url": url, "failReason": "The link or its knowledge_type is not supported"})
            continue
        written = f"{url}\n\nA page behind a link, made up by a simulator."
        document = documents.add(ask, base.id, url, written.encode(), written, slicing, url)
        taken.append({"documentId": document.id, "url": url})
    return enveloped(ask, {"successInfos": taken, "failedInfos": failed}, seconds=0.5)


def list_documents(ask: Ask) -> Answer:
    base_id = ask.query.get("knowledge_id")
    if not base_id:
        raise missing("knowledge_id")
    base, word = knowledge.find(ask, base_id), ask.query.get("word", "")
    suiting = [document for document in reversed(documents.of_base(ask, base.id)) if word in document.name]
    return enveloped(ask, numbered([document.shown() for document in suiting], ask))


def show(ask: Ask) -> Answer:
    return enveloped(ask, documents.find(ask, ask.params["id"]).shown())


def delete(ask: Ask) -> Answer:
    document = documents.find(ask, ask.params["id"])
    Kept(Document, ask).remove(document.id)
    return enveloped(ask)


def slice_again(ask: Ask) -> Answer:
    document = documents.find(ask, ask.params["id"])
    document.slicing = read_slicing(ask.body, suffix(document.name))
    document.vectorise(ask)
    return enveloped(ask)


def vectorise_again(ask: Ask) -> Answer:
    documents.find(ask, ask.params["id"]).vectorise(ask)
    return enveloped(ask)


def list_images(ask: Ask) -> Answer:
    document = documents.find(ask, ask.params["id"])
    return enveloped(ask, {"images": documents.images_of(ask, document)})


CALLBACK = {"callback_url": text(), "callback_header": an_object()}
UPLOAD = {
    "knowledge_type": integer(),
    "custom_separator": anything(),
    "sentence_size": integer(*documents.SENTENCE_SIZES),
    "parse_image": flag(),
    "callback_url": text(),
    "callback_header": anything(),
    "word_num_limit": text(),
    "req_id": text(),
}
SLICING = {
    "knowledge_type": integer().needed,
    "custom_separator": array(),
    "sentence_size": integer(*documents.SENTENCE_SIZES),
    **CALLBACK,
}
LINKS = {"knowledge_id": text(1).needed, "upload_detail": array(1).needed}

OPERATIONS = (
    Operation(
        "POST",
        f"{OPEN}/document/upload_document/{{id}}",
        upload,
        UPLOAD,
        body="form",
        family="knowledge",
        task=True,
    ),
    Operation("POST", f"{OPEN}/document/upload_url", upload_links, LINKS, family="knowledge", task=True),
    Operation("GET", f"{OPEN}/document", list_documents, body="none", family="knowledge"),
    Operation("GET", f"{OPEN}/document/{{id}}", show, body="none", family="knowledge"),
    Operation("DELETE", f"{OPEN}/document/{{id}}", delete, body="none", family="knowledge"),
    Operation("PUT", f"{OPEN}/document/{{id}}", slice_again, SLICING, family="knowledge", task=True),
    Operation(
        "POST",
        f"{OPEN}/document/embedding/{{id}}",
        vectorise_again,
        CALLBACK,
        family="knowledge",
        task=True,
        optional_body=True,
    ),
    Operation(
        "POST", f"{OPEN}/document/slice/image_list/{{id}}", list_images, body="none", family="knowledge"
    ),
)
