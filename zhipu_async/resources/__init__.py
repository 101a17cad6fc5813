"""One module per area; a method is a signature, a docstring and one statement."""
