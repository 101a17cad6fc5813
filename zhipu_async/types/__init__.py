"""What goes over the wire: msgspec Structs, one module per area."""
