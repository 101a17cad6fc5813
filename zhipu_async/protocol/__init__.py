"""Pure decisions: parsing, state machines, retry, limits. No I/O here."""
