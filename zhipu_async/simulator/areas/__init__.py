"""Every operation of the platform, one module per area. To add one, see `zhipu_async.simulator`. No I/O here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import chat, models, vectors

if TYPE_CHECKING:
    from ..operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *chat.OPERATIONS,
    *models.OPERATIONS,
    *vectors.OPERATIONS,
)
"""The one table of operations."""
