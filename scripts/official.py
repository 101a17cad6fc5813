"""Drive the vendor's older client against the simulator; its old pins need an environment of their own."""

import subprocess
import sys
from pathlib import Path

from scripts.environments import made

ROOT = Path(__file__).parents[1]
PLACE = ROOT / ".artifacts" / "zhipuai-env"
PACKAGES = ("zhipuai>=2.1.5.20250825", "sniffio")
"""It imports sniffio without asking for it."""
TESTS = "tests/simulator/test_older_client.py"


def main() -> None:
    made(PLACE, PACKAGES)
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", TESTS, *sys.argv[1:]]
    sys.exit(subprocess.run(pytest, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
