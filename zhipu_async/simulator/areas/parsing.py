"""Text out of documents and pictures: the file parser, layout parsing, handwriting. No I/O here."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile

from ..fields import choice, flag, integer, text
from ..operation import Answer, Ask, Operation, Upload, Whole
from ..papers import pages_of, suffix, text_in
from ..refusals import Refusal, illegal
from ..saying import say, usage
from ..shapes import Body, flag_of, integer_of, text_of
from . import made

KIND = "parser"
MEGABYTE = 2**20
LITE = ("pdf", "docx", "doc", "xls", "xlsx", "ppt", "pptx", "png", "jpg", "jpeg", "csv", "txt", "md")
PRIME = (
    *LITE, "html", "bmp", "gif", "webp", "heic", "eps", "icns", "im", "pcx", "ppm", "tiff", "xbm", "heif", "jp2",
    "epub",
)  # fmt: skip
TOOLS: dict[str, tuple[str, ...]] = {"lite": LITE, "expert": ("pdf",), "prime": PRIME}
FILE_TYPES = frozenset((*PRIME, "wps"))
SMALL = ("xls", "xlsx", "csv")
PICTURES = ("png", "jpg", "jpeg")
SECONDS_TO_PARSE = 10
STATES = {"running": "processing", "done": "succeeded", "failed": "failed"}
LANGUAGES = (
    "CHN_ENG", "AUTO", "ENG", "JAP", "KOR", "FRE", "SPA", "POR", "GER", "ITA", "RUS", "DAN", "DUT", "MAL", "SWE",
    "IND", "POL", "ROM", "TUR", "GRE", "HUN", "THA", "VIE", "ARA", "HIN",
)  # fmt: skip
LINE_HEIGHT, CHARACTER_WIDTH = 28, 16
PAGE_WIDTH, PAGE_HEIGHT = 800, 1100
PAGES_BEHIND_A_LINK = 3
MOST_PAGES = 100


def submit(ask: Ask) -> Answer:
    """Take a file to parse. What the tool cannot read is declined with HTTP 200 and `success: false`."""
    file, tool = ask.file(), text_of(ask.body, "tool_type")
    if suffix(file.filename) not in TOOLS[tool] or too_large(file, tool):
        why = f"{tool} does not support this file"
        return Whole({"success": False, "message": why, "task_id": ""})
    written = say(ask, text_in(file.filename, file.content))
    task = ask.platform.tasks.start(ask, lambda: {"content": written}, seconds=SECONDS_TO_PARSE, kind=KIND)
    return Whole({"success": True, "message": "The task was created", "task_id": task.id})


def too_large(file: Upload, tool: str) -> bool:
    """The limits of the guide, by tool and type."""
    megabytes = 50 if tool == "lite" else 100
    if tool == "prime":
        kind = suffix(file.filename)
        megabytes = 10 if kind in SMALL else 20 if kind in PICTURES else 100
    return not file.content or len(file.content) > megabytes * MEGABYTE


def parse_now(ask: Ask) -> Answer:
    file = ask.file()
    kind = suffix(file.filename)
    if kind not in FILE_TYPES or too_large(file, "prime"):
        raise illegal("file", "a document of a known type and at most 100 MB expected")
    written = say(ask, text_in(file.filename, file.content))
    body = result(ask, ask.platform.new_task_id(), "succeeded", written)
    return Whole({**body, "parsing_result_url": archive(ask, written)}, seconds=SECONDS_TO_PARSE)


def result(ask: Ask, task_id: str, status: str, written: str | None = None) -> Body:
    return {
        "task_id": task_id,
        "status": status,
        "message": {"succeeded": "ok", "failed": "The file could not be parsed"}.get(status, "running"),
        "content": written,
        "parsing_result_url": None,
    }


def look(ask: Ask) -> Answer:
    wanted = ask.params["format_type"]
    if wanted not in ("text", "download_link"):
        raise illegal("format_type", "text or download_link expected")
    task, state = ask.platform.tasks.look(ask.key, ask.params["task_id"], kind=KIND)
    body = result(ask, task.id, STATES[state])
    if state == "done":
        written = text_of(task.result(), "content")
        wants_link = wanted == "download_link"
        body["content"] = None if wants_link else written
        body["parsing_result_url"] = archive(ask, written) if wants_link else None
    return Whole(body)


def archive(ask: Ask, written: str) -> str:
    """Link to a ZIP file with the Markdown and the layout."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("result.md", written)
        opened.writestr("layout.json", "[]")
    return made.to_content(ask, packed.getvalue(), "application/zip", "zip")


def parse_layout(ask: Ask) -> Answer:
    pages = pages_wanted(ask, pages_given(text_of(ask.body, "file")))
    written = say(ask, "# A page read by a simulator\n\nIts text stands below the title.")
    crops = flag_of(ask.body, "return_crop_images")
    details: list[object] = [page_elements(ask, written, page, crops) for page in pages]
    size = {"width": PAGE_WIDTH, "height": PAGE_HEIGHT}
    body: Body = {
        "id": ask.platform.new_id(),
        "created": ask.platform.now(),
        "model": "GLM-OCR",
        "md_results": "\n\n".join([written] * len(pages)),
        "layout_details": details,
        "data_info": {"num_pages": len(pages), "pages": [size] * len(pages)},
        "usage": {**usage("x" * 500, written), "prompt_tokens_details": {"cached_tokens": 0}},
        "request_id": ask.request_id,
    }
    if flag_of(ask.body, "need_layout_visualization"):
        body["layout_visualization"] = [
            made.to_picture(ask, PAGE_WIDTH, PAGE_HEIGHT, "layout", page) for page in pages
        ]
    return Whole(body, seconds=2.0)


def page_elements(ask: Ask, written: str, page: int, crops: bool) -> list[object]:
    size: Body = {"height": PAGE_HEIGHT, "width": PAGE_WIDTH}
    elements: list[object] = []
    for index, part in enumerate(written.split("\n\n")):
        top = round(0.1 + 0.05 * index, 3)
        box = [0.1, min(top, 0.9), 0.9, min(top + 0.04, 0.95)]
        elements.append({"index": index, "label": "text", "bbox_2d": box, "content": part, **size})
    if crops:
        url = made.to_picture(ask, 320, 240, "crop", page)
        place = {"index": len(elements), "label": "image", "bbox_2d": [0.1, 0.6, 0.5, 0.8]}
        elements.append({**place, "content": url, **size})
    return elements


def pages_given(file: str) -> int:
    """How many pages the link or the base64 stands for."""
    if file.startswith(("http://", "https://")):
        kind = suffix(file.partition("?")[0])
        if kind not in ("pdf", *PICTURES):
            raise illegal("file", "a PDF, JPG or PNG expected")
        return PAGES_BEHIND_A_LINK if kind == "pdf" else 1
    try:
        content = base64.b64decode(file.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise illegal("file", "a link or base64 expected") from None
    pages, is_pdf = pages_of(content), content[:5] == b"%PDF-"
    if not content or len(content) > (50 if is_pdf else 10) * MEGABYTE or pages > MOST_PAGES:
        raise illegal("file", "at most 10 MB for pictures, 50 MB and 100 pages for PDFs expected")
    return pages


def pages_wanted(ask: Ask, pages: int) -> range:
    begin = integer_of(ask.body, "start_page_id", 1)
    end = min(integer_of(ask.body, "end_page_id", pages), pages)
    if begin > end:
        raise illegal("start_page_id", f"the document has {pages} pages")
    return range(begin, end + 1)


def recognise(ask: Ask) -> Answer:
    file = ask.file()
    if suffix(file.filename) not in (*PICTURES, "bmp"):
        raise Refusal("1210", "A picture is expected: PNG, JPG, JPEG or BMP")
    if len(file.content) > 8 * MEGABYTE:
        raise illegal("file", "at most 8 MB expected")
    written = say(ask, "手写的一行字。" if text_of(ask.body, "language_type") != "ENG" else "A line by hand.")
    lines = [line for line in written.splitlines() if line]
    with_confidence = flag_of(ask.body, "probability")
    body: Body = {
        "task_id": ask.platform.new_task_id(),
        "message": "ok",
        "status": "succeeded",
        "words_result_num": len(lines),
    }
    if lines:  # absent where nothing was found
        body["words_result"] = [words(index, line, with_confidence) for index, line in enumerate(lines)]
    return Whole(body, seconds=0.8)


def words(index: int, line: str, with_confidence: bool) -> Body:
    place = {
        "left": 10,
        "top": 12 + index * LINE_HEIGHT,
        "width": len(line) * CHARACTER_WIDTH,
        "height": LINE_HEIGHT - 8,
    }
    found: Body = {"location": place, "words": line}
    confidence = {"average": 0.97, "variance": 0.001, "min": 0.93}
    return {**found, "probability": confidence} if with_confidence else found


SUBMIT = {"tool_type": choice(*TOOLS).needed, "file_type": text(pattern="(?i)" + "|".join(PRIME))}
SYNC = {
    "tool_type": choice("prime-sync").needed,
    "file_type": text(pattern="(?i)" + "|".join((*PRIME, "wps"))),
}
LAYOUT = {
    "model": text().needed,
    "file": text(1).needed,
    "return_crop_images": flag(),
    "need_layout_visualization": flag(),
    "start_page_id": integer(1),
    "end_page_id": integer(1),
}
OCR = {
    "tool_type": choice("hand_write").needed,
    "language_type": choice(*LANGUAGES),
    "probability": flag(),
}

OPERATIONS = (
    Operation("POST", "/paas/v4/files/parser/create", submit, SUBMIT, body="form", task=True),
    Operation("POST", "/paas/v4/files/parser/sync", parse_now, SYNC, body="form"),
    Operation("GET", "/paas/v4/files/parser/result/{task_id}/{format_type}", look, body="none"),
    Operation("POST", "/paas/v4/layout_parsing", parse_layout, LAYOUT, models=frozenset({"glm-ocr"})),
    Operation("POST", "/paas/v4/files/ocr", recognise, OCR, body="form"),
)
