"""Private servers and invented people for `mamia demo`, `mamia people sample` and the tests.

It needs the extra `[demo]` (faker, cryptography). No process that serves real people imports this package.
"""
