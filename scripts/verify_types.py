"""Ask pyright how complete the public types are, and accept nothing under 100 %."""

import os
import re
import subprocess
import sys
from pathlib import Path

# pyright finds the environment to look into through the first python on the path.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def main() -> None:
    command = [sys.executable, "-m", "pyright", "--verifytypes", "zhipu_async", "--ignoreexternal"]
    report = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT).stdout
    score = re.search(r"Type completeness score: ([\d.]+)%", report)
    print(report if score is None or score[1] != "100" else f"Type completeness score: {score[1]}%")
    sys.exit(score is None or score[1] != "100")


if __name__ == "__main__":
    main()
