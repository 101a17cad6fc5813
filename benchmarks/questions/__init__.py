"""One question per module: its docstring asks it, its `run` answers it."""
