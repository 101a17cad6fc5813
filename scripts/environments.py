"""Environments beside the main one, for packages that do not fit into it; made when they are first needed."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def made(place: Path, packages: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages, after making it if need be."""
    python = place / "bin" / "python"
    ready = place / ".ready"
    wanted = "\n".join(packages)
    if not ready.exists() or ready.read_text() != wanted:
        print(f"Installing {', '.join(packages)} into {place} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, *packages], check=True)
        ready.write_text(wanted)
    return python
