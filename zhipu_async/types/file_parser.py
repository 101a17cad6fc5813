"""Documents turned into text."""

from __future__ import annotations

from zhipu_async.types.base import Reply


class ParsedFile(Reply):
    """A parsed document: its text, or the link of an archive that lives for 24 hours."""

    task_id: str = ""
    status: str = ""
    message: str = ""
    content: str = ""
    parsing_result_url: str = ""
