"""Every operation of the platform, one module per area. To add one, see `zhipu_async.simulator`. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    agents,
    batches,
    chat,
    document_calls,
    files,
    images,
    knowledge,
    made,
    models,
    moderations,
    parsing,
    retrieval,
    search,
    speech,
    transcriptions,
    vectors,
    videos,
    voices,
)

if TYPE_CHECKING:
    from ..operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *agents.OPERATIONS,
    *batches.OPERATIONS,
    *chat.OPERATIONS,
    *document_calls.OPERATIONS,
    *files.OPERATIONS,
    *images.OPERATIONS,
    *knowledge.OPERATIONS,
    *made.OPERATIONS,
    *models.OPERATIONS,
    *moderations.OPERATIONS,
    *parsing.OPERATIONS,
    *retrieval.OPERATIONS,
    *search.OPERATIONS,
    *speech.OPERATIONS,
    *transcriptions.OPERATIONS,
    *vectors.OPERATIONS,
    *videos.OPERATIONS,
    *voices.OPERATIONS,
)
"""The one table of operations."""
