"""The parsers of all commands, one module per command, with `add_parser`.

A parser imports nothing but the standard library and gateway/cli/parser.py, so that `mamia --help` starts at once.
`runs` names the function that does the work, and its module is imported when the command runs.
"""
