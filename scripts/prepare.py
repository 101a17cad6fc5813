"""Make the virtual environment that the Makefile works in; say in one sentence what is missing.

Written so that any Python, however old, gets as far as that sentence.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)


def main(place, extras):
    if sys.version_info < OLDEST:
        sys.exit(
            "zhipu_async needs Python %d.%d or newer, and this is %s: run `make PYTHON=/path/to/python3.11 ...`"
            % (OLDEST + (sys.version.split()[0],))
        )
    python = os.path.join(place, "bin", "python")
    if not os.path.exists(python):
        print("Making %s ..." % place)
        subprocess.check_call([sys.executable, "-m", "venv", place])
    print("Installing zhipu_async with %s, once ..." % extras)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.check_call(pip + ["--editable", ".[%s]" % extras])


if __name__ == "__main__":
    main(*sys.argv[1:])
