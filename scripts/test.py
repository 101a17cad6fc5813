"""Run the suite, shuffled, on all cores, with branch coverage and its floors."""

import os
import subprocess
import sys

FLOOR = "95"
PURE_FLOOR = "100"
# Half of its time a test waits for a socket or a process, and another can run.
WORKERS = 2 * (os.cpu_count() or 1)


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "COVERAGE_CORE": "sysmon" if sys.version_info >= (3, 14) else "ctrace"},
    )
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    run("coverage", "erase")
    run(
        "coverage",
        "run",
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-n",
        str(WORKERS),
        "--dist",
        "worksteal",
        *sys.argv[1:],
    )
    run("coverage", "combine", "-q")
    run("coverage", "report", f"--fail-under={FLOOR}")
    run("coverage", "report", "--include=zhipu_async/protocol/*", f"--fail-under={PURE_FLOOR}")


if __name__ == "__main__":
    main()
