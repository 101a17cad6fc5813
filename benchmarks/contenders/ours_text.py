"""zhipu_async by the view that most programs use: `stream.text()`."""

from benchmarks.contenders.ours import Text as make

__all__ = ["make"]
