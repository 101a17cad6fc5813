"""The only doors to the outside: sockets, clocks, files."""
