"""The `mamia` command: `parsers/` has the arguments of each command, and the other modules do its work."""
