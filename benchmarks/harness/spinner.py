"""Keeps a core awake in the idle class, which gives way to everybody else, where the system has such a class."""

import os


def main() -> None:
    """Spin until the process is ended."""
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        print("(no idle class here: sleeping cores are in the figures)", flush=True)
        input()
    print("(a spinner keeps the core awake)", flush=True)
    while True:
        pass


if __name__ == "__main__":
    main()
