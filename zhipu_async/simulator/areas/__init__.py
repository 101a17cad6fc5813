"""Every operation of the platform, one module per area. To add one, see `zhipu_async.simulator`. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import (
    agents,
    batches,
    chat,
    files,
    images,
    made,
    models,
    moderations,
    parsing,
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
    *files.OPERATIONS,
    *images.OPERATIONS,
    *made.OPERATIONS,
    *models.OPERATIONS,
    *moderations.OPERATIONS,
    *parsing.OPERATIONS,
    *search.OPERATIONS,
    *speech.OPERATIONS,
    *transcriptions.OPERATIONS,
    *vectors.OPERATIONS,
    *videos.OPERATIONS,
    *voices.OPERATIONS,
)
"""The one table of operations."""
