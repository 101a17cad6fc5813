"""Build the documentation into site/; every warning is an error. Needs no network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(*options: str) -> int:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--quiet", *options]
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}  # an advertisement of the theme's
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **quiet})
    if done.returncode == 0:
        print(f"wrote {ROOT / 'site' / 'index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
