"""Every operation of the platform, one module per area. To add one, see `zhipu_async.simulator`. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    agents,
    applications,
    assistants,
    batches,
    chat,
    document_calls,
    files,
    finagent,
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
    *applications.OPERATIONS,
    *assistants.OPERATIONS,
    *batches.OPERATIONS,
    *chat.OPERATIONS,
    *document_calls.OPERATIONS,
    *files.OPERATIONS,
    *finagent.OPERATIONS,
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
