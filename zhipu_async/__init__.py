"""zhipu_async."""
