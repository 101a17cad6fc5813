"""Documents that open: PDF files, and the text that can be read out of uploaded ones. No I/O here."""

from __future__ import annotations

import re

READABLE = ("txt", "md", "csv", "html", "json", "jsonl", "xml", "srt", "htm", "xhtml")
"""File types whose bytes are their text."""
PAGE = re.compile(rb"/Type\s*/Page[^s]")


def pdf(title: str, pages: int) -> bytes:
    """Write a PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page in range(pages):
        text = f"BT /F1 24 Tf 72 720 Td ({latin(title)} {page + 1}) Tj ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * page} 0 R >>"
        )
        objects.append(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
    return assembled(objects)


def assembled(objects: list[str]) -> bytes:
    """Number the objects and write the table of their places."""
    content = b"%PDF-1.4\n"
    table = b"0000000000 65535 f \n"
    for number, text in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, text.encode())
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    size = len(objects) + 1
    return content + b"xref\n0 %d\n" % size + table + trailer % (size, len(content))


def latin(text: str) -> str:
    """The text without what a PDF string of this kind cannot hold."""
    return re.sub(r"[()\\\r\n]|[^\x20-\x7e]", "", text)


def suffix(filename: str) -> str:
    """The file type: what follows the last dot, in lower case."""
    return filename.rpartition(".")[2].lower() if "." in filename else ""


def pages_of(content: bytes) -> int:
    """How many pages a PDF has, as far as one can see without taking it apart; 1 for everything else."""
    return max(len(PAGE.findall(content)), 1) if content[:5] == b"%PDF-" else 1


def text_in(filename: str, content: bytes) -> str:
    """Read a text file; say what stands in any other."""
    if suffix(filename) in READABLE:
        return content.decode("utf-8", "replace")
    return f"# {filename.rpartition('.')[0] or filename}\n\nA document of {len(content)} bytes."
