"""The `mamia` command: one module per sub-command, with `add_parser` and a function that returns the exit status."""
