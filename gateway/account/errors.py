"""Failures of the infrastructure. The classes differ in what is known about the write."""


class DirectoryUnavailable(Exception):
    """The directory did not answer, or its answer cannot be used. Nothing was written."""


class DirectoryMisconfigured(DirectoryUnavailable):
    """The directory answers and refuses an operation that the gateway needs. Only an administrator can fix that."""


class DirectoryBusy(DirectoryUnavailable):
    """Too many attempts wait for the directory already. Nothing was written."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class WriteUnconfirmed(Exception):
    """A write was sent, and it is not known whether it took effect."""

    def __init__(self, message: str, *, server: str = "") -> None:
        """`server` is the URL of the server that received the write."""
        super().__init__(message)
        self.server = server
