"""Batches: many requests in one file, at half the price, within a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from zhipu_async.types.base import Part, Reply
from zhipu_async.types.tasks import TaskRef

MILLISECONDS_ABOVE = 10**11  # as seconds that is the year 5138: larger numbers are milliseconds


class BatchStatus:
    """Where a batch stands; the set is open, so the field is a plain string."""

    VALIDATING: ClassVar = "validating"
    FAILED: ClassVar = "failed"
    IN_PROGRESS: ClassVar = "in_progress"
    FINALIZING: ClassVar = "finalizing"
    COMPLETED: ClassVar = "completed"
    EXPIRED: ClassVar = "expired"
    CANCELLING: ClassVar = "cancelling"
    CANCELLED: ClassVar = "cancelled"


class RequestCounts(Part):
    """How many lines there are and how they went."""

    total: int = 0
    completed: int = 0
    failed: int = 0


class BatchFault(Part):
    """One reason why the input file was refused."""

    code: str = ""
    line: int = 0
    message: str = ""
    param: str = ""


class BatchFaults(Part):
    """Why the input file was refused."""

    data: list[BatchFault] = []


# The counts come as an object, or as a number with `completed` and `failed` beside it; readers get an object.
if TYPE_CHECKING:
    Counts = RequestCounts
    Metadata = dict[str, str]
else:
    Counts = RequestCounts | int
    Metadata = dict[str, object]  # what is no text, but was taken, must not hide the batch; it becomes text


class Batch(Reply):
    """A batch; `.status` is one of `BatchStatus`, times are seconds since the epoch."""

    id: str = ""
    object: str = "batch"
    endpoint: str = ""
    input_file_id: str = ""
    completion_window: str = ""
    status: str = ""
    output_file_id: str = ""
    error_file_id: str = ""
    created_at: float = 0
    in_progress_at: float = 0
    expires_at: float = 0
    finalizing_at: float = 0
    completed_at: float = 0
    failed_at: float = 0
    expired_at: float = 0
    cancelling_at: float = 0
    cancelled_at: float = 0
    request_counts: Counts = msgspec.field(default_factory=RequestCounts)
    total: int = 0
    completed: int = 0
    failed: int = 0
    errors: BatchFaults = msgspec.field(default_factory=BatchFaults)
    metadata: Metadata = {}

    def __post_init__(self) -> None:
        self.metadata = {name: str(value) for name, value in self.metadata.items()}
        self.request_counts = _counts(self.request_counts, self)
        for name in self.__struct_fields__:
            if name.endswith("_at"):
                setattr(self, name, seconds(getattr(self, name)))

    @property
    def has_files(self) -> bool:
        """Tell whether there is something to collect."""
        return bool(self.output_file_id or self.error_file_id)

    @property
    def ref(self) -> TaskRef[Batch]:
        """Return what `zhipu.tasks.attach(...)` and `.as_completed(...)` take to wait for its end."""
        return TaskRef("batches", self.id)


class BatchList(Reply):
    """One page of batches, newest first."""

    object: str = "list"
    data: list[Batch] = []
    first_id: str = ""
    last_id: str = ""
    has_more: bool = False


def seconds(moment: float) -> float:
    """Return a moment in seconds, whichever unit it came in."""
    return moment / 1000 if moment > MILLISECONDS_ABOVE else moment


def _counts(counts: RequestCounts | int, batch: Batch) -> RequestCounts:
    if isinstance(counts, RequestCounts) and (counts.total or not batch.total):
        return counts
    total = counts if isinstance(counts, int) else batch.total
    return RequestCounts(total=total or batch.total, completed=batch.completed, failed=batch.failed)
