"""The command line, `zhipu-async`; uses public names only."""
