"""Documents turned into text."""

from __future__ import annotations

from typing import ClassVar

from zhipu_async.types.links import Linked


class ParserTool:
    """What reads a document; the set is open, so the parameter is a plain string."""

    LITE: ClassVar = "lite"
    """Plain text, of most formats."""
    EXPERT: ClassVar = "expert"
    """PDF only."""
    PRIME: ClassVar = "prime"
    """Markdown, pictures and layout, of most formats and more pictures."""
    PRIME_SYNC: ClassVar = "prime-sync"
    """As `PRIME`, answered at once."""


class ParsedFile(Linked):
    """A parsed document: its text, or the link of an archive that lives for 24 hours.

    `await parsed.save("parsed.zip")` keeps the archive: Markdown, pictures, and the layout as JSON.
    """

    task_id: str = ""
    status: str = ""
    message: str = ""
    content: str = ""
    parsing_result_url: str = ""

    @property
    def links(self) -> list[str]:
        """Return the link of the archive, if there is one."""
        return [self.parsing_result_url] if self.parsing_result_url else []
