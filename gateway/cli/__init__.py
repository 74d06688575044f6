"""The `mamia` command: one file a sub-command, each with `add_parser` and a function that returns the exit code."""
