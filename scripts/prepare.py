"""Make the virtual environment that the Makefile works in; say in one sentence what is missing."""

import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)


def main(place: str) -> None:
    if sys.version_info < OLDEST:
        sys.exit(
            f"zhipu_async needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and this is {sys.version.split()[0]}: "
            "run `make PYTHON=/path/to/python3.11 ...`"
        )
    python = Path(place) / "bin" / "python"
    if not python.exists():
        print(f"Making {place} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
    print("Installing zhipu_async and its tools, once ...", flush=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--editable", ".[dev,docs]"], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
