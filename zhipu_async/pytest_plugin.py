"""The pytest fixtures `zhipu_simulator` and `zhipu`; nothing is imported before a test asks for one."""
