"""`python -m zhipu_async.cli`."""

from __future__ import annotations

import sys

from zhipu_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
